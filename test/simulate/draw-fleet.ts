import type { Random } from '../../emulator/random.ts';
import { deviceName } from '../../emulator/world.ts';
import { type Act, APPS, type Policy, type Terms } from './acts.ts';

/** What the rest of a plan says of the world. */
export interface Frame {
  readonly devices: number;
  readonly liars: number;
  readonly faultsEndMs: number;
  readonly acts: readonly Act[];
}

/** A fleet lives: boards come and go, people change their minds. */
export interface FleetLife {
  /** All acts, with those of the frame, which may have changed; not in order. */
  readonly acts: readonly Act[];
  /** Of each device at the beginning. */
  readonly labels: readonly (readonly string[])[];
}

const LABELS = ['site=a', 'site=b', 'lane=1'] as const;
/** So many people may be operators in some world or other. */
export const PEOPLE = 5;
const FIRST_OPERATORS = 3;
const DAY_S = 86_400;

/** The same as before where nothing is drawn. Draws from its own stream, so that a frame stays what it was. */
export function drawFleetLife(random: Random, frame: Frame): FleetLife {
  if (!random.chance(0.75)) return { acts: frame.acts, labels: [] };
  // Liars are fewer than half of all, but not of every canary and of every label.
  const hasLabels = frame.liars === 0 && random.chance(0.4);
  const draw = (random: Random): string[] => (hasLabels ? LABELS.filter(() => random.chance(0.4)) : []);
  const labels = hasLabels ? Array.from({ length: frame.devices }, () => draw(random)) : [];
  const releases = drawReleases(random.fork('releases'), frame, hasLabels);
  const releasesMs = releases.map(({ atMs }) => atMs);
  const others = [
    ...drawArrivals(random.fork('arrivals'), frame, releasesMs, draw),
    ...drawDepartures(random.fork('departures'), frame, releasesMs),
    ...drawRelabelling(random.fork('labels'), frame, releasesMs, hasLabels, draw),
    ...drawOperators(random.fork('operators'), frame, releasesMs),
    ...drawPolicies(random.fork('policies'), frame),
    ...drawErrands(random.fork('errands'), frame),
  ];
  return { acts: [...frame.acts.filter((act) => act.do !== 'release'), ...releases, ...others], labels };
}

const pick = <T>(random: Random, list: readonly T[]): T => list[random.between(0, list.length - 1)]!;

/** Often in the midst of a rollout. */
function drawTime(random: Random, { faultsEndMs }: Frame, releasesMs: readonly number[]): number {
  if (random.chance(0.5)) return random.between(0, faultsEndMs);
  return Math.min(faultsEndMs, pick(random, releasesMs) + random.between(0, 15_000));
}

/** Several apps, several proposers, sometimes at the same time; canaries, labels, expiry. */
function drawReleases(random: Random, frame: Frame, hasLabels: boolean): Act[] {
  const drawn: Act[] = [];
  for (const act of frame.acts) {
    if (act.do !== 'release') continue;
    const app = random.chance(0.35) ? APPS[1] : APPS[0];
    const by = random.chance(0.4) ? random.between(1, PEOPLE - 1) : 0;
    const terms = random.chance(0.6) ? { terms: drawTerms(random, frame, hasLabels) } : {};
    drawn.push({ ...act, app, by, ...terms });
    if (!random.chance(0.2)) continue;
    const number = act.number + frame.acts.length;
    drawn.push({ ...act, atMs: act.atMs + random.between(0, 1500), app, by: by + 1, number, good: random.chance(0.7) });
  }
  return drawn;
}

function drawTerms(random: Random, { liars }: Frame, hasLabels: boolean): Terms {
  const inPercent = random.chance(0.5);
  const canary = liars > 0 || random.chance(0.5) ? 0 : random.between(1, inPercent ? 99 : 3);
  return {
    windowS: random.between(15, 120),
    expiresAfterS: random.chance(0.2) ? random.between(1, 60) : 0,
    canary,
    inPercent: inPercent && canary > 0,
    labels: hasLabels && random.chance(0.5) ? [pick(random, LABELS)] : [],
  };
}

/** Each has the name that follows; some are in trouble soon after. */
function drawArrivals(random: Random, frame: Frame, releasesMs: readonly number[], draw: (random: Random) => string[]): Act[] {
  if (!random.chance(0.5)) return [];
  const times = Array.from({ length: random.between(1, 3) }, () => drawTime(random, frame, releasesMs)).sort((a, b) => a - b);
  return times.flatMap((atMs, index) => {
    const join = random.chance(0.6) ? 'token' : random.chance(0.75) ? 'quorum' : 'nobody';
    const come: Act = { atMs, do: 'arrive', join, labels: draw(random) };
    if (!random.chance(0.4)) return [come];
    const devices = [deviceName(frame.devices + index)];
    const [fault, mended] = pick(random, [['kill-firmware', 'boot'], ['cut-power', 'restore-power'], ['cut-network', 'heal-network'], ['stop-engine', 'start-engine']] as const); // biome-ignore format: a table
    const brokenMs = atMs + random.between(0, 8000);
    return [
      come,
      { atMs: brokenMs, do: 'fault', call: { fault, devices } },
      { atMs: brokenMs + random.between(500, 20_000), do: 'fault', call: { fault: mended, devices } },
    ];
  });
}

/** The first device makes the blocks and stays. Where some lie, one of them goes, so that they stay fewer than half. */
function drawDepartures(random: Random, frame: Frame, releasesMs: readonly number[]): Act[] {
  if (!random.chance(0.35)) return [];
  const going =
    frame.liars > 0 ? [frame.devices - 1] : [random.between(1, frame.devices - 1), random.between(1, frame.devices + 1)];
  return [...new Set(going)].slice(0, random.between(1, 2)).map((index) => ({
    atMs: drawTime(random, frame, releasesMs),
    do: 'depart' as const,
    device: deviceName(index),
    isRevoked: random.chance(0.8),
  }));
}

function drawRelabelling(
  random: Random,
  frame: Frame,
  releasesMs: readonly number[],
  hasLabels: boolean,
  draw: (random: Random) => string[],
): Act[] {
  if (!hasLabels) return [];
  return Array.from({ length: random.between(0, 3) }, () => ({
    atMs: drawTime(random, frame, releasesMs),
    do: 'relabel' as const,
    device: deviceName(random.between(0, frame.devices)),
    labels: draw(random),
  }));
}

function drawOperators(random: Random, frame: Frame, releasesMs: readonly number[]): Act[] {
  if (!random.chance(0.25)) return [];
  return Array.from({ length: random.between(1, 2) }, () => {
    const who = Array.from({ length: PEOPLE }, (_, index) => index).filter((index) =>
      random.chance(index < FIRST_OPERATORS ? 0.6 : 0.5),
    );
    const some = who.length > 0 ? who : [0];
    return {
      atMs: drawTime(random, frame, releasesMs),
      do: 'operators' as const,
      who: some,
      threshold: random.between(1, Math.min(3, some.length)),
    };
  });
}

/** The first are there early, so that most releases meet them. */
function drawPolicies(random: Random, frame: Frame): Act[] {
  if (!random.chance(0.3)) return [];
  return Array.from({ length: random.between(1, 2) }, (_, index) => ({
    atMs: random.between(0, index === 0 ? 10_000 : frame.faultsEndMs),
    do: 'policies' as const,
    policies: Array.from({ length: random.between(index === 0 ? 1 : 0, 2) }, () => drawPolicy(random, frame)),
  }));
}

function drawPolicy(random: Random, { faultsEndMs }: Frame): Policy {
  const fromS = random.between(0, Math.floor(faultsEndMs / 1000));
  const untilS = fromS + random.between(5, 90);
  if (random.chance(0.4)) return { is: 'canary time', leastS: random.between(1, 40) };
  return random.chance(0.6)
    ? { is: 'freeze', fromS, untilS }
    : { is: 'window', fromS: Math.floor(fromS / 2), untilS: Math.min(DAY_S, untilS + 60) };
}

/** Sticks are carried, and people go back to what was good. */
function drawErrands(random: Random, frame: Frame): Act[] {
  const atMs = () => random.between(0, frame.faultsEndMs);
  const back: Act[] = random.chance(0.25)
    ? [{ atMs: atMs(), do: 'return', app: pick(random, APPS), by: random.between(0, 2) }]
    : [];
  if (!random.chance(0.3)) return back;
  const [from, to] = [random.between(0, frame.devices - 1), random.between(1, frame.devices - 1)];
  if (from === to) return back;
  return [...back, { atMs: atMs(), do: 'carry', from: deviceName(from), to: deviceName(to) }];
}
