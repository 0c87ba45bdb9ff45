import type { Clock, Containers, FoundContainer, Logger } from '../ports/index.ts';
import { withDeadline } from './deadline.ts';
import { createExecutors, execute, stepText } from './execute.ts';
import type { Found } from './found.ts';
import { plan, type Step, setbackKey } from './plan.ts';
import { createSetbacks, sentenceOf } from './setbacks.ts';
import type { Wanted } from './wanted.ts';

/** The loop that makes found like wanted: look, plan, do, look again. Serial within an app; apps do not wait for each other. */
export interface Reconciler {
  /** Something may have changed: look soon. */
  poke(): void;
  /** Steps being done now, in words. */
  steps(): string[];
  /** What keeps it from looking, if the engine does not answer. */
  fault(): string | undefined;
  /** Ends; containers keep running. */
  stop(): void;
}

export interface ReconcilerOptions {
  readonly device: string;
  readonly containers: Containers;
  readonly clock: Clock;
  readonly log: Logger;
  /** A full look at least this often. */
  readonly intervalMs: number;
  /** What is wanted now; `undefined` as long as the ledger does not say: then nothing is touched. */
  readonly wanted: () => Wanted | undefined;
  /** Called after every look, before anything is done: routes move first. `undefined`: the engine did not answer. */
  readonly onLook: (found: Found | undefined) => void;
  /** The answers of `steps` or `fault` changed. */
  readonly onChange: () => void;
}

type Doing = Exclude<Step, { do: 'wait' }>;

const LOOK_LIMIT_MS = 60_000;
const STEP_LIMIT_MS = 300_000;
const PULL_LIMIT_MS = 3_600_000;
/** Hints come in bursts. */
const POKE_DELAY_MS = 20;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;

export function createReconciler(options: ReconcilerOptions): Reconciler {
  const { device, containers, clock, log } = options;
  const executors = createExecutors(containers);
  const setbacks = createSetbacks();
  const running = new Map<Doing, string>();
  const lanes = new Set<string>();
  const imagesHad = new Set<string>();
  let stopped = false;
  let looking = false;
  let lookAgain = false;
  let retryMs = FIRST_RETRY_MS;
  let fault: string | undefined;
  let cancelTimer = () => {};
  let dueAtMs = Number.POSITIVE_INFINITY;

  function lookIn(delayMs: number): void {
    const atMs = clock.nowMs() + delayMs;
    if (stopped || atMs >= dueAtMs) return;
    cancelTimer();
    dueAtMs = atMs;
    cancelTimer = clock.after(Math.max(0, delayMs), () => {
      dueAtMs = Number.POSITIVE_INFINITY;
      void cycle();
    });
  }

  async function cycle(): Promise<void> {
    lookAgain = looking;
    if (looking || stopped) return;
    looking = true;
    try {
      const found = await look();
      if (!stopped) act(found);
      retryMs = FIRST_RETRY_MS;
      setFault(undefined);
    } catch (error) {
      setFault(sentenceOf(error));
      if (!stopped) options.onLook(undefined);
      lookIn(retryMs);
      retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
    } finally {
      looking = false;
      lookIn(lookAgain ? POKE_DELAY_MS : options.intervalMs);
    }
  }

  async function look(): Promise<Found> {
    const found = await withDeadline(clock, LOOK_LIMIT_MS, 'the container engine', containers.list());
    setbacks.forgive(found, clock.nowMs());
    await lookForImages(found);
    return { containers: found, images: new Set(imagesHad), setbacks: setbacks.all };
  }

  /** Asks only about images that a missing container needs. */
  async function lookForImages(found: readonly FoundContainer[]): Promise<void> {
    const names = new Set(found.map(({ name }) => name));
    const revisions =
      options.wanted()?.apps.flatMap(({ current, previous }) => (previous ? [current, previous] : [current])) ?? [];
    const missing = revisions.flatMap((revision) => revision.containers.filter(({ spec }) => !names.has(spec.name)));
    for (const image of new Set(missing.map(({ spec }) => spec.image))) {
      const isHere = await withDeadline(clock, LOOK_LIMIT_MS, 'the container engine', containers.hasImage(image));
      if (isHere) imagesHad.add(image);
      else imagesHad.delete(image);
    }
  }

  function act(found: Found): void {
    options.onLook(found);
    const wanted = options.wanted();
    if (wanted === undefined) return;
    const nowMs = clock.nowMs();
    const byLane = new Map<string, Doing[]>();
    for (const step of plan(wanted, found, nowMs)) {
      if (step.do === 'wait') {
        if (step.untilMs !== undefined) lookIn(step.untilMs - nowMs);
        continue;
      }
      const lane = laneOf(step);
      byLane.set(lane, [...(byLane.get(lane) ?? []), step]);
    }
    for (const [lane, steps] of byLane) if (!lanes.has(lane)) void run(lane, steps, wanted);
  }

  async function run(lane: string, steps: readonly Doing[], wanted: Wanted): Promise<void> {
    lanes.add(lane);
    for (const step of steps) {
      // What was planned for another decision of the ledger may be wrong under this one.
      if (stopped || options.wanted() !== wanted) break;
      await doStep(step);
    }
    lanes.delete(lane);
    lookIn(0);
  }

  async function doStep(step: Doing): Promise<void> {
    const text = stepText(step, device);
    running.set(step, text);
    options.onChange();
    try {
      const limitMs = step.do === 'pull' ? PULL_LIMIT_MS : STEP_LIMIT_MS;
      await withDeadline(clock, limitMs, text, execute(executors, step));
      if (step.do === 'start' && step.again) setbacks.crashed(step.name, clock.nowMs());
      else setbacks.succeeded(setbackKey(step));
      log.write('info', `${step.app}: ${text}`);
    } catch (error) {
      const { failures, sentence } = setbacks.failed(setbackKey(step), error, clock.nowMs());
      log.write('warn', `${step.app}: could not ${text}: ${sentence}${failures > 1 ? ` (attempt ${failures})` : ''}`);
    }
    running.delete(step);
    options.onChange();
  }

  function setFault(sentence: string | undefined): void {
    if (sentence === fault) return;
    if (sentence !== undefined) log.write('error', `the container engine cannot be asked: ${sentence}`);
    else log.write('info', 'the container engine answers again');
    fault = sentence;
    options.onChange();
  }

  const unwatch = watch(containers, () => lookIn(POKE_DELAY_MS), log);
  return {
    poke: () => (looking ? void (lookAgain = true) : lookIn(POKE_DELAY_MS)),
    steps: () => [...running.values()],
    fault: () => fault,
    stop() {
      stopped = true;
      cancelTimer();
      unwatch();
    },
  };
}

/** A pull may take an hour; a roll-back of the same app must not wait for it. */
function laneOf(step: Doing): string {
  return step.do === 'pull' ? `pull ${step.image}` : `app ${step.app}`;
}

/** Hints make things faster and nothing else: without them the periodic look does. */
function watch(containers: Containers, changed: () => void, log: Logger): () => void {
  try {
    return containers.watch(changed);
  } catch (error) {
    log.write('warn', `the container engine gives no hints: ${sentenceOf(error)}`);
    return () => {};
  }
}
