import type { Cluster } from '../../firmware-bridge/cometbft/testnet.ts';
import { initCluster, type Made } from '../cluster/init.ts';
import { type Beginning, joinCluster } from '../cluster/join.ts';
import { readCluster } from '../cluster/read.ts';
import { rejoinCluster } from '../cluster/rejoin.ts';
import { startCluster } from '../cluster/start.ts';
import { type Command, Exit, Failure, type Input, type Io } from '../command.ts';
import { parseEngine } from '../engine.ts';
import { readTrust } from '../light.ts';
import { endingSignal } from '../signals.ts';
import { accountAddress, appName, counted, httpUrl, wholeNumber } from '../values.ts';

const MOST_NODES = 32;

export const cluster: Command = {
  name: 'cluster',
  summary: 'write and run a ledger that several nodes agree on (CometBFT)',
  operands: [
    { name: 'WHAT', help: 'init, start, join or rejoin' },
    { name: 'DIR', help: 'start: the folder that init wrote; rejoin: that of the node', optional: true },
  ],
  options: {
    dir: { value: 'DIR', help: 'init, join: the folder to write, which must be new or empty' },
    nodes: { value: 'N', help: 'init: so many nodes on this machine; 4 bear one that is faulty' },
    host: { value: 'ADDRESS', many: true, help: 'init: one for each node on a machine of its own, as the others reach it' },
    name: { value: 'NAME', help: 'join: name of the new device' },
    server: {
      value: 'URL',
      many: true,
      help: "join, rejoin: CometBFT's RPC of a node that is there, such as http://10.0.0.1:26657; two are better",
    },
    genesis: { value: 'FILE', help: 'join: genesis.json of the cluster' },
    trust: {
      value: 'HEIGHT:HASH',
      help: 'join, rejoin: a block that is known to be right; without it the first server is believed',
    },
    rejoin: { value: 'NAME', help: 'start: this node takes over the state of the others first' },
    fleet: { value: 'ADDRESS', help: 'join: where the Fleet contract is' },
    turn: { value: 'N', fallback: '0', help: 'join: so many nodes of this machine have the ports before' },
    engine: {
      value: 'ADDRESS',
      fallback: 'unix:///var/run/docker.sock',
      help: 'init, join: Docker Engine of the nodes, or "virtual"',
    },
    'chain-id': { value: 'ID', fallback: '4401', help: 'init: number of the new ledger' },
    cometbft: { value: 'PATH', env: 'CLASSPAD_COMETBFT', fallback: 'cometbft', help: 'init, join: where CometBFT is' },
    'block-interval': { value: 'MS', fallback: '500', help: 'init, join: pause between two blocks' },
  },
  examples: [
    ['classpad cluster init --nodes 4 --dir fleet --engine virtual', 'four nodes on this machine, containers pretended'],
    ['classpad cluster start fleet', 'run them in this terminal; Ctrl-C ends them'],
    ['classpad cluster start fleet --rejoin pad-04', 'it was away for too long; the others run, it takes over their state'],
    ['classpad cluster init --host 10.0.0.1 --host 10.0.0.2 --host 10.0.0.3 --host 10.0.0.4 --dir fleet', 'four machines'],
  ],
  notes: [
    'Each node has a folder with its keys, its configuration and a CometBFT home. On several machines, bring each folder to its machine ' +
      'and run there: classpad node --config pad-01/node.yaml. The nodes reach each other on port 26656.',
    'A node that was away for longer than the others keep their blocks (cometbft.retainedHeights) cannot catch up block by block. It takes over ' +
      'their state by itself (cometbft.rejoin) if it can check it from its own last block; else "cluster start" says so, and it does at somebody\'s ' +
      'word: by "cluster start DIR --rejoin NAME", or while it is stopped by "cluster rejoin DIR --server URL". Keys and vote stay.',
    'The keys of three operators lie beside them, for trying out: with a real fleet use keys of your own.',
  ],
  run(input, io) {
    const [what, folder] = input.operands;
    if (what === 'init') return init(input, io);
    if (what === 'join') return join(input, io);
    if (what === 'rejoin') return rejoin(input, io);
    if (what !== 'start')
      throw new Failure(`cluster ${what} is not known; there are init, start, join and rejoin`, Exit.badInput);
    const from = folder ?? input.text('dir');
    if (!from) throw new Failure('DIR is missing: the folder that "classpad cluster init" wrote', Exit.badInput);
    const made = readCluster(from);
    const rejoining = input.text('rejoin');
    const names = made.nodes.map(({ name }) => name);
    if (rejoining !== undefined && !names.includes(rejoining))
      throw new Failure(`--rejoin ${rejoining}: the nodes of ${from} are ${names.join(', ')}`, Exit.badInput);
    return startCluster(from, made, io, endingSignal(), rejoining);
  },
};

async function init(input: Input, io: Io): Promise<number> {
  const folder = input.text('dir') ?? input.operands[1];
  if (!folder) throw new Failure('--dir DIR is missing: where the cluster is to be written', Exit.badInput);
  const { cluster: made, ...operators } = initCluster({
    folder,
    hosts: hostsOf(input),
    chainId: wholeNumber(input.text('chain-id')!, '--chain-id', 1, 999_999_999),
    engine: parseEngine(input.text('engine')!),
    binary: input.text('cometbft')!,
    commitMs: wholeNumber(input.text('block-interval')!, '--block-interval', 50, 60_000),
  });
  for (const { name, host, rpc, proxy } of made.nodes)
    io.out(`${name}  JSON-RPC http://${host}:${rpc}  apps http://${host}:${proxy}`);
  io.out(`${counted(made.nodes.length, 'node')} in ${folder}; the fleet will be at ${made.fleet}`);
  for (const line of whatNext(folder, made, operators)) io.err(line);
  return Exit.ok;
}

function whatNext(folder: string, { nodes }: Cluster, { operators, keys }: Pick<Made, 'operators' | 'keys'>): string[] {
  const [first] = nodes as [Cluster['nodes'][0]];
  const rpc = `--rpc http://${first.host}:${first.rpc}`;
  const isOneMachine = nodes.every(({ host }) => host === first.host);
  return [
    isOneMachine
      ? `next: classpad cluster start ${folder}`
      : `next: bring each ${folder}/${first.name} to its machine, and there: classpad node --config ${first.name}/node.yaml`,
    `then: classpad init --operator ${operators[0]} --key ${keys[0]} ${rpc}`,
    `and:  classpad enrol ${nodes.map(({ name, device }) => `--device ${name}=${device}`).join(' ')} --key ${keys[0]} ${rpc}`,
  ];
}

async function join(input: Input, io: Io): Promise<number> {
  const needed = (option: string) => demanded(input, option);
  const made = await joinCluster({
    folder: needed('dir'),
    name: appName(needed('name'), '--name', 'a device'),
    host: input.list('host')[0] ?? '127.0.0.1',
    turn: wholeNumber(input.text('turn')!, '--turn', 0, MOST_NODES),
    engine: parseEngine(input.text('engine')!),
    binary: input.text('cometbft')!,
    commitMs: wholeNumber(input.text('block-interval')!, '--block-interval', 50, 60_000),
    fleet: accountAddress(needed('fleet'), '--fleet'),
    genesis: needed('genesis'),
    ...beginning(input),
  });
  io.out(`${made.name} is ${made.device}; its key as a validator would be ${made.validatorKey}`);
  io.err(`next: classpad node --config ${input.text('dir')}/node.yaml`);
  io.err('then enrol the device; the operators give it a vote with: classpad validators set');
  return Exit.ok;
}

async function rejoin(input: Input, io: Io): Promise<number> {
  const folder = input.text('dir') ?? input.operands[1];
  if (!folder) throw new Failure('DIR is missing: the folder of the node', Exit.badInput);
  await rejoinCluster(folder, beginning(input));
  io.out(`${folder} begins with the state of the others when it starts; its keys and its vote stay`);
  io.err(`next: classpad node --config ${folder}/node.yaml`);
  return Exit.ok;
}

function beginning(input: Input): Beginning {
  const trust = input.text('trust');
  const servers = [demanded(input, 'server'), ...input.list('server').slice(1)].map((url) => httpUrl(url, '--server'));
  return { servers, ...(trust !== undefined && { trust: readTrust(trust) }) };
}

function demanded(input: Input, option: string): string {
  const text = input.text(option) ?? input.list(option)[0];
  if (text === undefined) throw new Failure(`--${option} is missing; see: classpad cluster --help`, Exit.badInput);
  return text;
}

function hostsOf(input: Input): string[] {
  const hosts = input.list('host');
  const nodes = input.text('nodes');
  if (hosts.length > 0 && nodes !== undefined)
    throw new Failure('--nodes and --host exclude each other: nodes of one machine, or one for each host', Exit.badInput);
  if (hosts.length > MOST_NODES) throw new Failure(`a cluster begins with at most ${MOST_NODES} nodes`, Exit.badInput);
  const wrong = hosts.find((host) => !/^[\w.:-]{1,253}$/.test(host));
  if (wrong !== undefined) throw new Failure(`--host "${wrong}" is no address`, Exit.badInput);
  if (hosts.length > 0) return [...hosts];
  return Array.from({ length: wholeNumber(nodes ?? '4', '--nodes', 1, MOST_NODES) }, () => '127.0.0.1');
}
