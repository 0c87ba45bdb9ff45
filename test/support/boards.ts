/** A fleet for the suites of the image: a host process that makes the blocks, two of three operators, boards in QEMU. */
import { execFileSync } from 'node:child_process';
import { createHash, createPrivateKey, randomBytes } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { commands } from '../../cli/commands/index.ts';
import { enrolmentFiles } from '../../cli/flash/enrolment.ts';
import { runBoard } from '../../cli/qemu/board.ts';
import { version } from '../../cli/root.ts';
import { run } from '../../cli/run.ts';
import { keyId, openFirmware, packFirmware } from '../../firmware-bridge/update/bundle.ts';
import { makeBundle } from '../../image/bundle.ts';
import { type Keys, signingKeys } from '../../image/keys.ts';
import type { Machine } from '../../image/qemu/machine.ts';
import { makeExt4 } from '../../image/slot.ts';
import { root } from './need.ts';
import { FLEET, freePorts, isBuilt, type NodeProcess, nodeProcess, OPERATOR, OPERATOR_KEY } from './node-process.ts';
import { until as foundAt } from './wait.ts';

export const board = process.env['CLASSPAD_BOARD'] ?? 'qemu-x86_64';
export const IMAGES = join(root, 'build/images');
export const image = join(IMAGES, `classpad-${board}-${version}.img`);
export const bundle = join(IMAGES, `classpad-${version}.firmware`);
export const areImagesThere = () => existsSync(image) && existsSync(bundle) && isBuilt;
const MINUTE_MS = 60_000;
/** Software emulation on a busy machine; of another processor than this machine's it is slower by far. */
const isForeign = board.endsWith('x86_64') !== (process.arch === 'x64');
const PATIENCE_MINUTES = Number(process.env['CLASSPAD_PATIENCE_MINUTES'] ?? (isForeign ? 45 : 10));
/** How long the devices may take to judge a release, as `--window` takes it. */
export const patientWindow = `${3 * PATIENCE_MINUTES}m`;

export interface Told {
  readonly code: number;
  readonly printed: string;
}

export interface BoardOptions {
  readonly memoryMib?: number;
  readonly clockBehindSeconds?: number;
  /** A public key that may log in. */
  readonly sshKey?: string;
  /** Another image than that of this version. */
  readonly image?: string;
  /** Further ports of this machine that lead into the guest. */
  readonly forward?: Readonly<Record<number, number>>;
}

/** A board that is switched on. */
export interface Board {
  readonly name: string;
  readonly machine: Machine;
  readonly ports: { readonly rpc: number; readonly proxy: number; readonly peers: number };
  /** One call of its own JSON-RPC. */
  ask(method: string, ...params: unknown[]): Promise<unknown>;
  /** What the app answers through its proxy; nothing while it does not. */
  page(): Promise<string | undefined>;
  /** Its version, as it says itself. */
  version(): Promise<string>;
  /** Whether its console has said this since then. */
  has(text: string | RegExp, from?: number): () => true | undefined;
}

export interface BoardFleet {
  readonly host: NodeProcess;
  readonly folder: string;
  /** The operators' keys: as many as it takes. */
  readonly keys: readonly string[];
  readonly times: string[];
  /** The command line, in this process. */
  classpad(...args: string[]): Promise<Told>;
  /** The same, signed by as many operators as it takes. */
  decide(...args: string[]): Promise<Told>;
  /** Invites a device, puts the token on its card, and switches it on. */
  enrol(name: string, options?: BoardOptions): Promise<Board>;
  /** Switches a board on that has been on before. */
  start(name: string, options?: BoardOptions): Promise<Board>;
  until<T>(what: string, look: () => Promise<T | undefined> | T | undefined, withinMs?: number): Promise<T>;
  end(): Promise<void>;
}

/** @param log Below `build/images`: where the consoles of the boards are written to. */
export async function boardFleet(log: string): Promise<BoardFleet> {
  const folder = mkdtempSync(join(tmpdir(), 'classpad-boards-'));
  const serialLog = join(IMAGES, log);
  writeFileSync(serialLog, '');
  const host = await nodeProcess('unix:///nowhere.sock');
  await host.start();
  const operators = [OPERATOR_KEY, generatePrivateKey(), generatePrivateKey()] as const;
  const keys = operators.slice(0, 2).map((key, index) => {
    const path = join(folder, `operator-${index}.key`);
    writeFileSync(path, `${key}\n`, { mode: 0o600 });
    return path;
  });
  const times: string[] = [];
  const startedAt = performance.now();
  const machines = new Set<Machine>();
  const ports = new Map<string, Board['ports']>();

  async function classpad(...args: string[]): Promise<Told> {
    const lines: string[] = [];
    const say = (line: string) => void lines.push(line);
    const env = { CLASSPAD_RPC: `http://127.0.0.1:${host.ports.rpc}`, CLASSPAD_FLEET: FLEET };
    const code = await run(commands, args, { out: say, err: say, env }, version);
    return { code, printed: lines.join('\n') };
  }

  async function until<T>(
    what: string,
    look: () => Promise<T | undefined> | T | undefined,
    withinMs = PATIENCE_MINUTES * MINUTE_MS,
  ): Promise<T> {
    const more = () => `\n${readFileSync(serialLog, 'latin1').slice(-3000)}`;
    const found = await foundAt(what, look, { withinMs, everyMs: 500, more });
    const line = `${((performance.now() - startedAt) / 1000).toFixed(0).padStart(5)} s  ${what}`;
    times.push(line);
    console.log(line);
    return found;
  }

  async function power(name: string, options: BoardOptions, enrolment: ReadonlyMap<string, Uint8Array>): Promise<Board> {
    const [rpc = 0, proxy = 0, peers = 0] = await freePorts(3);
    const own = ports.get(name) ?? { rpc, proxy, peers };
    ports.set(name, own);
    const machine = await runBoard({
      root,
      board,
      version,
      ...(options.image !== undefined && { image: options.image }),
      ...(options.forward && { forward: options.forward }),
      ...(options.clockBehindSeconds !== undefined && { clockBehindSeconds: options.clockBehindSeconds }),
      folder: join(folder, name),
      isFresh: enrolment.size > 0,
      enrolment,
      memoryMib: options.memoryMib ?? Number(process.env['CLASSPAD_MEMORY'] ?? 512),
      ports: own,
      accelerator: (process.env['CLASSPAD_ACCEL'] as 'auto' | undefined) ?? 'auto',
      onSerial: (text) => appendFileSync(serialLog, text, 'latin1'),
      onRemark: (sentence) => console.log(sentence),
    });
    machines.add(machine);
    void machine.ended.then(() => machines.delete(machine));
    return boardOf(name, machine, own);
  }

  async function enrol(name: string, options: BoardOptions = {}): Promise<Board> {
    const token = join(folder, `${name}.token`);
    const { code, printed } = await fleet.decide('invite', name, '--label', `board=${board}`, '--out', token);
    if (code !== 0) throw new Error(printed);
    const values: Readonly<Record<string, string | readonly string[]>> = {
      name,
      from: join(host.folder, 'node.yaml'),
      sequencer: /is (0x[0-9a-f]{40})/.exec(host.said())![1]!,
      peer: [`ws://10.0.2.2:${host.ports.peers}`],
      token,
      ...(options.sshKey !== undefined && { 'ssh-key': options.sshKey }),
    };
    const input = {
      operands: [],
      has: () => false,
      text: (option: string) => [values[option] ?? []].flat()[0],
      list: (option: string) => [values[option] ?? []].flat(),
    };
    return power(name, options, enrolmentFiles(input, { rpc: '0.0.0.0:8545' }));
  }

  const fleet: BoardFleet = {
    host,
    folder,
    keys,
    times,
    classpad,
    decide: (...args) => classpad(...args, ...keys.flatMap((key) => ['--key', key])),
    enrol,
    start: (name, options = {}) => power(name, options, new Map()),
    until,
    async end() {
      await Promise.all([...machines].map((machine) => machine.shutDown().catch(() => {})));
      await host.stop().catch(() => {});
      host.remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  const accounts = operators.slice(1).map((key) => privateKeyToAccount(key).address);
  const founded = await classpad(
    'init',
    ...[OPERATOR, ...accounts].flatMap((account) => ['--operator', account]),
    ...['--threshold', '2', '--key', keys[0]!],
  );
  if (founded.code !== 0) throw new Error(founded.printed);
  return fleet;
}

function boardOf(name: string, machine: Machine, ports: Board['ports']): Board {
  async function ask(method: string, ...params: unknown[]): Promise<unknown> {
    const response = await fetch(`http://127.0.0.1:${ports.rpc}`, {
      method: 'POST',
      // One connection each: a kept one may be closed while this process packs a bundle, without its noticing.
      headers: { 'content-type': 'application/json', connection: 'close' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      signal: AbortSignal.timeout(20_000),
    });
    return ((await response.json()) as { result: unknown }).result;
  }
  return {
    name,
    machine,
    ports,
    ask,
    page: async () => {
      const response = await fetch(`http://127.0.0.1:${ports.proxy}/`, { signal: AbortSignal.timeout(20_000) });
      return response.ok ? response.text() : undefined;
    },
    version: async () => /\d+\.\d+\.\d+[\w.-]*/.exec(String(await ask('web3_clientVersion')))![0],
    has:
      (text, from = 0) =>
      () =>
        machine.serial().slice(from).search(text) >= 0 ? true : undefined,
  };
}

/** The development keys, with which the images in `build/images` are signed. */
export function developmentKeys(): Promise<Keys> {
  return signingKeys(join(root, 'build/keys'), undefined, undefined);
}

/** The firmware that the image holds under another version, with files replaced; answers its path. */
export async function repack(
  path: string,
  as: string,
  over: Readonly<Record<string, string>> = {},
  keys?: Keys,
  first = '',
): Promise<string> {
  const own = await developmentKeys();
  const signer = keys ?? own;
  const { files } = openFirmware(readFileSync(bundle), own.keyring);
  const changed = new Map([...files, ...Object.entries(over).map(([name, text]) => [name, Buffer.from(text)] as const)]);
  if (first !== '') changed.set('host.cjs', Buffer.concat([Buffer.from(`${first}\n`), changed.get('host.cjs')!]));
  writeFileSync(
    path,
    packFirmware(as, changed, createPrivateKey(readFileSync(signer.key)), readFileSync(signer.certificate, 'utf8')),
  );
  return path;
}

export interface SystemOptions {
  readonly version: string;
  /** What it says that it is for; the board itself without it. */
  readonly compatible?: string;
  readonly keys?: Keys;
  /** The key that the release names. */
  readonly signer?: string;
  /** What befalls the bundle after it was signed. */
  readonly harm?: (bytes: Buffer) => Buffer;
}

/** The example, with the patience that software emulation wants. Answers the path of its Compose file. */
export function patientHello(folder: string): string {
  const text = readFileSync(join(root, 'examples/hello/compose.yaml'), 'utf8');
  const path = join(folder, 'compose.yaml');
  writeFileSync(path, text.replace(/timeout: \S+/, 'timeout: 60s').replace(/retries: \S+/, 'retries: 10'));
  return path;
}

/** A small system bundle, signed and with its description: right in form, no system in it. Answers its path. */
export async function smallSystem(folder: string, name: string, options: SystemOptions): Promise<string> {
  const keys = options.keys ?? (await developmentKeys());
  const content = join(folder, `${name}-slot`);
  mkdirSync(content, { recursive: true });
  writeFileSync(join(content, 'root.squashfs'), randomBytes(2 * 1024 * 1024));
  const slot = join(folder, `${name}.ext4`);
  await makeExt4({ path: slot, bytes: 16 * 1024 * 1024, label: 'slot', seed: name, epoch: 1_767_225_600, content });
  const path = join(folder, `${name}.raucb`);
  await makeBundle(path, { board: options.compatible ?? board, version: options.version, slot, keys, work: folder });
  if (options.harm) writeFileSync(path, options.harm(readFileSync(path)));
  describeSystem(path, options.version, options.signer ?? keyId(readFileSync(keys.certificate, 'utf8')));
  return path;
}

/** Puts beside a bundle what "npm run image" says of one. */
function describeSystem(path: string, as: string, signer: string): void {
  const bundleSha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
  writeFileSync(path.replace(/\.raucb$/, '.json'), JSON.stringify({ board, version: as, signer, bundleSha256 }));
}

/** An image of this board under another version, made once for each image, quickly. Answers its path without the ending. */
export function otherImage(as: string): string {
  const out = join(root, 'build/images-test');
  const path = join(out, `classpad-${board}-${as}`);
  const madeAt = (file: string) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (madeAt(`${path}.json`) < madeAt(image)) {
    console.log(`making an image of version ${as}, which takes a minute`);
    const args = ['image/main.ts', '--board', board, '--version', as, '--quick', '--out', out];
    execFileSync(join(root, 'node_modules/.bin/tsx'), args, { cwd: root, stdio: ['ignore', 'ignore', 'ignore'] });
  }
  return path;
}
