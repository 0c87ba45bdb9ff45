import type { Server } from 'node:http';
import type { Rectangle } from '../runtime/ports/index.ts';
import { boards, looksOf } from './boards/index.ts';
import { cablesOf } from './cables.ts';
import type { Controls } from './controls.ts';
import { createDesk } from './desk.ts';
import { detailOf } from './detail.ts';
import type { FleetArtifact } from './fleet.ts';
import { close, type Handler, isLocalName, LOCAL_HOST, listen, localServer, sendText } from './http.ts';
import { type Live, liveStream } from './live.ts';
import { type Membership, membershipOf } from './membership.ts';
import { type Observer, observe } from './observer.ts';
import type { Setup } from './protocol.ts';
import { openProxies, type Proxies } from './proxies.ts';
import { createRecords, type Records } from './records.ts';
import { type MakeRpcServer, sequencerRpc } from './rpc-door.ts';
import { staticFiles } from './static-files.ts';
import { CHAIN_ID, type World } from './world.ts';

export interface ServerOptions {
  readonly world: World;
  readonly controls: Controls;
  readonly fleet: FleetArtifact;
  /** How the devices look, by name. */
  readonly board?: string;
  /** Compose files that one can begin with. */
  readonly examples?: Setup['examples'];
  /** Folder of the built page. */
  readonly pageFolder: string;
  /** What the containers are, in words. */
  readonly containers: string;
  /** The page; the devices' proxies take the ports after it. 0: any free ones. */
  readonly port: number;
  readonly rpcPort: number;
  /** Devices answer JSON-RPC by the same server, with the same limits. */
  readonly makeRpcServer: MakeRpcServer;
  /** Hears what goes wrong between the world and its pages. */
  readonly trouble?: (sentence: string) => void;
}

/** Everything of a world that can be reached from this machine. */
export interface EmulatorServer {
  readonly pageUrl: string;
  readonly rpcUrl: string;
  readonly proxyUrls: readonly string[];
  readonly observer: Observer;
  draw(device: number, rectangle: Rectangle): void;
  /** A device wrote a line to its log. */
  log(device: string, level: string, message: string): void;
  /** The world can go no further: the page says so. */
  crashed(why: string): void;
  stop(): Promise<void>;
}

/** Opens all ports. Rejects with a sentence if one is taken, and then leaves none open. */
export async function serveWorld(options: ServerOptions): Promise<EmulatorServer> {
  const { world, port, rpcPort } = options;
  const opened: Server[] = [];
  const open = async (server: Server, at: number, option: string): Promise<string> => {
    const url = `http://${LOCAL_HOST}:${await listen(server, at, option)}`;
    opened.push(server);
    return url;
  };
  const rpc = sequencerRpc(world, options.makeRpcServer);
  const page = localServer(pageAndRpc(staticFiles(options.pageFolder), rpc));
  const records = createRecords();
  let proxies: Proxies | undefined;
  const closeAll = async () => {
    await Promise.all([...opened.map(close), proxies?.stop()]);
  };
  try {
    const pageUrl = await open(page, port, '--port');
    const rpcUrl = await open(rpc, rpcPort, '--rpc-port');
    proxies = await openProxies({ world, controls: options.controls, records, firstPort: port === 0 ? 0 : port + 1 });
    const membership = membershipOf(world, options.fleet);
    const { observer, live } = liveOn(page, options, records, proxies, membership);
    const stop = async () => {
      live.stop();
      membership.stop();
      await closeAll();
    };
    const named = namer(() => [...world.operators, ...world.boards.map(({ identity }) => identity)]);
    const log = (device: string, level: string, message: string) =>
      records.log(device, { at: options.controls.state().elapsedMs, level, text: named(message) });
    return {
      pageUrl,
      rpcUrl,
      proxyUrls: proxies.urls,
      observer,
      draw: (device, drawn) => live.draw(device, drawn),
      log,
      crashed: observer.crashed,
      stop,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** Puts names where addresses of this world stand, as people read them. */
function namer(identities: () => readonly { readonly name: string; readonly address: string }[]): (text: string) => string {
  const nameOf = (address: string) => identities().find((one) => one.address.toLowerCase() === address.toLowerCase())?.name;
  return (text) => text.replace(/\b0x[0-9a-f]{40}\b/gi, (address) => nameOf(address) ?? address);
}

function liveOn(
  server: Server,
  options: ServerOptions,
  records: Records,
  proxies: Proxies,
  membership: Membership,
): { observer: Observer; live: Live } {
  const { world, controls, fleet, trouble = () => {} } = options;
  const cables = cablesOf(world, controls);
  const desk = createDesk({ world, controls, cables, membership, trouble });
  const broken = () => desk.broken();
  const proxyUrl = (device: string) => (proxies.urlOf(device) === '' ? '' : `${proxies.urlOf(device)}/`);
  const observer = observe({ world, controls, cables, fleet, records, broken, proxyUrl });
  const live = liveStream({
    server,
    observer,
    desk,
    setup: () => setupOf(options),
    screens: () => world.boards.map(({ screen }) => screen),
    onBoards: (listener) => world.onBoards(listener),
    changes: () => world.trace.events,
    onChange: (listener) => controls.onChange(listener),
    trouble,
    async detail(name) {
      const board = world.boards.find(({ identity }) => identity.name === name);
      return board && detailOf(board, records);
    },
  });
  return { observer, live };
}

function setupOf({ world, controls, fleet, containers, board, examples }: ServerOptions): Setup {
  return {
    version: world.config.version,
    containers,
    seed: world.seed,
    chainId: CHAIN_ID,
    fleet: world.config.fleet,
    operators: world.operators.map(({ name, address }) => ({ name, address })),
    sites: world.sites,
    boards: Object.values(boards),
    looks: looksOf(board ?? 'handheld'),
    faults: controls.faults,
    abi: fleet.abi,
    examples: examples ?? [],
  };
}

/** The page speaks JSON-RPC to where it came from: it needs to know no other port. */
function pageAndRpc(page: Handler, rpc: Server): Handler {
  return async (request, response) => {
    if (request.url !== '/rpc') return page(request, response);
    const { origin } = request.headers;
    // A page of another site could otherwise speak to the fleet through its visitor's browser.
    if (origin === undefined || isLocalName(origin.replace(/^https?:\/\//, '')))
      return void rpc.emit('request', request, response);
    return sendText(response, 403, 'this JSON-RPC is for the page of this emulator');
  };
}
