import type { NodeStatus, ReleaseStatus } from '../node.ts';
import type { Device } from '../ports/index.ts';
import type { MarkName } from './shapes.ts';

/** What every screen shows at its edge: who this is, and what it knows of the world. */
export interface Surroundings {
  readonly name: string;
  readonly address: string;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  readonly batteryPercent?: number;
  readonly peers: number;
  /** Number of the head block. */
  readonly head: number;
  readonly memory?: { readonly usedBytes: number; readonly totalBytes: number };
}

/** One line of the self-test. */
export interface Check {
  readonly name: string;
  readonly state: MarkName;
  /** What was found, in a word or two: `320x528`, `Docker 20.10.24`, `waiting`. */
  readonly found: string;
}

/** Everything the LCD says at one moment. */
export type ScreenModel = Surroundings &
  (
    | { readonly screen: 'self-test'; readonly version: string; readonly checks: readonly Check[] }
    | { readonly screen: 'empty' }
    | {
        readonly screen: 'status' | 'alone' | 'fault';
        readonly release: ReleaseStatus;
        readonly others: readonly ReleaseStatus[];
      }
    | { readonly screen: 'changing'; readonly release: ReleaseStatus; readonly steps: readonly string[] }
  );

type Seen = Pick<Device, 'batteryPercent' | 'memory'>;

/** The screen that fits a node's status. */
export function screenModel(status: NodeStatus, device: Seen, nowMs: number): ScreenModel {
  const { name, address, head, peers } = status;
  const around = { ...surroundings({ name, address }, device, nowMs), peers: peers.length, head: head.number };
  const releases = [...status.releases].sort((a, b) => urgency(b) - urgency(a));
  const [release, ...others] = releases;
  if (!release) return { ...around, screen: 'empty' };
  if (status.state === 'changing') return { ...around, screen: 'changing', release, steps: status.steps };
  if (status.state === 'failed') return { ...around, screen: 'fault', release, others };
  return { ...around, screen: status.state === 'offline' ? 'alone' : 'status', release, others };
}

/** The screen shown while a node boots; `checks` change from `offline` (waiting) over `changing` to `healthy` or `failed`. */
export function selfTestModel(
  device: Pick<Device, 'name' | 'address'> & Seen,
  version: string,
  checks: readonly Check[],
  nowMs: number,
): ScreenModel {
  return { ...surroundings(device, device, nowMs), peers: 0, head: 0, screen: 'self-test', version, checks };
}

function surroundings(who: Pick<Device, 'name' | 'address'>, device: Seen, nowMs: number) {
  const batteryPercent = device.batteryPercent();
  const memory = device.memory();
  return {
    name: who.name,
    address: who.address,
    nowMs,
    ...(batteryPercent === undefined ? {} : { batteryPercent }),
    ...(memory === undefined ? {} : { memory }),
  };
}

/** Which of several releases the screen speaks of: a failed one before one on the way, before the rest. */
function urgency(release: ReleaseStatus): number {
  if (release.health === 'unhealthy') return 2;
  return release.health === 'starting' || release.phase !== 'active' ? 1 : 0;
}
