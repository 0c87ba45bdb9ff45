import type { Server } from 'node:http';
import type { Board } from './board.ts';
import type { Controls } from './controls.ts';
import { close, LOCAL_HOST, listen, localServer } from './http.ts';
import { boardProxy } from './proxy.ts';
import type { Records } from './records.ts';
import { type Served, telling } from './served.ts';
import type { World } from './world.ts';

/** The proxies of the boards, each on a port of its own. Boards that come get one too, and those that go lose theirs. */
export interface Proxies {
  /** In the order of the boards. The same list all the time, which changes; empty while a port is not open yet. */
  readonly urls: readonly string[];
  urlOf(device: string): string;
  stop(): Promise<void>;
}

export interface ProxiesOptions {
  readonly world: World;
  readonly controls: Pick<Controls, 'state'>;
  readonly records: Records;
  /** The first one's; 0: any free ones. */
  readonly firstPort: number;
}

interface Open {
  readonly server: Server;
  readonly url: string;
}

/** Opens those of the boards that are there. Rejects with a sentence if a port is taken, and then leaves none open. */
export async function openProxies({ world, controls, records, firstPort }: ProxiesOptions): Promise<Proxies> {
  const proxies = new Map<string, Open>();
  const urls: string[] = [];
  let made = 0;
  let isOver = false;

  const order = (): void => {
    urls.splice(0, urls.length, ...world.boards.map(({ identity }) => proxies.get(identity.name)?.url ?? ''));
  };
  const serverOf = (board: Board): Server => {
    const { name } = board.identity;
    const tell = (request: Served) => records.request(name, { ...request, at: controls.state().elapsedMs });
    const proxy = boardProxy(board, () => world.clock.nowMs());
    return localServer(telling(proxy, tell, () => performance.now()));
  };
  const open = async (board: Board, port: number): Promise<void> => {
    const { name } = board.identity;
    const server = serverOf(board);
    const url = `http://${LOCAL_HOST}:${await listen(server, port, '--port (the devices take the ports after it)')}`;
    proxies.set(name, { server, url });
    if (isOver) void close(server);
    world.network.announce(name, url);
    order();
  };
  const nextPort = (): number => (firstPort === 0 ? 0 : firstPort + made++);
  /** Who comes takes the next port, or any, should that one be taken. */
  const welcome = (board: Board): Promise<void> =>
    open(board, nextPort())
      .catch(() => open(board, 0))
      .catch(() => {});
  const known = new Set<string>();
  const follow = (): void => {
    const names = new Set(world.boards.map(({ identity }) => identity.name));
    for (const [name, { server }] of proxies) if (!names.has(name) && proxies.delete(name)) void close(server);
    for (const board of world.boards) {
      if (known.has(board.identity.name)) continue;
      known.add(board.identity.name);
      void welcome(board);
    }
    order();
  };
  const stop = async (): Promise<void> => {
    isOver = true;
    forget();
    await Promise.all([...proxies.values()].map(({ server }) => close(server)));
  };
  for (const { identity } of world.boards) known.add(identity.name);
  const forget = world.onBoards(follow);
  try {
    for (const board of [...world.boards]) await open(board, nextPort());
  } catch (error) {
    await stop();
    throw error;
  }
  return { urls, urlOf: (device) => proxies.get(device)?.url ?? '', stop };
}
