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

/** Who can decide now: devices that are not cut off, of all, against the quorum. */
export function reach(snapshot: Snapshot): { reachable: number; total: number; quorum: number | undefined; sentence: string } {
  const total = snapshot.devices.length;
  const reachable = total - countOf(snapshot.devices, 'offline');
  const quorum = snapshot.release?.quorum;
  const can = quorum === undefined ? '' : reachable >= quorum ? ', can decide' : `, cannot decide: ${quorum} needed`;
  return { reachable, total, quorum, sentence: `${reachable} of ${total} together${can}` };
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
