import type { Clock, ContainerSpec, ContainerState, FoundConfig, Health } from '../../runtime/ports/index.ts';
import { type Appetite, BASE_BYTES, type Usage } from './machine.ts';
import type { Program, VirtualRequest, VirtualResponse } from './programs.ts';

/** One virtual container. Its life is driven by the clock; nothing else moves it. */
export interface Box {
  readonly id: string;
  readonly spec: ContainerSpec;
  readonly program: Program;
  /** A container that somebody else made on this engine. */
  readonly foreign: boolean;
  state: ContainerState;
  health: Health;
  exitCode: number;
  /** Whether it ended last because memory was short. */
  outOfMemory: boolean;
  startedAtMs: number | undefined;
  /** Automatic restarts since it was last started by hand. */
  restartCount: number;
  /** Stopped by hand: the restart policy is silent until it is started again. */
  stopped: boolean;
  listening: boolean;
  failures: number;
  log: string[];
  /** What somebody changed past the port. */
  changed: Partial<FoundConfig>;
  /** What its present run takes. */
  appetite: Appetite;
  usage: Usage;
  /** Timers of the present run. */
  timers: (() => void)[];
}

/** What a life needs of its engine. */
export interface World {
  readonly clock: Clock;
  changed(): void;
  /** Before a program starts or ends, so that what it shares with others is counted up to here. */
  settle(): void;
  /** After that: memory may now be short at another time. */
  watchMemory(): void;
  appetiteOf(box: Box): Appetite;
  /** How long work of so many milliseconds takes in a container, with what else runs there. */
  stretched(box: Box, ms: number): number;
  /** Whether the health check that is due fails whatever it asks. */
  spoils(): boolean;
}

export const KILLED = 137;
/** Work that a health check makes inside of the container. */
const PROBE_MS = 25;
const LOG_LINES = 1000;
/** The engine waits 100 ms before the first restart and doubles up to a minute; a run of 10 s starts the series anew. */
const FIRST_RESTART_MS = 100;
const LAST_RESTART_MS = 60_000;
const STEADY_MS = 10_000;

export function createBox(id: string, spec: ContainerSpec, program: Program, foreign: boolean): Box {
  return {
    id,
    spec,
    program,
    foreign,
    state: 'created',
    health: hasCheck(spec) ? 'starting' : 'none',
    exitCode: 0,
    outOfMemory: false,
    startedAtMs: undefined,
    restartCount: 0,
    stopped: false,
    listening: false,
    failures: 0,
    log: [],
    changed: {},
    appetite: { leak: 0, threads: 0 },
    usage: { atMs: 0, bytes: 0, cpuMs: 0 },
    timers: [],
  };
}

/** Starts the program; the caller has made sure that it does not run. */
export function begin(box: Box, world: World): void {
  clearTimers(box);
  world.settle();
  box.state = 'running';
  box.appetite = world.appetiteOf(box);
  box.usage = { atMs: world.clock.nowMs(), bytes: BASE_BYTES, cpuMs: 0 };
  box.health = hasCheck(box.spec) ? 'starting' : 'none';
  box.startedAtMs = world.clock.nowMs();
  box.failures = 0;
  const end = box.program.end(box.spec);
  if (end) box.timers.push(world.clock.after(end.afterMs, () => finish(box, world, end.exitCode)));
  else box.timers.push(world.clock.after(world.stretched(box, box.program.bootMs), () => listen(box)));
  scheduleProbe(box, world);
  world.watchMemory();
  world.changed();
}

/** The program ended with this code, by itself or by force; the restart policy decides what follows. */
export function finish(box: Box, world: World, exitCode: number, outOfMemory = false): void {
  clearTimers(box);
  world.settle();
  box.listening = false;
  box.outOfMemory = outOfMemory;
  box.exitCode = exitCode;
  box.health = hasCheck(box.spec) ? 'unhealthy' : 'none';
  write(box, `ended with exit code ${exitCode}`);
  const again = !box.stopped && exitCode !== 0 && box.restartCount < box.spec.restarts;
  box.state = again ? 'restarting' : 'exited';
  if (again) box.timers.push(world.clock.after(restartDelayMs(box, world), () => restart(box, world)));
  world.watchMemory();
  world.changed();
}

/** Ends a container by hand: asks, waits, kills. Calls back when it is over. */
export function halt(box: Box, world: World, graceMs: number, done: () => void): void {
  box.stopped = true;
  if (box.state === 'restarting') {
    finish(box, world, box.exitCode, box.outOfMemory);
    done();
    return;
  }
  const stopMs = box.program.stopMs(box.spec);
  const willing = stopMs !== undefined && stopMs <= graceMs;
  const run = box.startedAtMs;
  const over = () => {
    if (box.state === 'running' && box.startedAtMs === run) finish(box, world, willing ? 0 : KILLED);
    done();
  };
  world.clock.after(willing ? stopMs : graceMs, over);
}

/** The power goes: no grace, no restarts, no further event until {@link recover}. */
export function cut(box: Box): void {
  clearTimers(box);
  box.listening = false;
  if (box.state !== 'running' && box.state !== 'restarting') return;
  box.exitCode = KILLED;
  box.outOfMemory = false;
  box.state = 'exited';
  box.health = hasCheck(box.spec) ? 'unhealthy' : 'none';
}

/** The engine is back: what was cut off and has restarts left starts again, as `on-failure` does. */
export function recover(box: Box, world: World): void {
  const again = box.state === 'exited' && !box.stopped && box.exitCode !== 0 && box.restartCount < box.spec.restarts;
  if (again) restart(box, world);
}

/** An HTTP answer, or `undefined` where nobody listens. */
export function ask(box: Box, port: number, request: VirtualRequest): VirtualResponse | undefined {
  return box.state === 'running' && box.listening ? box.program.answer(box.spec, port, request) : undefined;
}

export function clearTimers(box: Box): void {
  for (const cancel of box.timers.splice(0)) cancel();
}

function restart(box: Box, world: World): void {
  box.restartCount += 1;
  begin(box, world);
}

function restartDelayMs(box: Box, world: World): number {
  const ranMs = world.clock.nowMs() - (box.startedAtMs ?? 0);
  if (ranMs >= STEADY_MS) return FIRST_RESTART_MS;
  return Math.min(LAST_RESTART_MS, FIRST_RESTART_MS * 2 ** box.restartCount);
}

function listen(box: Box): void {
  box.listening = true;
  for (const line of box.program.greet(box.spec)) write(box, line);
}

function write(box: Box, line: string): void {
  box.log.push(line);
  if (box.log.length > LOG_LINES) box.log.shift();
}

function hasCheck(spec: ContainerSpec): boolean {
  return spec.healthcheck !== undefined && spec.healthcheck.test[0] !== 'NONE';
}

/** Probes every interval: the first success makes it healthy, `retries` failures in a row after the start period unhealthy. */
function scheduleProbe(box: Box, world: World): void {
  const check = box.spec.healthcheck;
  if (check === undefined || !hasCheck(box.spec)) return;
  const probe = () => {
    const before = box.health;
    const inTime = world.stretched(box, PROBE_MS) <= check.timeoutMs;
    const good = inTime && passes(box, check.test) && !world.spoils();
    const early = world.clock.nowMs() - (box.startedAtMs ?? 0) < check.startPeriodMs && box.health === 'starting';
    box.failures = good ? 0 : box.failures + (early ? 0 : 1);
    if (good) box.health = 'healthy';
    else if (box.failures >= check.retries) box.health = 'unhealthy';
    if (box.health !== before) world.changed();
    scheduleProbe(box, world);
  };
  box.timers.push(world.clock.after(check.intervalMs, probe));
}

/**
 * What the command of a health check would say, as far as one can tell without running it: a URL of the container
 * itself is asked, `false` and `exit N` fail, everything else passes as soon as the program listens.
 */
function passes(box: Box, test: readonly string[]): boolean {
  const line = test.slice(1).join(' ');
  const url = /https?:\/\/(?:127\.0\.0\.1|localhost|\[::1\])(?::(\d+))?(\/[^\s'"|;&]*)?/.exec(line);
  if (url) {
    const answer = ask(box, Number(url[1] ?? '80'), { method: 'GET', path: url[2] ?? '/' });
    return answer !== undefined && answer.status < 400;
  }
  if (/(^|\/)false$|exit [1-9]/.test(line)) return false;
  return box.listening || /(^|\/)true$|exit 0/.test(line);
}
