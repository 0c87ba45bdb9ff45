import { type Cycle, createCycle } from './cycle.ts';
import { withDeadline } from './deadline.ts';
import type { DriftEvent } from './drift.ts';
import { createExecutors, type Executors, execute, stepText } from './execute.ts';
import type { Found } from './found.ts';
import { createLooker, type Looker, type LookerOptions } from './looker.ts';
import { createMemory } from './memory.ts';
import { createPlacing, type Placing, type PlacingOptions } from './placing.ts';
import { type Doing, plan, setbackKey } from './plan.ts';
import type { Scheduler } from './scheduler.ts';
import { createSetbacks, sentenceOf } from './setbacks.ts';
import type { Wanted } from './wanted.ts';

export interface ReconcilerOptions extends LookerOptions, PlacingOptions {
  readonly device: string;
  /** A full look at least this often. */
  readonly intervalMs: number;
  /** As long as it is `undefined`, because the ledger does not say, nothing is touched. */
  readonly wanted: () => Wanted | undefined;
  /** Called after every look, before anything is done: routes move first. `undefined`: the engine did not answer. */
  readonly onLook: (found: Found | undefined) => void;
  /** Containers that no longer have a route, and until when each may be answering its last requests. */
  readonly draining: () => ReadonlyMap<string, number>;
  /** The answers of `steps` or `fault` changed. */
  readonly onChange: () => void;
}

/** The engine's own deadlines are shorter; this is for one that keeps none. A step that stops has its grace period on top. */
const STEP_LIMIT_MS = 90_000;
const PULL_LIMIT_MS = 3_600_000;

/** The loop that makes found like wanted: look, plan, do, look again. Serial within an app; apps do not wait for each other. */
export class Reconciler implements Scheduler {
  private readonly options: ReconcilerOptions;
  private readonly executors: Executors;
  private readonly cycle: Cycle;
  private readonly setbacks = createSetbacks();
  /** Steps being done, with their words. */
  private readonly doing = new Map<Doing, string>();
  private readonly lanes = new Set<string>();
  private readonly looker: Looker;
  private readonly placing: Placing;
  private readonly memory = createMemory();
  private readonly unwatch: () => void;
  private currentFault: string | undefined;

  constructor(options: ReconcilerOptions) {
    this.options = options;
    this.looker = createLooker(options);
    this.placing = createPlacing(options);
    this.executors = createExecutors(options.containers, (name) => this.placing.prepare(name));
    this.cycle = createCycle({ ...options, pass: () => this.pass(), failed: (error) => this.failed(error) });
    this.unwatch = this.watch();
  }

  /** Something may have changed: look soon. */
  poke(): void {
    this.cycle.poke();
  }

  /** A secret came, changed or went. */
  secretChanged(name: string): void {
    this.placing.changed(name);
    this.poke();
  }

  /** Steps being done now, in words. */
  steps(): string[] {
    return [...this.doing.values()];
  }

  /** What was put right of late, the newest last. */
  drifts(): readonly DriftEvent[] {
    return this.memory.drifts;
  }

  /** What keeps it from looking, if the engine does not answer. */
  fault(): string | undefined {
    return this.currentFault;
  }

  /** Ends; containers keep running. */
  stop(): void {
    this.cycle.stop();
    this.unwatch();
  }

  /** Hints make things faster and nothing else: without them the periodic look does. */
  private watch(): () => void {
    try {
      return this.options.containers.watch(() => this.poke());
    } catch (error) {
      this.options.log.write('warn', `the container engine gives no hints: ${sentenceOf(error)}`);
      return () => {};
    }
  }

  private async pass(): Promise<void> {
    const wanted = this.options.wanted();
    const found = await this.look(wanted);
    this.cycle.worked();
    this.setFault(undefined);
    if (!this.cycle.isStopped) this.act(found, wanted);
  }

  private failed(error: unknown): void {
    this.setFault(sentenceOf(error));
    if (!this.cycle.isStopped) this.options.onLook(undefined);
  }

  private async look(wanted: Wanted | undefined): Promise<Found> {
    const { clock, secrets } = this.options;
    const { containers, images, unneeded } = await this.looker.look(wanted);
    this.setbacks.forgive(containers, clock.nowMs());
    await this.placing.settle(containers);
    this.memory.looked(containers, wanted);
    const held = { unneeded, secrets: secrets.names() };
    return { containers, images, setbacks: this.setbacks.all, known: this.memory.known, ...held };
  }

  private act(found: Found, wanted: Wanted | undefined): void {
    this.options.onLook(found);
    if (wanted === undefined) return;
    // The ledger has decided meanwhile: which images are here, and which are needed, was asked for something else.
    if (this.options.wanted() !== wanted) {
      this.cycle.again();
      return;
    }
    const nowMs = this.options.clock.nowMs();
    const byLane = new Map<string, Doing[]>();
    for (const step of plan(wanted, { ...found, draining: this.options.draining() }, nowMs)) {
      if (step.do === 'wait') {
        if (step.untilMs !== undefined) this.cycle.ringIn(step.untilMs - nowMs);
        continue;
      }
      const lane = laneOf(step);
      byLane.set(lane, [...(byLane.get(lane) ?? []), step]);
    }
    for (const [lane, steps] of byLane) if (!this.lanes.has(lane)) void this.run(lane, steps, wanted);
  }

  private async run(lane: string, steps: readonly Doing[], wanted: Wanted): Promise<void> {
    this.lanes.add(lane);
    for (const step of steps) {
      // What was planned for another decision of the ledger may be wrong under this one.
      if (this.cycle.isStopped || this.options.wanted() !== wanted) break;
      await this.do(step);
    }
    this.lanes.delete(lane);
    this.poke();
  }

  /** Never rejects: a failure becomes a setback, a log line and another try. */
  private async do(step: Doing): Promise<void> {
    const { clock, device, log, onChange } = this.options;
    const text = stepText(step, device);
    this.doing.set(step, text);
    onChange();
    // Before, not after: killed in between, the device still knows whose image it is.
    if (step.do === 'pull') this.looker.pulling(step.image);
    try {
      await withDeadline(clock, limitMs(step), text, execute(this.executors, step));
      if (step.do === 'start' && step.again) this.setbacks.crashed(step.name, clock.nowMs());
      else this.setbacks.succeeded(setbackKey(step));
      log.write('info', step.app === '' ? text : `${step.app}: ${text}`);
      if (step.do === 'prune') this.looker.removed(step.image);
      this.remember(step);
    } catch (error) {
      const { failures, sentence } = this.setbacks.failed(setbackKey(step), error, clock.nowMs());
      this.looker.spaceChanged();
      log.write('warn', `${step.app}: could not ${text}: ${sentence}${failures > 1 ? ` (attempt ${failures})` : ''}`);
    }
    this.doing.delete(step);
    onChange();
  }

  private remember(step: Doing): void {
    const nowMs = this.options.clock.nowMs();
    const drift = this.memory.did(step, nowMs);
    if (drift === undefined) return;
    this.setbacks.healed(step.do === 'create' ? step.spec.name : (step as { name: string }).name, drift.sentence, nowMs);
    this.options.log.write('warn', `${drift.app}: ${drift.sentence}`);
  }

  private setFault(sentence: string | undefined): void {
    if (sentence === this.currentFault) return;
    const { log, onChange } = this.options;
    if (sentence === undefined) log.write('info', 'the container engine answers again');
    else log.write('error', `the container engine cannot be asked: ${sentence}`);
    this.currentFault = sentence;
    onChange();
  }
}

function limitMs(step: Doing): number {
  if (step.do === 'pull') return PULL_LIMIT_MS;
  return STEP_LIMIT_MS + ('graceMs' in step ? step.graceMs : 0);
}

/** A pull may take an hour; a rollback of the same app must not wait for it. */
function laneOf(step: Doing): string {
  if (step.do === 'pull') return `pull ${step.image}`;
  return step.do === 'prune' ? 'prune' : `app ${step.app}`;
}
