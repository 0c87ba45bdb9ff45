import type { NodeStatus } from '../runtime/node.ts';
import type { Cables } from './cables.ts';
import type { Controls } from './controls.ts';
import { type Feed, ledgerFeed } from './feed.ts';
import type { FleetArtifact } from './fleet.ts';
import { Gauges } from './gauges.ts';
import type { BrokenView, ClockView, Snapshot, TracePoint } from './protocol.ts';
import type { Records } from './records.ts';
import { buildSnapshot, extendTrace } from './snapshot.ts';
import type { World } from './world.ts';

/** Looks at a world from outside, as the page shows it. */
export interface Observer {
  /** Reads what is new and answers the picture. Changes nothing in the world. */
  look(): Promise<Snapshot>;
  /** The world can go no further. */
  crashed(why: string): void;
  readonly feed: Feed;
}

export interface ObserverOptions {
  readonly world: World;
  readonly fleet: FleetArtifact;
  readonly controls: Pick<Controls, 'state'>;
  readonly cables: Pick<Cables, 'look'>;
  readonly records: Pick<Records, 'takeRequests'>;
  readonly broken: () => readonly BrokenView[];
  readonly proxyUrl: (device: string) => string;
}

export function observe(options: ObserverOptions): Observer {
  const { world, fleet, controls, cables, records, broken, proxyUrl } = options;
  const names = new Map<string, string>();
  const learnNames = (): void => {
    for (const { address, name } of [...world.operators, ...world.boards.map(({ identity }) => identity)])
      names.set(address, name);
  };
  learnNames();
  world.onBoards(learnNames);
  const door = (request: string) => world.sequencer.rpc(request);
  const feed = ledgerFeed({ door, abi: fleet.abi, fleet: world.config.fleet, names });
  const gauges = new Gauges();
  const traces = new Map<string, readonly TracePoint[]>();
  let crash: string | undefined;
  let seenBlock = 0;

  return {
    feed,
    crashed(why) {
      crash = why;
    },
    async look() {
      // A sequencer without power cannot be read; the picture keeps what was read before.
      await feed.update().catch(() => false);
      // The world went back in time: what devices ran since has not happened.
      if (feed.head.number < seenBlock) forgetAfter(traces, feed.head.number);
      seenBlock = feed.head.number;
      const clock = clockView(controls, crash);
      const network = cables.look();
      const boards = world.boards.map((board, index) => {
        const status: NodeStatus | undefined = board.status();
        const { name, address } = board.identity;
        const trace = extendTrace(traces.get(name) ?? [], status);
        traces.set(name, trace);
        return {
          name,
          address,
          proxyUrl: proxyUrl(name),
          sequencer: board === world.sequencer,
          looks: board.looks,
          isMember: feed.members.has(address),
          status,
          fault: board.fault,
          trace,
          powered: board.powered,
          cable: network.devices[index]!,
          group: network.groups[index]!,
          memoryBytes: board.memoryHeldBytes(),
          battery: board.battery.percent(),
          skewMs: board.hardwareClock.nowMs() - Math.floor(world.clock.nowMs()),
        };
      });
      const memoryBytes = boards.reduce((sum, board) => sum + board.memoryBytes, 0);
      gauges.add({ elapsedMs: clock.elapsedMs, blocks: feed.takeBlocks(), memoryBytes, requests: records.takeRequests() });
      const { head, release, revisions, rows } = feed;
      const { samples } = gauges;
      const { trunks, delays } = network;
      return buildSnapshot({ clock, head, release, revisions, rows, boards, trunks, delays, broken: broken(), samples });
    },
  };
}

function forgetAfter(traces: Map<string, readonly TracePoint[]>, block: number): void {
  for (const [name, trace] of traces)
    traces.set(
      name,
      trace.filter((point) => point.block <= block),
    );
}

function clockView(controls: Pick<Controls, 'state'>, crashed: string | undefined): ClockView {
  const { paused, speed, elapsedMs, pauseAt, pausedBecause } = controls.state();
  return {
    elapsedMs,
    paused,
    speed,
    ...(pauseAt !== undefined && { pauseAt }),
    ...(pausedBecause !== undefined && { pausedBecause }),
    ...(crashed !== undefined && { crashed }),
  };
}
