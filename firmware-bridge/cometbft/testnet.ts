import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Genesis } from '../../runtime/config.ts';
import type { Address, Hex, Word } from '../../runtime/ports/index.ts';
import { openIdentity } from '../device/identity.ts';
import { engineConfig, engineGenesis } from './engine-files.ts';
import { addressOf, type EngineKey, newEngineKey, nodeKeyFile, validatorKeyFile } from './keys.ts';

export interface ClusterPlan {
  readonly folder: string;
  /** Address of each node, as the others reach it; several nodes of one machine differ in their ports. */
  readonly hosts: readonly string[];
  readonly chainId: number;
  /** Seconds since 1970. */
  readonly timestamp: number;
  /** Accounts that have something to pay with; the first deploys the Fleet contract. */
  readonly funded: readonly Address[];
  readonly fleet: Address;
  readonly engine: string;
  readonly binary: string;
  readonly commitMs: number;
  /** First ports of nodes on the same machine; absent: the usual ones. */
  readonly ports?: Ports;
}

/** Where the first node of a machine listens. */
export interface Ports {
  readonly rpc: number;
  readonly proxy: number;
  readonly p2p: number;
  readonly engineRpc: number;
}

/** Where a node of the cluster listens. */
export interface ClusterNode {
  readonly name: string;
  readonly folder: string;
  readonly host: string;
  readonly device: Address;
  readonly rpc: number;
  readonly proxy: number;
  readonly engineRpc: number;
  readonly p2p: number;
}

/** What `cluster.json` says. */
export interface Cluster {
  readonly chainId: number;
  readonly fleet: Address;
  readonly nodes: readonly ClusterNode[];
}

const BALANCE = '1000000000000000000000000';
const TRAILING_BLOCKS = 5;
const POWER = 10;
const PORTS: Ports = { rpc: 8545, proxy: 4401, p2p: 26_656, engineRpc: 26_657 };
const ENGINE_PORTS_APART = 10;

/** Writes a folder for each node, with its keys, and what they have in common. Throws a sentence if something is there already. */
export function writeCluster(plan: ClusterPlan): Cluster {
  const { folder, hosts, chainId, fleet } = plan;
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new Error(`${folder} is not empty; a cluster begins in a folder of its own`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const nodes = hosts.map((host, index) => prepare(plan, host, index));
  const keys = nodes.map(() => ({ validator: newEngineKey(), node: newEngineKey() }));
  const genesis = genesisOf(
    plan,
    nodes,
    keys.map(({ validator }) => validator),
  );
  const peers = nodes.map(({ host, p2p }, index) => `${addressOf(keys[index]!.node.publicKey)}@${host}:${p2p}`);
  nodes.forEach((node, index) => {
    const others = nodes.filter((other) => other !== node).map(engineUrl);
    writeNode({ ...plan, rejoin: others }, node, keys[index]!, genesis, peers);
  });
  const cluster = { chainId, fleet, nodes };
  write(join(folder, 'genesis.json'), `${JSON.stringify(genesis, null, 2)}\n`);
  write(join(folder, 'cluster.json'), `${JSON.stringify(cluster, null, 2)}\n`);
  return cluster;
}

export interface JoinPlan extends Pick<ClusterPlan, 'folder' | 'engine' | 'binary' | 'commitMs' | 'fleet' | 'ports'> {
  readonly name: string;
  readonly host: string;
  /** How many nodes of the same machine have the ports before. */
  readonly turn: number;
  readonly genesis: Genesis;
  /** `id@host:port` of nodes that are there. */
  readonly peers: readonly string[];
  /** CometBFT's RPC of two of them at least, and a block that is known to be right. */
  readonly stateSync: NonNullable<Parameters<typeof engineConfig>[0]['stateSync']>;
}

/** Writes the folder of a device that joins a ledger which is there already: it begins with a snapshot and has no vote yet. */
export function writeJoiner(plan: JoinPlan): ClusterNode & { readonly validatorKey: Word } {
  const { folder, name, host, turn, genesis, peers, stateSync, commitMs } = plan;
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new Error(`${folder} is not empty; a device begins in a folder of its own`);
  mkdirSync(join(folder, 'data'), { recursive: true, mode: 0o700 });
  const { address } = openIdentity(join(folder, 'data', 'device.key'));
  const node = { name, folder: '.', host, device: address, ...portsOf(turn, plan.ports) };
  const keys = { validator: newEngineKey(), node: newEngineKey() };
  writeNode({ ...plan, commitMs, rejoin: stateSync.servers }, node, keys, genesis, peers, stateSync);
  return { ...node, validatorKey: hex(keys.validator.publicKey) };
}

function portsOf(turn: number, { rpc, proxy, p2p, engineRpc }: Ports = PORTS): Ports {
  return {
    rpc: rpc + turn,
    proxy: proxy + turn,
    p2p: p2p + ENGINE_PORTS_APART * turn,
    engineRpc: engineRpc + ENGINE_PORTS_APART * turn,
  };
}

/** The device's own key is made here, since its address stands in the genesis. */
function prepare({ folder, hosts, ports }: ClusterPlan, host: string, index: number): ClusterNode {
  const name = `pad-${String(index + 1).padStart(2, '0')}`;
  mkdirSync(join(folder, name, 'data'), { recursive: true, mode: 0o700 });
  const { address } = openIdentity(join(folder, name, 'data', 'device.key'));
  // Those before it on the same machine have the ports before.
  const turn = hosts.slice(0, index).filter((other) => other === host).length;
  return { name, folder: name, host, device: address, ...portsOf(turn, ports) };
}

function genesisOf(plan: ClusterPlan, nodes: readonly ClusterNode[], keys: readonly EngineKey[]): Genesis {
  return {
    chainId: plan.chainId,
    timestamp: plan.timestamp,
    gasLimit: 60_000_000,
    baseFee: 0,
    sequencer: `0x${'00'.repeat(20)}`,
    fleet: plan.fleet,
    alloc: Object.fromEntries(plan.funded.map((address) => [address, { balance: BALANCE }])),
    validators: nodes.map(({ device }, index) => ({ device, publicKey: hex(keys[index]!.publicKey), power: POWER })),
    trailingBlocks: TRAILING_BLOCKS,
  };
}

/** What is written of one node. */
interface NodePlan extends Pick<ClusterPlan, 'folder' | 'commitMs' | 'fleet' | 'engine' | 'binary'> {
  /** RPC of the engines of others. */
  readonly rejoin: readonly string[];
}

function engineUrl({ host, engineRpc }: ClusterNode): string {
  return `http://${bracketed(host)}:${engineRpc}`;
}

function writeNode(
  plan: NodePlan,
  node: ClusterNode,
  keys: { readonly validator: EngineKey; readonly node: EngineKey },
  genesis: Genesis,
  peers: readonly string[],
  stateSync?: JoinPlan['stateSync'],
): void {
  const home = join(plan.folder, node.folder, 'cometbft');
  mkdirSync(join(home, 'config'), { recursive: true, mode: 0o700 });
  mkdirSync(join(home, 'data'), { recursive: true, mode: 0o700 });
  const own = addressOf(keys.node.publicKey);
  const others = peers.filter((peer) => !peer.startsWith(own));
  const p2p = { listen: `${bracketed(node.host)}:${node.p2p}`, advertised: `${bracketed(node.host)}:${node.p2p}` };
  write(
    join(home, 'config', 'config.toml'),
    engineConfig({ moniker: node.name, p2p, peers: others, commitMs: plan.commitMs, ...(stateSync && { stateSync }) }),
  );
  write(join(home, 'config', 'genesis.json'), engineGenesis(genesis));
  write(join(home, 'config', 'priv_validator_key.json'), validatorKeyFile(keys.validator));
  write(join(home, 'config', 'node_key.json'), nodeKeyFile(keys.node));
  write(join(home, 'data', 'priv_validator_state.json'), '{ "height": "0", "round": 0, "step": 0 }\n');
  write(join(plan.folder, node.folder, 'genesis.json'), `${JSON.stringify(genesis, null, 2)}\n`);
  write(join(plan.folder, node.folder, 'node.yaml'), nodeYaml(plan, node));
}

function nodeYaml({ fleet, engine, binary, rejoin }: NodePlan, { name, host, rpc, proxy, engineRpc }: ClusterNode): string {
  const at = bracketed(host);
  return `# One node of a cluster; paths are relative to this file. The folder may go to another machine as it is.
name: ${name}
data: data
engine: ${engine}
consensus: cometbft
cometbft:
  home: cometbft
  binary: ${binary}
  rpc: ${at}:${engineRpc} # read by light clients and by devices that join; takes signed transactions like the one below
  rejoin: [${[...new Set(rejoin)].join(', ')}] # whose state it takes over when it was away for too long; it is checked by votes
rpc:
  listen: ${at}:${rpc}
proxy:
  listen: ${at}:${proxy}
genesis: genesis.json
fleet: "${fleet}"
reconcileIntervalMs: 5000
log: info
`;
}

/** A host as it stands in an address. */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function write(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600 });
}

function hex(bytes: Uint8Array): Word & Hex {
  return `0x${Buffer.from(bytes).toString('hex')}`;
}
