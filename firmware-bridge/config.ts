import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import type { Genesis, NodeConfig } from '../runtime/config.ts';
import type { Address, LogLevel } from '../runtime/ports/index.ts';
import type { EngineSettings } from './cometbft/index.ts';
import { parseEngineUrl } from './docker/address.ts';
import { type Endpoint, parseEndpoint } from './system/listen.ts';
import { LOG_LEVELS } from './system/log.ts';
import { isProxyUrl } from './system/peers.ts';

/** What `classpad node` reads from its file, checked and complete. */
export interface BridgeConfig {
  readonly name: string;
  /** Folder of the ledger and the key. */
  readonly data: string;
  /** Address of the Docker Engine. */
  readonly engine: string;
  /** Containers of the whole site as services of Docker's Swarm mode, of which this engine is a manager. */
  readonly swarm?: SwarmSettings;
  readonly rpc: { readonly listen: Endpoint; readonly cors: readonly string[]; readonly hosts: readonly string[] };
  /** `advertise`: its address for phones and browsers, as other nodes tell them: those that connect to it, or share its secret. */
  readonly proxy: { readonly listen: Endpoint; readonly advertise?: string };
  readonly peers: { readonly listen?: Endpoint; readonly connect: readonly string[]; readonly secret?: string };
  /** `sequencer` may be `self`: this device's own address. */
  readonly genesis: Omit<Genesis, 'sequencer'> & { readonly sequencer: string };
  readonly fleet: Address;
  readonly consensus: NodeConfig['consensus'];
  /** With the consensus `follow`: JSON-RPC of nodes of the cluster, of which one is asked for blocks and given what waits here. */
  readonly follow: readonly string[];
  /** The engine beside the node, with the consensus `cometbft`. */
  readonly cometbft?: EngineSettings;
  readonly blockIntervalMs: number;
  /** Empty blocks after the last one with work: tools such as Hardhat Ignition wait for five. */
  readonly trailingBlocks: number;
  /** Keep the states of all blocks, and not only those of the last 128. */
  readonly archive: boolean;
  /** Take legacy transactions without a chain id. */
  readonly unprotectedTransactions: boolean;
  /** Traffic is logged on the ledger in batches of so many seconds; 0: never. */
  readonly trafficIntervalSeconds: number;
  readonly reconcileIntervalMs: number;
  /** Old images stay for so many good revisions before the current one. */
  readonly keepRevisions: number;
  /** A request to the engine that takes longer has failed; stops and pulls may take longer by their nature. */
  readonly engineTimeoutMs: number;
  /** Folder on a file system in memory, for the secrets of containers. Absent: `/run/classpad/<name>/secrets`. */
  readonly secrets?: string;
  readonly log: LogLevel;
}

export interface SwarmSettings {
  /** Where the others reach this machine; then a Swarm begins with it, if its engine is in none. */
  readonly init?: string;
}

/** Reads a configuration in YAML or JSON. Throws a {@link ConfigError} that names file, line and field. */
export function readConfig(path: string): BridgeConfig {
  const file = openFile(path);
  const config = {
    ...file.object<Omit<BridgeConfig, 'genesis'>>(file.root, '', FIELDS(dirname(resolve(path)))),
    genesis: readGenesis(file, dirname(resolve(path))),
  };
  if (config.consensus === 'cometbft' && !config.cometbft)
    throw file.error(file.root, 'cometbft', 'is missing: consensus is cometbft; "classpad cluster init" writes such files');
  if (config.consensus !== 'solo' && !config.genesis.validators?.length)
    throw file.error(file.root, 'genesis.validators', `is missing: with consensus ${config.consensus} somebody must decide`);
  if (config.consensus !== 'follow' && config.follow.length > 0)
    throw file.error(file.root, 'follow', 'is for devices with consensus: follow');
  return config;
}

/** Turns a text into a value or throws what would be right. */
type Read<T> = (text: string) => T;
/** How a field is read; without `absent` it must be there. */
type Field<T> =
  | { readonly text: Read<T>; readonly absent?: T | undefined; readonly optional?: true }
  | { readonly list: Read<T extends readonly (infer Item)[] ? Item : never> }
  | { readonly object: Fields<T>; readonly absent?: T | undefined; readonly optional?: true }
  | { readonly elsewhere: true };
type Fields<T> = { readonly [K in keyof Required<T>]: Field<NonNullable<T[K]>> };

const LOCAL_RPC: Endpoint = { host: '127.0.0.1', port: 8545 };
const OPEN_PROXY: Endpoint = { host: '0.0.0.0', port: 8080 };

const RPC: Fields<BridgeConfig['rpc']> = {
  listen: { text: endpoint, absent: LOCAL_RPC },
  cors: { list: origin },
  hosts: { list: matching(/^(\*|[a-z0-9.-]{1,253})$/, 'a host name in lower case, such as "pad-1.local"') },
};

const PROXY: Fields<BridgeConfig['proxy']> = {
  listen: { text: endpoint, absent: OPEN_PROXY },
  advertise: { text: matching({ test: isProxyUrl }, 'an address such as "http://10.0.0.2:8080"'), optional: true },
};

const PEERS: Fields<BridgeConfig['peers']> = {
  listen: { text: endpoint, optional: true },
  connect: { list: matching({ test: isPeerUrl }, 'an address such as "ws://10.0.0.2:4401"') },
  secret: { text: matching(/^.{16,256}$/, 'at least 16 characters'), optional: true },
};

const COMETBFT = (folder: string): Fields<EngineSettings> => ({
  home: { text: (text) => resolve(folder, text) },
  binary: { text: (text) => (text.includes('/') ? resolve(folder, text) : text), absent: 'cometbft' },
  rpc: { text: endpoint, absent: { host: '127.0.0.1', port: 26_657 } },
  snapshotInterval: { text: whole(1, 1_000_000, 'blocks'), absent: 500 },
  rejoin: { list: rpcUrl },
  retainedHeights: { text: whole(16, 100_000_000, 'blocks'), absent: 100_000 },
});

/** An address, of IPv4 or IPv6, of this machine. */
export const SWARM_ADDRESS = /^(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:]+\])(:\d{1,5})?$/i;

const SWARM: Fields<SwarmSettings> = {
  init: { text: matching(SWARM_ADDRESS, 'an address of this machine, such as "10.0.0.1"'), optional: true },
};

const FIELDS = (folder: string): Fields<Omit<BridgeConfig, 'genesis'>> & { readonly genesis: Field<never> } => ({
  name: {
    text: matching(/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/, 'up to 32 lower-case letters, digits and "-", such as "pad-1"'),
  },
  data: { text: (text) => resolve(folder, text) },
  engine: { text: engineUrl, absent: 'unix:///var/run/docker.sock' },
  swarm: { object: SWARM, optional: true },
  rpc: { object: RPC, absent: { listen: LOCAL_RPC, cors: [], hosts: [] } },
  proxy: { object: PROXY, absent: { listen: OPEN_PROXY } },
  peers: { object: PEERS, absent: { connect: [] } },
  genesis: { elsewhere: true },
  fleet: { text: address },
  consensus: { text: consensus, absent: 'solo' },
  cometbft: { object: COMETBFT(folder), optional: true },
  follow: { list: rpcUrl },
  blockIntervalMs: { text: whole(0, 600_000, 'ms'), absent: 1_000 },
  trailingBlocks: { text: whole(0, 100, 'blocks'), absent: 5 },
  archive: { text: yesOrNo, absent: false },
  unprotectedTransactions: { text: yesOrNo, absent: false },
  trafficIntervalSeconds: { text: whole(0, 86_400, 'seconds'), absent: 300 },
  reconcileIntervalMs: { text: whole(100, 3_600_000, 'ms'), absent: 10_000 },
  keepRevisions: { text: whole(0, 100, 'revisions'), absent: 2 },
  engineTimeoutMs: { text: whole(500, 600_000, 'ms'), absent: 30_000 },
  secrets: { text: (text) => resolve(folder, text), optional: true },
  log: { text: logLevel, absent: 'info' },
});

const GENESIS: { readonly [K in keyof Required<Genesis>]: Field<never> } & Record<string, Field<never>> = {
  chainId: { elsewhere: true },
  timestamp: { elsewhere: true },
  gasLimit: { elsewhere: true },
  baseFee: { elsewhere: true },
  sequencer: { elsewhere: true },
  alloc: { elsewhere: true },
  fleet: { elsewhere: true },
  validators: { elsewhere: true },
  trailingBlocks: { elsewhere: true },
};
const GENESIS_NUMBERS = new Set(['chainId', 'timestamp', 'gasLimit', 'baseFee', 'nonce', 'power', 'trailingBlocks']);
/** Only a ledger with several who decide has the latter two. */
const GENESIS_OPTIONAL = new Set(['fleet', 'validators', 'trailingBlocks']);

/** The genesis in place, or in a file of its own beside the configuration. What its values mean the runtime checks. */
function readGenesis(config: OpenFile, folder: string): BridgeConfig['genesis'] {
  const node = config.child(config.root, 'genesis');
  if (node === undefined)
    throw config.error(config.root, 'genesis', 'is missing: the first block, in place or as the path of its file');
  const isPath = isScalar(node);
  const file = isPath ? openFile(resolve(folder, String(node.value)), config.error(node, 'genesis', 'cannot be read')) : config;
  const at = isPath ? file.root : node;
  const where = isPath ? '' : 'genesis';
  file.object(at, where, GENESIS);
  const missing = Object.keys(GENESIS).find((key) => !GENESIS_OPTIONAL.has(key) && file.child(at, key) === undefined);
  if (missing) throw file.error(at, where ? `genesis.${missing}` : missing, 'is missing');
  return convert(file, at, where) as BridgeConfig['genesis'];
}

/** A tree of plain values: numbers where the genesis has numbers, texts elsewhere. */
function convert(file: OpenFile, node: Node, path: string): unknown {
  if (isMap(node)) {
    return Object.fromEntries(
      file.entries(node, path).map(([key, value]) => {
        const inner = path ? `${path}.${key}` : key;
        if (!GENESIS_NUMBERS.has(key) || !isScalar(value)) return [key, convert(file, value, inner)];
        return [key, file.text(value, inner, whole(0, Number.MAX_SAFE_INTEGER, ''))];
      }),
    );
  }
  if (isSeq<Node>(node)) return node.items.map((item, index) => convert(file, item, `${path}[${index}]`));
  return file.text(node, path, (text) => text);
}

/** A file of YAML or JSON, with its lines. Every scalar is read as text: an address is not a number. */
interface OpenFile {
  readonly root: Node;
  child(node: Node, key: string): Node | undefined;
  entries(node: Node, path: string): [key: string, value: Node][];
  text<T>(node: Node, path: string, read: Read<T>): T;
  object<T>(node: Node, path: string, fields: Fields<T>): T;
  error(node: Node, path: string, sentence: string): ConfigError;
}

const LONGEST_FILE = 16 * 1024 * 1024;

function openFile(path: string, unreadable?: ConfigError): OpenFile {
  const lines = new LineCounter();
  const document = parseDocument<Node>(load(path, unreadable), { schema: 'failsafe', lineCounter: lines, prettyErrors: false });
  const at = (offset: number) => `${path}:${lines.linePos(offset).line}`;
  const broken = document.errors[0];
  if (broken) throw new ConfigError(`${at(broken.pos[0])}: ${broken.message.split('\n')[0]}`);
  if (!document.contents) throw new ConfigError(`${path}:1: the file is empty`);
  const error = (node: Node, field: string, sentence: string) =>
    new ConfigError(`${at(node.range?.[0] ?? 0)}: ${field ? `${field} ` : ''}${sentence}`);
  const entries = (node: Node, field: string): [string, Node][] => {
    if (!isMap<Node, Node>(node)) throw error(node, field || 'the file', 'must be a table of fields');
    return node.items.map(({ key, value }) => {
      const name = isScalar(key) ? String(key.value) : '';
      if (!value) throw error(key, field ? `${field}.${name}` : name, 'has no value');
      return [name, value];
    });
  };
  const text = <T>(node: Node, field: string, read: Read<T>): T => {
    if (!isScalar(node)) throw error(node, field, 'must be a single value');
    try {
      return read(String(node.value ?? ''));
    } catch (reason) {
      throw error(node, field, (reason as Error).message);
    }
  };
  const file: OpenFile = {
    root: document.contents,
    entries,
    text,
    error,
    child: (node, key) => entries(node, '').find(([name]) => name === key)?.[1],
    object: (node, field, fields) => readObject(file, node, field, fields),
  };
  return file;
}

function readObject<T>(file: OpenFile, node: Node, path: string, fields: Fields<T>): T {
  const given = new Map(file.entries(node, path));
  const nameOf = (key: string) => (path ? `${path}.${key}` : key);
  const table = fields as Readonly<Record<string, Field<unknown>>>;
  for (const [key, value] of given) {
    if (!Object.hasOwn(table, key))
      throw file.error(value, nameOf(key), `is no field here; there are ${Object.keys(table).join(', ')}`);
  }
  const rows: [string, unknown][] = [];
  for (const [key, field] of Object.entries(table)) {
    const value = given.get(key);
    if ('elsewhere' in field) continue;
    if ('list' in field) rows.push([key, value ? readList(file, value, nameOf(key), field.list) : []]);
    else if (value)
      rows.push([
        key,
        'text' in field ? file.text(value, nameOf(key), field.text) : file.object(value, nameOf(key), field.object as never),
      ]);
    else if (field.absent !== undefined) rows.push([key, field.absent]);
    else if (!('optional' in field)) throw file.error(node, nameOf(key), 'is missing');
  }
  return Object.fromEntries(rows) as T;
}

function readList(file: OpenFile, node: Node, path: string, read: Read<unknown>): unknown[] {
  if (!isSeq<Node>(node)) throw file.error(node, path, 'must be a list');
  return node.items.map((item, index) => file.text(item, `${path}[${index}]`, read));
}

function load(path: string, unreadable?: ConfigError): string {
  try {
    const text = readFileSync(path, 'utf8');
    if (text.length <= LONGEST_FILE) return text;
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : 'it cannot be read';
    throw new ConfigError(unreadable ? `${unreadable.message}: ${path}: ${reason}` : `${path}: ${reason}`);
  }
  throw new ConfigError(`${path} is longer than ${LONGEST_FILE} bytes`);
}

function endpoint(text: string): Endpoint {
  const read = parseEndpoint(text);
  if (!read) throw new Error('must be host:port, such as "127.0.0.1:8545"');
  return read;
}

function engineUrl(text: string): string {
  if (text === 'virtual') return text;
  parseEngineUrl(text);
  return text;
}

function address(text: string): Address {
  if (!/^0x[0-9a-fA-F]{40}$/.test(text)) throw new Error('must be an address: 0x and 40 hexadecimal digits');
  return text.toLowerCase() as Address;
}

function consensus(text: string): BridgeConfig['consensus'] {
  if (text === 'solo' || text === 'cometbft' || text === 'follow') return text;
  throw new Error('must be solo, cometbft or follow');
}

function rpcUrl(text: string): string {
  if (/^https?:\/\/(\[[0-9a-fA-F:]+\]|[\w.-]+)(:\d{1,5})?\/?$/.test(text) && URL.canParse(text)) return text.replace(/\/$/, '');
  throw new Error('must be the JSON-RPC of a node, such as "http://10.0.0.1:8545"');
}

function origin(text: string): string {
  if (!/^(\*|https?:\/\/[\w.:[\]-]+)$/.test(text)) throw new Error('must be "*" or an origin such as "https://app.example"');
  return text;
}

function logLevel(text: string): LogLevel {
  const level = LOG_LEVELS.find((name) => name === text);
  if (!level) throw new Error(`must be one of ${LOG_LEVELS.join(', ')}`);
  return level;
}

function whole(least: number, most: number, unit: string): Read<number> {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new Error(`must be a whole number from ${least} to ${most} ${unit}`.trimEnd());
  };
}

function yesOrNo(text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  throw new Error('must be true or false');
}

function isPeerUrl(text: string): boolean {
  return /^ws:\/\/(\[[0-9a-fA-F:]+\]|[\w.-]+):\d{1,5}\/?$/.test(text) && URL.canParse(text);
}

function matching(form: Pick<RegExp, 'test'>, sentence: string): Read<string> {
  return (text) => {
    if (form.test(text)) return text;
    throw new Error(`must be ${sentence}`);
  };
}

/** The file says something that cannot be; the message begins with `file:line`. */
export class ConfigError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ConfigError';
  }
}
