import type { Address, Clock, FoundContainer, FoundService, Logger, Services, Site } from '../ports/index.ts';
import { conditionOfRevision } from '../reconcile/condition.ts';
import { type Cycle, createCycle } from '../reconcile/cycle.ts';
import { withDeadline } from '../reconcile/deadline.ts';
import type { DriftEvent } from '../reconcile/drift.ts';
import type { Found } from '../reconcile/found.ts';
import type { Scheduler } from '../reconcile/scheduler.ts';
import { createSetbacks, sentenceOf } from '../reconcile/setbacks.ts';
import type { Wanted } from '../reconcile/wanted.ts';
import { executeService, serviceStepText } from './execute.ts';
import { toContainers } from './found.ts';
import { planServices, type SwarmDoing, type SwarmFound, type SwarmStep, stepKey } from './plan.ts';
import { wantedServices } from './spec.ts';
import { ROLES, turnOf } from './turn.ts';

export interface SwarmOptions {
  readonly device: string;
  readonly services: Services;
  readonly clock: Clock;
  readonly log: Logger;
  readonly intervalMs: number;
  /** As long as it is `undefined`, nothing is touched. */
  readonly wanted: () => Wanted | undefined;
  /** Devices of this site, after every look: what it should run follows from what each of them should. */
  readonly onSite: (devices: readonly Address[]) => void;
  /** Called after every look, before anything is done. `undefined`: the Swarm did not answer. */
  readonly onLook: (found: Found | undefined) => void;
  readonly draining: () => ReadonlyMap<string, number>;
  readonly onChange: () => void;
  /** The last block of this copy of the ledger. */
  readonly block: () => number;
}

const STEP_LIMIT_MS = 90_000;
/** An engine gives no hints about tasks elsewhere: while any is on its way, all are looked at this often. */
const MOVING_MS = 500;
const DRIFTS_LIMIT = 20;

/**
 * The loop that makes the services of a site like those that are wanted: look, plan, do if it is this manager's turn, look again.
 * Every manager looks and judges; one acts.
 */
export class SwarmScheduler implements Scheduler {
  private readonly options: SwarmOptions;
  private readonly cycle: Cycle;
  private readonly setbacks = createSetbacks();
  private readonly unwatch: () => void;
  private readonly known = new Map<string, string>();
  private readonly agreedSinceMs = new Map<string, number>();
  private readonly agreed = new Map<string, number>();
  private readonly past: DriftEvent[] = [];
  private doing: SwarmDoing | undefined;
  private due = { text: '', sinceMs: 0 };
  private currentFault: string | undefined;

  constructor(options: SwarmOptions) {
    this.options = options;
    this.cycle = createCycle({ ...options, pass: () => this.pass(), failed: (error) => this.failed(error) });
    this.unwatch = options.services.watch(() => this.poke());
  }

  poke(): void {
    this.cycle.poke();
  }

  secretChanged(): void {
    // No release with secrets runs in a Swarm.
  }

  steps(): string[] {
    return this.doing === undefined ? [] : [serviceStepText(this.doing)];
  }

  drifts(): readonly DriftEvent[] {
    return this.past;
  }

  fault(): string | undefined {
    return this.currentFault;
  }

  stop(): void {
    this.cycle.stop();
    this.unwatch();
  }

  private failed(error: unknown): void {
    this.setFault(`the Swarm cannot be asked: ${sentenceOf(error)}`);
    if (!this.cycle.isStopped) this.options.onLook(undefined);
  }

  private async pass(): Promise<void> {
    await this.lookAndAct();
    this.cycle.worked();
  }

  private async lookAndAct(): Promise<void> {
    const { services, onSite, onLook, clock, wanted: read } = this.options;
    const site = await this.answered(services.site());
    if (site.role !== 'manager') {
      this.setFault(ROLES[site.role]);
      onLook(undefined);
      return;
    }
    await this.answered(services.mark(0));
    onSite(site.devices);
    const wanted = read();
    const found = await this.look(wanted, site);
    if (this.cycle.isStopped) return;
    onLook(found);
    if (found.services.some(isMoving)) this.cycle.ringIn(MOVING_MS);
    if (wanted === undefined || read() !== wanted) {
      if (wanted !== undefined) this.cycle.again();
      return;
    }
    const draining = this.options.draining();
    await this.act(planServices(wanted, { ...found, draining }, clock.nowMs()), site, wanted);
  }

  private async look(wanted: Wanted | undefined, site: Site): Promise<SwarmFound> {
    const { services, device, clock } = this.options;
    const specs = wanted === undefined ? [] : wantedServices(wanted, device).map(({ spec }) => spec);
    const list = await this.answered(services.list(specs));
    const { containers, setbacks } = toContainers(list, device);
    this.setbacks.forgive([...containers, ...list.flatMap((service) => steadyOf(service, containers))], clock.nowMs());
    for (const { name, id, differences } of list) if (differences?.length === 0) this.known.set(name, id);
    const names = new Set(specs.map(({ name }) => name));
    for (const name of this.known.keys()) if (!names.has(name)) this.known.delete(name);
    const found: SwarmFound = {
      services: list,
      containers,
      images: new Set(),
      setbacks: new Map([...this.setbacks.all, ...setbacks]),
      known: new Map(this.known),
      agreedSinceMs: this.agreedSinceMs,
      device,
    };
    this.noteAgreed(wanted, found, site);
    return found;
  }

  /** Alone, a device need not wait for the proxies of others. */
  private noteAgreed(wanted: Wanted | undefined, found: Found, { devices }: Site): void {
    const nowMs = this.options.clock.nowMs();
    for (const { app, phase, current } of wanted?.apps ?? []) {
      const isGood = phase === 'active' && conditionOfRevision(current, found, nowMs).is === 'good';
      if (!isGood || this.agreed.get(app) !== current.revision) this.agreedSinceMs.delete(app);
      if (!isGood || this.agreedSinceMs.has(app)) continue;
      this.agreed.set(app, current.revision);
      this.agreedSinceMs.set(app, devices.length > 1 ? nowMs : Number.NEGATIVE_INFINITY);
    }
  }

  private async act(steps: readonly SwarmStep[], site: Site, wanted: Wanted): Promise<void> {
    const { clock, block } = this.options;
    const nowMs = clock.nowMs();
    const doings = steps.filter((step) => step.do !== 'wait');
    for (const step of steps) if (step.do === 'wait' && step.untilMs !== undefined) this.cycle.ringIn(step.untilMs - nowMs);
    const text = doings.map(serviceStepText).join('\n');
    if (text !== this.due.text) this.due = { text, sinceMs: nowMs };
    const turn = turnOf(site, block(), this.due.sinceMs, nowMs);
    this.setFault(turn.is === 'never' ? turn.reason : undefined);
    if (doings.length === 0 || turn.is === 'never') return;
    if (turn.is === 'not yet') return this.cycle.ringIn(turn.untilMs - nowMs);
    await this.answered(this.options.services.mark(block()));
    for (const step of doings) {
      if (this.cycle.isStopped || this.options.wanted() !== wanted) break;
      await this.do(step);
    }
    this.cycle.again();
  }

  /** Never rejects: a failure becomes a setback, a log line and another try; a conflict only another look. */
  private async do(step: SwarmDoing): Promise<void> {
    const { clock, log, services, onChange } = this.options;
    const text = serviceStepText(step);
    this.doing = step;
    onChange();
    try {
      await withDeadline(clock, STEP_LIMIT_MS, text, executeService(services, step));
      this.setbacks.succeeded(stepKey(step));
      log.write('info', `${step.app}: ${text}`);
      if (step.do === 'remove') this.known.delete(step.name);
      this.remember(step);
    } catch (error) {
      const { sentence } = this.setbacks.failed(stepKey(step), error, clock.nowMs());
      log.write('warn', `${step.app}: could not ${text}: ${sentence}`);
    }
    this.doing = undefined;
    onChange();
  }

  private remember({ heals, app, name }: SwarmDoing): void {
    if (heals === undefined) return;
    const atMs = this.options.clock.nowMs();
    this.setbacks.healed(name, heals.sentence, atMs);
    this.past.push({ ...heals, app, atMs });
    if (this.past.length > DRIFTS_LIMIT) this.past.shift();
    this.options.log.write('warn', `${app}: ${heals.sentence}`);
  }

  private answered<T>(promise: Promise<T>): Promise<T> {
    return withDeadline(this.options.clock, STEP_LIMIT_MS, 'the Swarm', promise);
  }

  private setFault(sentence: string | undefined): void {
    if (sentence === this.currentFault) return;
    const { log, onChange } = this.options;
    if (sentence === undefined) log.write('info', 'this device is a manager of its Swarm');
    else log.write('error', sentence);
    this.currentFault = sentence;
    onChange();
  }
}

function isMoving({ tasks }: FoundService): boolean {
  return tasks.some(({ isWanted, state }) => isWanted !== (state === 'running'));
}

/** A service as one container by its name, if all of it runs: since its last task began, nobody has changed it. */
function steadyOf(service: FoundService, containers: readonly FoundContainer[]): FoundContainer[] {
  const running = service.tasks.filter(({ isWanted, state }) => isWanted && state === 'running');
  const last = running.reduce((latest, { sinceMs }) => Math.max(latest, sinceMs), 0);
  const [one] = containers.filter(({ state }) => state === 'running');
  return one === undefined || running.length === 0 || isMoving(service)
    ? []
    : [{ ...one, name: service.name, startedAtMs: last }];
}
