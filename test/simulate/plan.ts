import type { FaultCall } from '../../emulator/faults.ts';
import type { liars } from '../../emulator/liars.ts';
import { type Random, seededRandom } from '../../emulator/random.ts';
import { deviceName } from '../../emulator/world.ts';
import type { Act } from './acts.ts';
import { drawFleetLife } from './draw-fleet.ts';

/** A random world: everything in it follows from these. */
export interface Plan {
  readonly seed: string;
  readonly devices: number;
  /** How many, the last ones, vote falsely; always a minority that cannot decide alone. */
  readonly liars: number;
  /** How each of them lies: names of rogues. The plain one, where there are fewer names. */
  readonly lies?: readonly Lie[];
  /** They also turn round the votes of others, and blocks with votes, and send them on. */
  readonly forge: boolean;
  /** What the devices carry from the beginning, in order; nothing where absent. */
  readonly labels?: readonly (readonly string[])[];
  /** In order. */
  readonly acts: readonly Act[];
  /** From then on nothing is broken any more. */
  readonly faultsEndMs: number;
}

export type Lie = keyof typeof liars;

interface Drawn {
  readonly fault: string;
  readonly mendedBy?: string;
  /** Draws an amount. */
  readonly amount?: (random: Random) => number;
  /** On how many devices at most, as a share. */
  readonly share: number;
  readonly pairs?: true;
}

const within = (low: number, high: number) => (random: Random) => random.between(low, high);
const DAY_MS = 86_400_000;

/** What can be drawn. Those that are mended at the end only have no {@link Drawn.mendedBy}. */
const drawn: readonly Drawn[] = [
  { fault: 'cut-power', mendedBy: 'restore-power', share: 1 },
  { fault: 'cut-power', mendedBy: 'restore-power', share: 0.4 },
  { fault: 'kill-firmware', mendedBy: 'boot', share: 1 },
  { fault: 'cut-power-at-write', mendedBy: 'restore-power', amount: within(1, 6), share: 0.6 },
  { fault: 'cut-power-after-write', mendedBy: 'restore-power', amount: within(1, 6), share: 0.6 },
  { fault: 'tear-write', mendedBy: 'restore-power', amount: within(1, 6), share: 0.6 },
  { fault: 'shred-write', mendedBy: 'restore-power', amount: within(1, 6), share: 0.6 },
  { fault: 'delay-writes', amount: within(1, 8), share: 0.4 },
  { fault: 'rot', amount: within(1, 4), share: 0.5 },
  { fault: 'fill-store', mendedBy: 'free-store', share: 0.4 },
  { fault: 'cut-network', mendedBy: 'heal-network', share: 0.5 },
  { fault: 'cut-network', mendedBy: 'heal-network', share: 0.4, pairs: true },
  { fault: 'delay', mendedBy: 'heal-network', amount: within(50, 8000), share: 1 },
  { fault: 'loss', mendedBy: 'heal-network', amount: within(5, 70), share: 1 },
  { fault: 'repeat', mendedBy: 'heal-network', amount: within(5, 100), share: 1 },
  { fault: 'reorder', mendedBy: 'heal-network', amount: within(5, 100), share: 1 },
  { fault: 'slow-network', mendedBy: 'heal-network', amount: within(1000, 50_000), share: 1 },
  { fault: 'stop-engine', mendedBy: 'start-engine', share: 0.6 },
  { fault: 'restart-engine', share: 0.8 },
  { fault: 'crash-container', share: 1 },
  { fault: 'corrupt-image', mendedBy: 'mend-image', share: 0.4 },
  { fault: 'flaky-health', mendedBy: 'steady-health', amount: within(5, 60), share: 0.6 },
  { fault: 'leak-memory', mendedBy: 'stop-leaks', amount: within(4, 200), share: 0.6 },
  { fault: 'hog-cpu', mendedBy: 'calm-cpu', amount: within(4, 400), share: 0.6 },
  { fault: 'slow-engine', mendedBy: 'quick-engine', amount: within(2, 60), share: 0.6 },
  { fault: 'fail-pulls', mendedBy: 'allow-pulls', share: 0.6 },
  { fault: 'drain-battery', mendedBy: 'restore-power', amount: within(0, 1), share: 0.4 },
  { fault: 'skew-clock', amount: (random) => random.between(-400, 400) * DAY_MS, share: 0.4 },
  { fault: 'skew-clock', amount: within(-600_000, 600_000), share: 1 },
  { fault: 'drift-clock', amount: within(-50_000, 50_000), share: 1 },
];

const LIES: readonly Lie[] = ['liar', 'two-tongued', 'double-voter', 'impostor'];
const LONGEST_FAULT_MS = 60_000;

/** Draws a world. The same seed and version of this file give the same. */
export function drawPlan(seed: string): Plan {
  const random = seededRandom(`plan ${seed}`);
  const devices = random.between(3, 7);
  const most = Math.ceil(devices / 2) - 1;
  const some = random.chance(0.2) ? random.between(0, most) : 0;
  const { liars, lies } = drawLies(random.fork('lies'), some, most);
  const forge = random.chance(0.5);
  const faultsEndMs = random.between(30, 180) * 1000;
  const acts: Act[] = [];
  for (let number = 1, releases = random.between(1, 5); number <= releases; number += 1) {
    // The first one is good and early, so that there is something to return to.
    const atMs = number === 1 ? 0 : random.between(5000, faultsEndMs);
    acts.push({ atMs, do: 'release', good: number === 1 || random.chance(0.6), number });
  }
  if (random.chance(0.25)) acts.push(...drawLeaving(random, devices, liars, acts.at(-1)!.atMs));
  for (let faults = random.between(0, 10); faults > 0; faults -= 1) acts.push(...drawFault(random, devices, faultsEndMs));
  const life = drawFleetLife(random.fork('fleet'), { devices, liars, faultsEndMs, acts });
  const inOrder = [...life.acts].sort((one, other) => one.atMs - other.atMs);
  return { seed, devices, liars, lies, forge, labels: life.labels, faultsEndMs, acts: inOrder };
}

/** Some liars become more at times, and each lies in its own way. */
function drawLies(random: Random, some: number, most: number): { liars: number; lies: Lie[] } {
  const liars = some === 0 && random.chance(0.25) ? random.between(1, most) : some;
  return { liars, lies: Array.from({ length: liars }, () => LIES[random.between(0, LIES.length - 1)]!) };
}

/** A device leaves in the middle of a rollout, after its vote and before those of others. Liars stay fewer than half. */
function drawLeaving(random: Random, devices: number, liars: number, releaseMs: number): Act[] {
  const names = Array.from({ length: devices }, (_, index) => deviceName(index));
  const leaving = liars > 0 ? devices - 1 : random.between(1, devices - 1);
  const slow = names.filter((_, index) => index !== leaving && random.chance(0.7));
  const leave: Act = { atMs: releaseMs + random.between(2000, 9000), do: 'revoke', device: names[leaving]! };
  if (slow.length === 0) return [leave];
  const fault = (atMs: number, name: string, amount?: number): Act => ({
    atMs,
    do: 'fault',
    call: { fault: name, devices: slow, ...(amount !== undefined && { amount }) },
  });
  return [fault(releaseMs, 'slow-engine', random.between(5, 20)), leave, fault(releaseMs + 30_000, 'quick-engine')];
}

function drawFault(random: Random, devices: number, endMs: number): Act[] {
  const { fault, mendedBy, amount, share, pairs } = drawn[random.between(0, drawn.length - 1)]!;
  const atMs = random.between(0, endMs);
  const some = drawNames(random, devices, share);
  const others = pairs ? { others: drawNames(random, devices, 1).filter((name) => !some.includes(name)) } : {};
  const call: FaultCall = { fault, devices: some, ...others, ...(amount && { amount: amount(random) }) };
  const acts: Act[] = [{ atMs, do: 'fault', call }];
  if (mendedBy !== undefined) {
    const mendMs = Math.min(endMs, atMs + random.between(200, LONGEST_FAULT_MS));
    acts.push({ atMs: mendMs, do: 'fault', call: { fault: mendedBy, devices: some, ...others } });
  }
  return acts;
}

function drawNames(random: Random, devices: number, share: number): string[] {
  const most = Math.max(1, Math.floor(devices * share));
  const count = random.between(1, most);
  const names = Array.from({ length: devices }, (_, index) => deviceName(index));
  return Array.from({ length: count }, () => names.splice(random.between(0, names.length - 1), 1)[0]!).sort();
}

/** What undoes every fault there is, at the end. */
export const amends: readonly string[] = [
  'heal-network',
  'safe-writes',
  'free-store',
  'start-engine',
  'mend-image',
  'steady-health',
  'stop-leaks',
  'calm-cpu',
  'quick-engine',
  'allow-pulls',
  'charge-battery',
  'set-clock',
  'restore-power',
  'boot',
];
