import { emulate as runEmulator } from '../../emulator/main.ts';
import { checkOptions, type EmulateOptions } from '../../emulator/options.ts';
import { ScenarioError } from '../../emulator/scenario/unreadable.ts';
import { parseEngineUrl } from '../../firmware-bridge/docker/address.ts';
import { dockerEngine } from '../../firmware-bridge/docker/index.ts';
import { type Endpoint, parseEndpoint } from '../../firmware-bridge/system/listen.ts';
import { createRpcServer } from '../../firmware-bridge/system/rpc-server.ts';
import { emulateCluster } from '../cluster/emulate.ts';
import { type Command, Exit, Failure, type Input } from '../command.ts';
import { outsideAt } from '../outside.ts';
import { emulateBoard, qemuOptions } from '../qemu/emulate.ts';
import { root, version } from '../root.ts';
import { endingSignal } from '../signals.ts';
import { wholeNumber } from '../values.ts';

export const emulate: Command = {
  name: 'emulate',
  summary: 'boot a fleet of virtual devices on this machine and play the main job',
  operands: [
    { name: 'SCENARIO', help: 'a scenario file such as emulator/scenarios/bad-image.yaml, or a saved world', optional: true },
  ],
  options: {
    devices: { value: 'N', help: 'how many devices; 4, or as many as the scenario says' },
    port: { value: 'PORT', fallback: '4400', help: "port of the page; the devices' proxies take the ports after it" },
    'rpc-port': { value: 'PORT', fallback: '8545', help: 'port of the JSON-RPC' },
    docker: { value: 'SOCKET', help: 'run the containers on a real Docker Engine, such as unix:///var/run/docker.sock' },
    once: { help: 'end after the story: exit code 0 if it went as told' },
    seed: { value: 'TEXT', fallback: 'classpad', help: 'what everything that looks random follows from' },
    cluster: { value: 'N', help: 'N real nodes that agree by CometBFT instead of virtual devices' },
    cometbft: { value: 'PATH', env: 'CLASSPAD_COMETBFT', fallback: 'cometbft', help: 'where CometBFT is, for --cluster' },
    headless: { help: 'without page and ports, as fast as this machine can: plays the scenario and ends' },
    speed: { value: 'X', fallback: '1', help: 'virtual seconds per second, or max' },
    board: { value: 'NAME', help: 'how the devices look: handheld or bare' },
    record: { value: 'FILE', help: 'save the world at the end, so that it can be lived again: emulate FILE' },
    peers: { value: 'HOST:PORT', help: 'real nodes may connect here and share the ledger with the virtual devices' },
    native: { help: 'run the firmware in this process instead of in a QuickJS on a thread of its own: faster, no limits' },
    pace: { value: 'MS', fallback: '0', help: 'pause after each step of the story' },
    ...qemuOptions,
  },
  examples: [
    ['npm start', 'the same, built first'],
    ['classpad emulate --once', 'play the story and end; for CI'],
    ['classpad emulate emulator/scenarios/bad-image.yaml --headless', 'play a scenario; the exit code tells how it went'],
    ['classpad emulate --cluster 4', 'the same job on four real nodes that bear one faulty one'],
    ['classpad emulate --qemu qemu-x86_64 --fresh', 'a board of its own, from the image that would be flashed'],
    ['classpad emulate --peers 127.0.0.1:4500', 'a ledger that real nodes and boards share with virtual devices'],
    [
      'classpad emulate --qemu qemu-x86_64 --fresh --name pad-7 --from build/emulator/node.json --peer ws://10.0.2.2:4500 ' +
        '--token pad-7.token --port 4600 --rpc-port 8745',
      'such a board beside it, invited by: classpad invite pad-7 --label board=qemu-x86_64 --out pad-7.token',
    ],
    ['classpad emulate --devices 8 --docker unix:///var/run/docker.sock', 'eight devices with real containers'],
  ],
  notes: [
    'Every device boots the same firmware bundle in a JavaScript engine of its own; all share one ledger. Without --docker the containers ' +
      "are virtual. The emulator's operators sign with keys that follow from the seed: never use them for anything else.",
    'With --qemu: the console is the standard output. --port leads to the apps on the board, the port after it is for its peers, ' +
      '--rpc-port is its JSON-RPC; the board knows this machine as 10.0.2.2. Several boards need a --name and ports each; the disk of ' +
      'each is build/qemu/NAME/disk.img. Ctrl-C presses the power button and waits until the board has shut down, a second one ' +
      'pulls the plug.',
  ],
  async run(input, io) {
    const options = optionsOf(input);
    const out = { line: (text: string) => io.out(text), ...(io.redraw && { redraw: io.redraw }) };
    const board = input.text('qemu');
    if (board !== undefined) return emulateBoard(board, input, io, endingSignal());
    const nodes = input.text('cluster');
    if (nodes !== undefined) {
      const story = { ...options, nodes: wholeNumber(nodes, '--cluster', 1, 16), binary: input.text('cometbft')! };
      return emulateCluster(story, out, endingSignal());
    }
    const peers = peersOf(input);
    return runEmulator(options, out, {
      engine: dockerEngine,
      makeRpcServer: createRpcServer,
      ...(peers && { outside: outsideAt(peers) }),
      ending: endingSignal(),
    }).catch((error) => {
      throw error instanceof ScenarioError ? new Failure(error.message, Exit.badInput) : error;
    });
  },
};

/** What takes part from outside is in no recording, and no world without ports has a door. */
function peersOf(input: Input): Endpoint | undefined {
  const text = input.text('peers');
  if (text === undefined) return undefined;
  const endpoint = parseEndpoint(text);
  if (!endpoint) throw new Failure(`--peers "${text}" is no address such as 127.0.0.1:4500`, Exit.badInput);
  const other = ['record', 'headless', 'cluster'].find((name) => input.has(name) || input.text(name) !== undefined);
  if (other) throw new Failure(`--peers does not go with --${other}: real nodes keep their own time`, Exit.badInput);
  return endpoint;
}

function optionsOf(input: Input): EmulateOptions {
  const number = (option: string) => (/^\d{1,9}$/.test(input.text(option)!) ? Number(input.text(option)) : Number.NaN);
  const docker = input.text('docker');
  const options: EmulateOptions = {
    devices: input.text('devices') === undefined ? 4 : number('devices'),
    devicesAreGiven: input.text('devices') !== undefined,
    port: number('port'),
    rpcPort: number('rpc-port'),
    ...(docker !== undefined && { docker }),
    once: input.has('once'),
    seed: input.text('seed')!,
    paceMs: number('pace'),
    headless: input.has('headless'),
    native: input.has('native'),
    speed: input.text('speed') === 'max' ? 'max' : Number(input.text('speed')),
    ...given(input, 'board', 'record'),
    ...(input.operands[0] !== undefined && { scenario: input.operands[0] }),
    root,
    version,
  };
  try {
    checkOptions(options);
    if (docker !== undefined) parseEngineUrl(docker);
  } catch (error) {
    throw new Failure((error as Error).message, Exit.badInput);
  }
  return options;
}

function given(input: Input, ...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (input.text(name) === undefined ? [] : [[name, input.text(name)!]])));
}
