import type { FleetEvent } from '../contracts/fleet.ts';
import type { LogFields } from '../contracts/log-kinds.ts';
import type { Outbox } from '../contracts/outbox.ts';
import type { Head } from '../ledger/ledger.ts';
import type { Clock, Exchange, Logger, Ports, Store } from '../ports/index.ts';
import { type Alarm, createAlarm } from '../reconcile/alarm.ts';
import type { DriftEvent } from '../reconcile/drift.ts';
import type { Found } from '../reconcile/found.ts';
import type { Wanted } from '../reconcile/wanted.ts';
import { createWatcher, type Happening } from './happenings.ts';
import { type Journal, openJournal } from './journal.ts';
import { type SlowClock, watchSlowClock } from './slow-clock.ts';
import { openSpool, outdated, type Spool } from './spool.ts';
import { createThrottle } from './throttle.ts';
import { batchFields, type OpenBatch, openBatch } from './traffic.ts';

export interface ServiceOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly vm: Pick<Ports['vm'], 'sha256'>;
  readonly device: Pick<Ports['device'], 'address'>;
  readonly log: Logger;
  readonly outbox: Outbox;
  /** Seconds of one batch of traffic; 0: traffic is not logged. */
  readonly intervalSeconds: number;
}

interface Open {
  readonly batch: OpenBatch;
  readonly spool: Spool;
}

/** What waits is looked after this often; the outbox has its own patience with what fails. */
const SEND_MS = 5_000;
/** Of one kind of one app: a few at once, then one in ten minutes. */
const BURST = 5;
const EVERY_MS = 600_000;
/** Apps and revisions with traffic in one interval. */
const MOST_BATCHES = 64;
/** Devices send one after the other: a turn is so much of the interval. */
const TURN_SHARE = 0.005;

/** What this device did for its users and what befell it, on the way to the ledger. */
export class ServiceLog {
  private readonly options: ServiceOptions;
  private readonly journal: Journal;
  private readonly watcher = createWatcher();
  private readonly throttle = createThrottle(BURST, EVERY_MS);
  private readonly slowClock: SlowClock;
  private readonly closing: Alarm;
  private readonly sending: Alarm;
  private readonly open = new Map<string, Open>();
  private interval: number | undefined;
  /** Seconds. What came before is another batch's. */
  private readonly bornAt: number;
  /** How far the ledger's time is ahead of this device's clock; never behind: blocks may be late, and a clock too slow. */
  private aheadMs = 0;

  constructor(options: ServiceOptions) {
    this.options = options;
    this.journal = openJournal({ ...options, address: options.device.address });
    this.bornAt = Math.floor(options.clock.nowMs() / 1000);
    this.closing = createAlarm(options.clock, () => this.close());
    this.sending = createAlarm(options.clock, () => this.send());
    this.slowClock = watchSlowClock(options.clock, (behindSeconds) => this.noteClock(behindSeconds));
    if (this.journal.waiting > 0) this.sending.ringIn(SEND_MS);
  }

  /** A request has ended. */
  exchanged(exchange: Exchange): void {
    const { intervalSeconds } = this.options;
    if (intervalSeconds === 0) return;
    const now = Math.floor(this.ledgerMs() / 1000 / intervalSeconds);
    if (this.interval !== undefined && now !== this.interval) this.close();
    if (this.interval === undefined) this.begin(now);
    const open = this.batchOf(exchange);
    open?.spool.add(open.batch.add(exchange));
  }

  /** The engine was looked at. */
  looked(found: Found, wanted: Wanted | undefined, drifts: readonly DriftEvent[]): void {
    const nowMs = this.options.clock.nowMs();
    for (const happening of this.watcher.looked(found, wanted, drifts)) this.note(happening, nowMs);
  }

  /** Something else befell this device, or an app on it. */
  note({ kind, app, revision, fields }: Happening, nowMs = this.options.clock.nowMs()): void {
    const heldBack = this.throttle.pass(`${kind} ${app}`, nowMs);
    if (heldBack === undefined) return;
    const more: LogFields = heldBack === 0 ? {} : { heldBack };
    this.journal.put({ kind, app, revision, fields: { at: Math.floor(this.ledgerMs() / 1000), ...fields, ...more } });
    this.sending.ringIn(0);
  }

  appended(head: Head, events: readonly FleetEvent[]): void {
    this.followTime(head.timestamp * 1000 - this.options.clock.nowMs());
    const before = this.journal.waiting;
    for (const event of events) this.journal.happened(event);
    if (this.journal.waiting > 0 && this.journal.waiting < before) this.sending.ringIn(0);
  }

  private followTime(aheadMs: number): void {
    this.aheadMs = Math.max(this.aheadMs, aheadMs);
    this.slowClock.seen(aheadMs);
  }

  private noteClock(behindSeconds: number): void {
    this.options.log.write('warn', `this device's clock is ${behindSeconds} s behind the ledger's time`);
    const fields = { at: Math.floor(this.ledgerMs() / 1000), behindSeconds };
    this.journal.put({ kind: 'clock', app: '', revision: 0, fields });
    this.sending.ringIn(0);
  }

  stop(): void {
    this.close();
    this.closing.stop();
    this.sending.stop();
    this.slowClock.stop();
  }

  private begin(interval: number): void {
    const { intervalSeconds, device } = this.options;
    this.interval = interval;
    const turn = Number.parseInt(device.address.slice(-1), 16) * TURN_SHARE;
    const endMs = (interval + 1 + turn) * intervalSeconds * 1000;
    this.closing.ringIn(Math.max(0, endMs - this.ledgerMs()));
  }

  private batchOf({ app, revision }: Exchange): Open | undefined {
    const { store, vm, intervalSeconds } = this.options;
    const key = `${app} ${revision}`;
    const known = this.open.get(key);
    if (known !== undefined || this.open.size >= MOST_BATCHES) return known;
    const name = { app, revision, from: Math.max(this.interval! * intervalSeconds, this.bornAt) };
    const made = {
      batch: openBatch(name, (data) => vm.sha256(data)),
      spool: openSpool(store, name),
    };
    this.open.set(key, made);
    return made;
  }

  /** Whatever was served goes into the journal, with the last of its lines. Nothing was served: nothing is said. */
  private close(): void {
    const opened = [...this.open.values()];
    const end = ((this.interval ?? 0) + 1) * this.options.intervalSeconds;
    const until = Math.min(end, Math.ceil(this.ledgerMs() / 1000));
    this.open.clear();
    this.interval = undefined;
    // Else the end of this interval would come once more, within the next.
    this.closing.silence();
    for (const { batch, spool } of opened) {
      const closed = batch.close(until);
      const { app, revision } = closed;
      this.journal.put({ kind: 'traffic', app, revision, fields: batchFields(closed) }, [
        ...spool.flush(),
        ...outdated(this.options.store),
      ]);
    }
    if (opened.length > 0) this.sending.ringIn(0);
  }

  private send(): void {
    try {
      if (this.journal.send()) this.sending.ringIn(SEND_MS);
    } catch (error) {
      this.options.log.write('error', `service events could not be sent: ${(error as Error).message}`);
      this.sending.ringIn(SEND_MS);
    }
  }

  private ledgerMs(): number {
    return this.options.clock.nowMs() + this.aheadMs;
  }
}
