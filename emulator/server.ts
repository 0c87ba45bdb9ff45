import type { Server } from 'node:http';
import type { Rectangle } from '../runtime/ports/index.ts';
import { looksOf } from './boards/index.ts';
import { cablesOf } from './cables.ts';
import type { Controls } from './controls.ts';
import { createDesk } from './desk.ts';
import { detailOf } from './detail.ts';
import type { FleetArtifact } from './fleet.ts';
import { close, type Handler, isLocalName, LOCAL_HOST, listen, localServer, sendText } from './http.ts';
import { type Live, liveStream } from './live.ts';
import { type Observer, observe } from './observer.ts';
import type { Setup } from './protocol.ts';
import { boardProxy } from './proxy.ts';
import { createRecords, type Records } from './records.ts';
import { type MakeRpcServer, sequencerRpc } from './rpc-door.ts';
import { type Served, telling } from './served.ts';
import { sitesOf } from './sites.ts';
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
  const proxyUrls: string[] = [];
  try {
    const pageUrl = await open(page, port, '--port');
    const rpcUrl = await open(rpc, rpcPort, '--rpc-port');
    for (const [index, board] of world.boards.entries()) {
      const at = port === 0 ? 0 : port + 1 + index;
      const { name } = board.identity;
      const tell = (request: Served) => records.request(name, { ...request, at: options.controls.state().elapsedMs });
      const proxy = telling(
        boardProxy(board, () => world.clock.nowMs()),
        tell,
        () => performance.now(),
      );
      const url = await open(localServer(proxy), at, `--port (the devices take the ports after it)`);
      proxyUrls.push(url);
      world.network.announce(name, url);
    }
    const { observer, live } = liveOn(page, options, records, proxyUrls);
    const stop = async () => {
      live.stop();
      await Promise.all(opened.map(close));
    };
    const named = namer([...world.operators, ...world.boards.map(({ identity }) => identity)]);
    const log = (device: string, level: string, message: string) =>
      records.log(device, { at: options.controls.state().elapsedMs, level, text: named(message) });
    return {
      pageUrl,
      rpcUrl,
      proxyUrls,
      observer,
      draw: (device, drawn) => live.draw(device, drawn),
      log,
      crashed: observer.crashed,
      stop,
    };
  } catch (error) {
    await Promise.all(opened.map(close));
    throw error;
  }
}

/** Puts names where addresses of this world stand, as people read them. */
function namer(identities: readonly { readonly name: string; readonly address: string }[]): (text: string) => string {
  const names = new Map(identities.map(({ name, address }) => [address.toLowerCase(), name]));
  return (text) => text.replace(/\b0x[0-9a-f]{40}\b/gi, (address) => names.get(address.toLowerCase()) ?? address);
}

function liveOn(
  server: Server,
  options: ServerOptions,
  records: Records,
  proxyUrls: readonly string[],
): { observer: Observer; live: Live } {
  const { world, controls, fleet } = options;
  const sites = sitesOf(world.boards.length);
  const cables = cablesOf(world, controls, sites);
  const desk = createDesk({ world, controls, cables });
  const broken = () => desk.broken();
  const observer = observe({ world, controls, cables, fleet, records, broken, proxyUrl: (index) => `${proxyUrls[index]}/` });
  const live = liveStream({
    server,
    observer,
    desk,
    setup: setupOf(options, sites),
    screens: world.boards.map(({ screen }) => screen),
    changes: () => world.trace.events,
    onChange: (listener) => controls.onChange(listener),
    trouble: options.trouble ?? (() => {}),
    async detail(name) {
      const board = world.boards.find(({ identity }) => identity.name === name);
      return board && detailOf(board, records);
    },
  });
  return { observer, live };
}

function setupOf({ world, controls, fleet, containers, board, examples }: ServerOptions, sites: Setup['sites']): Setup {
  return {
    version: world.config.version,
    containers,
    seed: world.seed,
    chainId: CHAIN_ID,
    fleet: world.config.fleet,
    operators: world.operators.map(({ name, address }) => ({ name, address })),
    sites,
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
