import type { Box } from './box.ts';

/** What the programs of one device share. */
export interface Machine {
  readonly memoryBytes: number;
  readonly cpus: number;
}

/** What a program takes, beyond the little that every one does. */
export interface Appetite {
  /** Memory that it takes and never gives back, in bytes a second. */
  readonly leak: number;
  /** Threads that compute without end. */
  readonly threads: number;
}

/** A small board of today. */
export const MACHINE: Machine = { memoryBytes: 512 * 1024 * 1024, cpus: 4 };
/** A program without an appetite. */
export const BASE_BYTES = 4 * 1024 * 1024;

/** What a container has taken so far in its present run: exact at {@link Usage.atMs}, and growing from there. */
export interface Usage {
  atMs: number;
  bytes: number;
  cpuMs: number;
}

/** Brings what every container has taken up to this moment; to be called before anything about them changes. */
export function settle(boxes: Iterable<Box>, machine: Machine, nowMs: number): void {
  const running = [...boxes].filter(({ state }) => state === 'running');
  for (const box of running) {
    const { usage, appetite } = box;
    const ms = nowMs - usage.atMs;
    if (ms <= 0) continue;
    usage.bytes += (appetite.leak * ms) / 1000;
    usage.cpuMs += Math.min(appetite.threads, allotted(box, running, machine)) * ms;
    usage.atMs = nowMs;
  }
}

/** Whom the kernel ends now: who took more than its limit, and while all together take too much, the one that has most. */
export function starving(boxes: Iterable<Box>, { memoryBytes }: Machine): Box[] {
  const running = [...boxes].filter(({ state }) => state === 'running');
  const ended = running.filter((box) => box.usage.bytes >= memoryLimit(box));
  const left = running.filter((box) => !ended.includes(box)).sort((one, other) => other.usage.bytes - one.usage.bytes);
  for (let total = sum(left); total >= memoryBytes; total = sum(left)) ended.push(left.shift()!);
  return ended;
}

/** In how many milliseconds memory will be short, if all goes on like this; `undefined`: never. */
export function shortageMs(boxes: Iterable<Box>, { memoryBytes }: Machine): number | undefined {
  const running = [...boxes].filter(({ state }) => state === 'running');
  const leaking = running.filter(({ appetite }) => appetite.leak > 0);
  if (leaking.length === 0) return undefined;
  const leaks = leaking.reduce((total, { appetite }) => total + appetite.leak, 0);
  const own = leaking.map((box) => (memoryLimit(box) - box.usage.bytes) / box.appetite.leak);
  const seconds = Math.min(...own, (memoryBytes - sum(running)) / leaks);
  return Math.max(1, Math.ceil(seconds * 1000));
}

/**
 * How fast a program's own work goes, 1 being as fast as it can: containers get equal parts of the processors up to their limits, and
 * the threads of one container equal parts of its own. `undefined`: work of the engine itself, which competes as a container does.
 */
export function speed(box: Box | undefined, boxes: Iterable<Box>, machine: Machine): number {
  const running = [...boxes].filter(({ state }) => state === 'running');
  return Math.min(1, allotted(box, running, machine) / (1 + (box?.appetite.threads ?? 0)));
}

/** Processors that a container gets if it wants all it can have. */
function allotted(box: Box | undefined, running: readonly Box[], { cpus }: Machine): number {
  const rivals = running.filter((other) => other !== box && other.appetite.threads > 0);
  const wants = rivals.map((rival) => Math.min(rival.appetite.threads, cpuLimit(rival))).sort((one, other) => one - other);
  let left = cpus;
  let sharers = wants.length + 1;
  // Who wants less than an equal part leaves the rest to the others.
  for (const want of wants) {
    if (want > left / sharers) break;
    left -= want;
    sharers -= 1;
  }
  return Math.min(left / sharers, box ? cpuLimit(box) : cpus);
}

function memoryLimit({ spec, changed }: Box): number {
  return (changed.memoryBytes ?? spec.memoryBytes) || Number.POSITIVE_INFINITY;
}

function cpuLimit({ spec, changed }: Box): number {
  const nanoCpus = (changed.nanoCpus ?? spec.nanoCpus) || Number.POSITIVE_INFINITY;
  return nanoCpus / 1e9;
}

function sum(boxes: readonly Box[]): number {
  return boxes.reduce((total, { usage }) => total + usage.bytes, 0);
}
