import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Genesis, NodeConfig } from '../runtime/config.ts';
import type { Node, NodeStatus } from '../runtime/node.ts';
import type { Address, Display, Input, Logger, Ports, Updater } from '../runtime/ports/index.ts';
import { createVm } from '../vm/embed/index.ts';
import { signJoin } from './appliance/join.ts';
import { type BridgeConfig, readConfig, type SwarmSettings } from './config.ts';
import { openDeciders } from './deciders.ts';
import { headlessDisplay } from './device/display.ts';
import { openIdentity } from './device/identity.ts';
import { batteryPercent, memory } from './device/power.ts';
import { type DockerEngine, type DockerOptions, dockerEngine } from './docker/index.ts';
import { watchEngine } from './engine-watch.ts';
import { loadFirmware } from './firmware.ts';
import { type SwarmEngine, swarmEngine } from './swarm/index.ts';
import { systemClock } from './system/clock.ts';
import { inWords, makeFolder } from './system/folder.ts';
import { bound, type Endpoint, listen, shut } from './system/listen.ts';
import { lockFolder } from './system/lock.ts';
import { lineLogger } from './system/log.ts';
import { systemNetwork } from './system/network.ts';
import { createPeers, isLoopback } from './system/peers.ts';
import { createProxy, type ReverseProxy } from './system/proxy/index.ts';
import { createRpcServer } from './system/rpc-server.ts';
import { openStore } from './system/store.ts';
import { servePayload } from './update/payload-server.ts';
import { openPayloads, type Payloads, type Wanted } from './update/payloads.ts';

export { type BridgeConfig, ConfigError, readConfig } from './config.ts';
export { type DockerEngine, dockerEngine, HELLO_IMAGE } from './docker/index.ts';

/** A node on this machine, up and serving. */
export interface RunningNode {
  readonly address: Address;
  /** Where its servers listen; with port 0 in the configuration, what the system chose. */
  readonly rpc: Endpoint;
  readonly proxy: Endpoint;
  readonly peers: Endpoint | undefined;
  status(): NodeStatus;
  /** Whether the ledger counts this device among its own. */
  isMember(): boolean;
  /** Whether the ledger names a bundle of the devices' own software, by its hash. */
  isNamed(sha256: string): boolean;
  /** What keeps it from its work, in a sentence. */
  fault(): string | undefined;
  /** Ends the node in good order. Containers keep running. */
  stop(): Promise<void>;
}

export interface RunOptions {
  readonly config: BridgeConfig;
  /** Version of the firmware. */
  readonly version: string;
  readonly log: Logger;
  /** Instead of a Docker Engine at the configured address. */
  readonly openEngine?: (url: string, device: string, options: DockerOptions) => DockerEngine | Promise<DockerEngine>;
  /** Absent: a picture in memory. */
  readonly display?: Display;
  readonly input?: Input;
  /** Absent: a node that cannot replace its own software. */
  readonly updater?: Updater;
  /** Bundles that are here for others. Absent: a folder beside the ledger. */
  readonly payloads?: Payloads;
  /** An operator vouches for the clock of this machine. */
  readonly trustClock?: boolean;
  /** Private key of a one-time invitation, by which the device enrols itself. */
  readonly token?: string;
}

/** Boots `build/firmware.js` on the ports of this machine. Rejects with a sentence, and then leaves nothing open. */
export async function runNode(options: RunOptions): Promise<RunningNode> {
  const closers: (() => unknown)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    return await assemble(options, closers, close);
  } catch (error) {
    await close();
    throw error;
  }
}

/** Runs a node until it is told to end (SIGTERM, SIGINT). Answers an exit code; what it says goes to `write`, line by line. */
export async function runUntilSignal(
  configPath: string,
  version: string,
  write: (line: string) => void,
  given: Pick<RunOptions, 'openEngine' | 'token'> & {
    readonly binary?: string;
    readonly swarm?: SwarmSettings;
    readonly archive?: boolean;
    readonly trustClock?: boolean;
    /** Called once it serves. */
    readonly onServing?: () => void;
  } = {},
): Promise<number> {
  const read = readConfig(configPath);
  const { binary, swarm, archive, trustClock, onServing, ...options } = given;
  const config = {
    ...read,
    ...(swarm && { swarm: { ...read.swarm, ...swarm } }),
    ...(binary && read.cometbft && { cometbft: { ...read.cometbft, binary } }),
    ...(archive && { archive }),
  };
  const log = lineLogger(config.log, write);
  const signalled = new Promise<string>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve);
  });
  // What nobody caught leaves the node in an unknown state: it ends, and a supervisor starts it again from its store.
  process.on('uncaughtException', (error) => {
    log.write('error', `internal error, the node ends: ${error.message}`);
    process.exit(1);
  });
  const node = await runNode({ config, version, log, ...(trustClock && { trustClock }), ...options });
  onServing?.();
  log.write('info', `${await signalled}: the node ends; its containers keep running`);
  await node.stop();
  return 0;
}

async function assemble(options: RunOptions, closers: (() => unknown)[], close: () => Promise<void>): Promise<RunningNode> {
  const { config, log, openEngine: makeEngine = dockerEngine } = options;
  makeFolder(config.data, 'data');
  closers.push(inWords(config.data, 'data', () => lockFolder(config.data)));
  const identity = openIdentity(join(config.data, 'device.key'));
  log.write('info', `${config.name} is ${identity.address}${identity.isNew ? ', a key made just now' : ''}`);
  const nodeConfig = nodeConfigOf(config, identity.address, options);
  const payloads = options.payloads ?? openPayloads(join(config.data, 'payloads'));
  // Closed last: nothing may ask a closed store.
  const store = openStore(join(config.data, 'ledger'));
  closers.push(() => store.close());
  const engine = await makeEngine(config.engine, config.name, dockerOptions(config, nodeConfig));
  const swarm = openSwarm(config, identity.address);
  let proxyAt: Endpoint | undefined;
  const peers = createPeers({
    ...peersOptions(config, nodeConfig.genesis, log),
    proxy: () => proxyAt && whereProxy(config, proxyAt),
  });
  const deciders = await openDeciders(config, log, closers);
  const proxy = createProxy({
    reach: swarm?.reach ?? engine.reach,
    device: config.name,
    wellKnown: async (target) => (await deciders.light(target)) ?? node?.wellKnown(target),
  });
  closers.push(
    () => engine.close(),
    () => peers.close(),
    () => proxy.close(),
  );

  let node: Node | undefined;
  const rpcServer = createRpcServer({
    rpc: (request) => node?.rpc(request) ?? Promise.resolve(STARTING),
    session: (send) => node?.session(send),
    title: `This is the classpad node ${config.name}.`,
    cors: config.rpc.cors,
    hosts: config.rpc.hosts,
    document: deciders.light,
  });
  const givePayload = (request: IncomingMessage, response: ServerResponse) =>
    servePayload(request, response, payloads, (sha256) => wantedPayload(node, sha256));
  const { peerServer, ...ends } = await openServers(config, rpcServer, proxy, givePayload, closers);
  proxyAt = ends.proxy;
  const ports: Ports = {
    vm: createVm({ fork: 'Osaka' }),
    store,
    clock: systemClock(),
    containers: engine.containers,
    ...(swarm && { services: swarm.services }),
    network: { ...systemNetwork(peers, proxy), ...deciders.network },
    display: options.display ?? headlessDisplay(),
    ...(options.input && { input: options.input }),
    ...(options.updater && { updater: options.updater }),
    device: deviceOf(config.name, identity),
    log,
    ...deciders.ports,
  };
  const booted = await loadFirmware().boot(ports, nodeConfig);
  node = booted;
  // Only now can it be answered.
  deciders.start(booted, ports);
  // Only now: what a peer says first is not to be lost.
  peers.open(peerServer);
  closers.push(() => booted.stop());
  closers.push(watchEngine(engine.containers, ports.clock, log));
  announce(config, ends, booted, log);
  return {
    address: identity.address,
    ...ends,
    status: () => booted.status(),
    isMember: () => booted.isMember(),
    isNamed: (sha256) => wantedPayload(booted, sha256) !== undefined,
    fault: () => booted.fault(),
    stop: close,
  };
}

function deviceOf(name: string, { address, sign, publicKey, unseal }: ReturnType<typeof openIdentity>): Ports['device'] {
  return { name, address, sign, publicKey, unseal, batteryPercent: () => batteryPercent(), memory: () => memory() };
}

/** Where the containers are services of a whole site. */
function openSwarm({ swarm, engine, genesis, fleet, engineTimeoutMs }: BridgeConfig, device: Address): SwarmEngine | undefined {
  if (swarm === undefined) return undefined;
  return swarmEngine(engine, { device, fleet: `${genesis.chainId}:${fleet}`, deadlineMs: engineTimeoutMs, ...swarm });
}

const MAX_PEER_CONNECTIONS = 256;
const BRINGING_MS = 3_600_000;
const STARTING = JSON.stringify({
  jsonrpc: '2.0',
  id: null,
  error: { code: -32_000, message: 'the node is starting; try again in a second' },
});

interface Ends extends Pick<RunningNode, 'rpc' | 'proxy' | 'peers'> {
  readonly peerServer: Server | undefined;
}

/** Opens the ports; each sentence of a failure names the field of the configuration. */
async function openServers(
  config: BridgeConfig,
  rpcServer: Server,
  proxy: ReverseProxy,
  givePayload: (request: IncomingMessage, response: ServerResponse) => boolean,
  closers: (() => unknown)[],
): Promise<Ends> {
  const open = async (server: Server, at: Endpoint, field: string) => {
    const got = await listen(server, at, field);
    closers.push(() => shut(server));
    return got;
  };
  const rpc = await open(rpcServer, config.rpc.listen, 'rpc.listen');
  const proxyAt = await open(proxy.server, config.proxy.listen, 'proxy.listen');
  if (!config.peers.listen) return { rpc, proxy: proxyAt, peers: undefined, peerServer: undefined };
  const peerServer = createServer({ requireHostHeader: false }, (request, response) => {
    if (givePayload(request, response)) return;
    response.writeHead(426, { 'content-type': 'text/plain' }).end('Nodes of the ledger connect here by WebSocket.\n');
  });
  bound(peerServer, MAX_PEER_CONNECTIONS);
  // Whoever brings the bundle of a system over a slow network needs more than Node's five minutes.
  peerServer.requestTimeout = BRINGING_MS;
  return { rpc, proxy: proxyAt, peers: await open(peerServer, config.peers.listen, 'peers.listen'), peerServer };
}

function wantedPayload(node: Node | undefined, sha256: string): Wanted | undefined {
  const bytes = node?.payloadBytes(sha256);
  return bytes === undefined ? undefined : { sha256, bytes };
}

function nodeConfigOf(config: BridgeConfig, own: Address, { version, token, trustClock }: RunOptions): NodeConfig {
  const sequencer = (config.genesis.sequencer === 'self' ? own : config.genesis.sequencer) as Address;
  return {
    genesis: { ...config.genesis, sequencer },
    fleet: config.fleet,
    consensus: config.consensus,
    ...(config.cometbft && {
      snapshotInterval: config.cometbft.snapshotInterval,
      retainedHeights: config.cometbft.retainedHeights,
    }),
    blockIntervalMs: config.blockIntervalMs,
    trailingBlocks: config.trailingBlocks,
    archive: config.archive,
    unprotectedTransactions: config.unprotectedTransactions,
    trafficIntervalSeconds: config.trafficIntervalSeconds,
    reconcileIntervalMs: config.reconcileIntervalMs,
    keepRevisions: config.keepRevisions,
    version,
    ...(trustClock && { trustClock }),
    ...(token && { join: signJoin(token, config.genesis.chainId, config.fleet, own) }),
  };
}

function dockerOptions({ secrets, engineTimeoutMs }: BridgeConfig, node: NodeConfig): DockerOptions {
  return { deadlineMs: engineTimeoutMs, ledger: markOf(node), ...(secrets !== undefined && { secrets }) };
}

/** Tells ledgers apart by what never changes of one. */
function markOf({ genesis: { chainId, sequencer, validators = [] }, fleet }: NodeConfig): string {
  const facts = canonical({ chainId, fleet, deciders: validators.length > 0 ? validators : sequencer });
  return createHash('sha256').update(facts).digest('hex').slice(0, 16);
}

function peersOptions(config: BridgeConfig, genesis: Genesis, log: Logger) {
  const { connect, secret } = config.peers;
  return { name: config.name, ledger: canonical(genesis), connect, log, ...(secret ? { secret } : {}) };
}

/** Who connects to this node knows its address; of a proxy on the loopback that would be wrong. */
function whereProxy({ proxy }: BridgeConfig, { host, port }: Endpoint): string {
  return proxy.advertise ?? (isLoopback(host) ? `http://${host}:${port}` : `:${port}`);
}

/** Equal genesis, equal text, however it was written down: what peers prove to each other that they know. */
export function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(typeof value === 'string' ? value.toLowerCase() : value);
  const rows = Object.entries(value).map(([key, inner]) => `${key.toLowerCase()}=${canonical(inner)}`);
  return `{${rows.sort().join(',')}}`;
}

function announce(
  config: BridgeConfig,
  { rpc, proxy, peers }: Pick<RunningNode, 'rpc' | 'proxy' | 'peers'>,
  node: Node,
  log: Logger,
): void {
  const { head } = node.status();
  log.write('info', `block ${head.number} ${head.hash}`);
  log.write('info', `JSON-RPC on http://${rpc.host}:${rpc.port}, apps on http://${proxy.host}:${proxy.port}`);
  if (peers) log.write('info', `peers of the ledger connect to ws://${peers.host}:${peers.port}`);
  if (config.peers.connect.length > 0) log.write('info', `connecting to ${config.peers.connect.join(', ')}`);
}
