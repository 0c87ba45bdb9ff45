import type { DeviceView, Snapshot, ViewState } from '../protocol.ts';

/** The four states in the order in which they are counted. */
export const STATES: readonly ViewState[] = ['healthy', 'changing', 'failed', 'offline'];

/** Hours, minutes and seconds, and apart from them the milliseconds, which are printed in grey. */
export function elapsedParts(ms: number): [clock: string, rest: string] {
  const seconds = Math.floor(ms / 1000);
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(two).join(':');
  return [clock, `.${Math.floor((ms % 1000) / 100)}`];
}

/** Time of day of a block, in UTC: `14:32:07`. */
export function timeOfDay(seconds: number): string {
  return [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, Math.floor(seconds) % 60].map(two).join(':');
}

/** A number in groups of three, with thin spaces, as it is: never rounded. */
export function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, '\u2009');
}

export function shortened(hex: string): string {
  return hex.length > 14 ? `${hex.slice(0, 8)}…${hex.slice(-4)}` : hex;
}

/** Where a link leads, without what is the same for all: `127.0.0.1:4401`. */
export function hostOf(url: string): string {
  return url.replace(/^https?:\/\//, '').replace(/\/$/, '');
}

/** What tells a device's name from the others': of `pad-05` the number. */
export function shortName(name: string): string {
  return name.replace(/^.*-/, '');
}

export function countOf(devices: readonly DeviceView[], state: ViewState): number {
  return devices.filter((device) => device.state === state).length;
}

/** Who can decide now: the largest group of devices that reach each other, against the quorum. */
export interface Reach {
  readonly group: number;
  readonly reachable: number;
  readonly total: number;
  readonly quorum: number;
  readonly isLost: boolean;
  readonly sentence: string;
}

export function reach({ devices, release }: Pick<Snapshot, 'devices' | 'release'>): Reach {
  const sizes = new Map<number, number>();
  for (const { group, powered } of devices) if (powered) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  const [group, reachable] = [...sizes].reduce((best, one) => (one[1] > best[1] ? one : best), [-1, 0]);
  const total = devices.length;
  // The contract's rule: more than half of the enrolled devices.
  const quorum = release?.quorum ?? Math.floor(total / 2) + 1;
  const isLost = reachable < quorum;
  const can = isLost ? `cannot decide: ${quorum} needed` : 'can decide';
  return { group, reachable, total, quorum, isLost, sentence: `${reachable} of ${total} together, ${can}` };
}

/** Bytes in the unit that fits. */
export function bytesText(bytes: number): string {
  return bytes >= 1024 ** 3 ? `${(bytes / 1024 ** 3).toFixed(1)} GiB` : `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}

/** A span of time, short: `+3 ms`, `-2 h`. */
export function spanText(ms: number): string {
  const sign = ms < 0 ? '-' : '+';
  const units: readonly (readonly [size: number, name: string])[] = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
    [1000, 's'],
    [1, 'ms'],
  ];
  const [size, name] = units.find(([one]) => Math.abs(ms) >= one) ?? [1, 'ms'];
  const value = Math.abs(ms) / size;
  return `${sign}${value >= 10 || Number.isInteger(value) ? Math.round(value) : value.toFixed(1)} ${name}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
