import type { Server } from 'node:http';
import type { Rectangle } from '../runtime/ports/index.ts';
import type { FleetArtifact } from './fleet.ts';
import { close, LOCAL_HOST, listen, localServer } from './http.ts';
import { type Live, liveStream } from './live.ts';
import { type Observer, observe } from './observer.ts';
import { boardProxy } from './proxy.ts';
import { rpcOverHttp } from './rpc-server.ts';
import { rpcOverWebSocket } from './rpc-socket.ts';
import { staticFiles } from './static-files.ts';
import type { World } from './world.ts';

export interface ServerOptions {
  readonly world: World;
  readonly fleet: FleetArtifact;
  /** Folder of the built page. */
  readonly pageFolder: string;
  /** What the containers are, in words. */
  readonly containers: string;
  /** The page; the devices' proxies take the ports after it. 0: any free ones. */
  readonly port: number;
  readonly rpcPort: number;
}

/** Everything of a world that can be reached from this machine. */
export interface EmulatorServer {
  readonly pageUrl: string;
  readonly rpcUrl: string;
  readonly proxyUrls: readonly string[];
  readonly observer: Observer;
  draw(device: number, rectangle: Rectangle): void;
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
  const page = localServer(staticFiles(options.pageFolder));
  const rpc = localServer(rpcOverHttp((request) => world.sequencer.rpc(request)));
  const endSessions = rpcOverWebSocket(rpc, (send, ended) => world.sequencer.session(send, ended));
  const proxyUrls: string[] = [];
  try {
    const pageUrl = await open(page, port, '--port');
    const rpcUrl = await open(rpc, rpcPort, '--rpc-port');
    for (const [index, board] of world.boards.entries()) {
      const at = port === 0 ? 0 : port + 1 + index;
      const url = await open(
        localServer(boardProxy(board, () => world.clock.nowMs())),
        at,
        `--port (the devices take the ports after it)`,
      );
      proxyUrls.push(url);
      world.network.announce(board.identity.name, url);
    }
    const observer = observe({
      world,
      fleet: options.fleet,
      containers: options.containers,
      proxyUrl: (index) => `${proxyUrls[index]}/`,
    });
    const live = liveOn(page, observer, world);
    const stop = async () => {
      live.stop();
      endSessions();
      await Promise.all(opened.map(close));
    };
    return { pageUrl, rpcUrl, proxyUrls, observer, draw: live.draw, stop };
  } catch (error) {
    await Promise.all(opened.map(close));
    throw error;
  }
}

function liveOn(server: Server, observer: Observer, world: World): Live {
  const screens = world.boards.map(({ screen }) => screen);
  return liveStream({ server, observer, screens, changes: () => world.trace.events });
}
