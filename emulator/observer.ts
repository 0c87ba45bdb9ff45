import type { NodeStatus } from '../runtime/node.ts';
import { type Feed, ledgerFeed } from './feed.ts';
import type { FleetArtifact } from './fleet.ts';
import type { Snapshot, TracePoint } from './protocol.ts';
import { buildSnapshot, extendTrace } from './snapshot.ts';
import type { World } from './world.ts';

/** Looks at a world from outside, as the page shows it. */
export interface Observer {
  /** Reads what is new and answers the picture. Changes nothing in the world. */
  look(): Promise<Snapshot>;
  readonly feed: Feed;
}

export interface ObserverOptions {
  readonly world: World;
  readonly fleet: FleetArtifact;
  readonly containers: string;
  readonly proxyUrl: (device: number) => string;
}

export function observe({ world, fleet, containers, proxyUrl }: ObserverOptions): Observer {
  const startMs = world.clock.nowMs();
  const identities = [...world.operators, ...world.boards.map(({ identity }) => identity)];
  const names = new Map(identities.map(({ address, name }) => [address as string, name]));
  const door = (request: string) => world.sequencer.rpc(request);
  const feed = ledgerFeed({ door, abi: fleet.abi, fleet: world.config.fleet, names });
  const traces: (readonly TracePoint[])[] = world.boards.map(() => []);

  return {
    feed,
    async look() {
      // A sequencer without power cannot be read; the picture keeps what was read before.
      await feed.update().catch(() => false);
      const statuses = world.boards.map((board): NodeStatus | undefined => board.status());
      for (const [index, status] of statuses.entries()) traces[index] = extendTrace(traces[index]!, status);
      return buildSnapshot({
        version: world.config.version,
        containers,
        elapsedMs: world.clock.nowMs() - startMs,
        head: feed.head,
        release: feed.release,
        rows: feed.rows,
        boards: world.boards.map((board, index) => ({
          name: board.identity.name,
          address: board.identity.address,
          proxyUrl: proxyUrl(index),
          sequencer: board === world.sequencer,
          status: statuses[index],
          fault: board.fault,
          trace: traces[index]!,
        })),
      });
    },
  };
}
