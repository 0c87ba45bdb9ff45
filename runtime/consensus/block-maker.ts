import { wallMsOf } from '../steady.ts';
import { ClockGuard } from './clock-guard.ts';
import type { Application } from './consensus.ts';
import type { Exchange } from './exchange.ts';
import { RollCall } from './roll-call.ts';
import { sealHeader } from './seal.ts';
import type { SoloPorts, SoloSettings } from './solo.ts';

/** Between empty blocks. */
const PAUSE_MS = 1_000;
/** After a start others are asked first whether they have blocks that this store has lost. */
const SETTLE_MS = 500;
/** Somebody says so, or may say so. */
const MAX_SETTLE_MS = 30_000;
/** It is certain that this store has lost some: another block of a number would part the ledger. */
const MAX_LOSS_MS = 120_000;
/** It looks at least so often: what a clock goes on by beyond that is a clock that was put right, and nobody has waited for it. */
const LONGEST_LOOK_MS = 5_000;
const RETRY_MS = 5_000;
/** Without an interval a block gathers what comes in turn after turn for so long at most. */
const LONGEST_GATHERING_MS = 20;
/** How long it waits is told in steps of this. */
const TOLD_MS = 10_000;

/** The sequencer's part: a block when there is work, no sooner than the interval after the one before, and a few empty ones. */
export class BlockMaker {
  private readonly application: Application;
  private readonly ports: SoloPorts;
  private readonly exchange: Exchange;
  private readonly settings: SoloSettings;
  private readonly rollCall: RollCall;
  private readonly guard: ClockGuard;
  /** How long the others had, since the start, to say what they have. */
  private waitedMs = 0;
  private lookedMs = 0;
  private notBeforeMs = 0;
  private madeMs = Number.NEGATIVE_INFINITY;
  private cancel: (() => void) | undefined;
  /** How often something may have become work. */
  private occasions = 0;
  /** What is scheduled is an empty block, which gives way to work. */
  private isTrailing = false;
  private isStopped = false;
  /** It has said that it waits. */
  private hasSaidSo = false;

  constructor(application: Application, ports: SoloPorts, exchange: Exchange, settings: SoloSettings) {
    this.application = application;
    this.ports = ports;
    this.exchange = exchange;
    this.settings = settings;
    const { network, store, clock } = ports;
    this.guard = new ClockGuard(clock, store, settings.trustClock);
    this.rollCall = new RollCall(
      store,
      () => network.peers(),
      (peer) => exchange.askForHead(peer),
    );
    exchange.onHead = (peer) => this.rollCall.heard(peer);
  }

  start(): void {
    this.lookedMs = this.ports.clock.nowMs();
    if (this.ports.network.peers().length > 0) this.notBeforeMs = this.lookedMs + SETTLE_MS;
    this.rollCall.repeat();
    this.schedule();
  }

  stop(): void {
    this.isStopped = true;
    this.cancel?.();
  }

  /** Something may have become work. */
  schedule(): void {
    this.occasions++;
    if (this.isStopped) return;
    this.look();
    if (this.cancel && !this.isTrailing) return;
    const hasWork = known(() => this.application.hasWork());
    if (!hasWork && (this.cancel || this.isAtRest())) return;
    this.cancel?.();
    this.isTrailing = !hasWork;
    const nowMs = this.ports.clock.nowMs();
    const dueMs = Math.max(this.notBeforeMs, hasWork ? 0 : this.madeMs + PAUSE_MS);
    const isGathering = hasWork && this.settings.blockIntervalMs === 0;
    this.wait(Math.max(0, dueMs - nowMs), isGathering ? Math.max(nowMs, dueMs) + LONGEST_GATHERING_MS : 0);
  }

  /** Until a turn has brought nothing more: who sends at once with others is in one block with them. */
  private wait(delayMs: number, gatherUntilMs: number, seen = Number.NaN): void {
    this.cancel = this.ports.clock.after(delayMs, () => {
      const { occasions } = this;
      if (occasions !== seen && this.ports.clock.nowMs() < gatherUntilMs) {
        this.wait(0, gatherUntilMs, occasions);
        return;
      }
      this.cancel = undefined;
      this.make();
      this.schedule();
    });
  }

  /** Looks at the clock, and answers what it shows. */
  private look(): number {
    const nowMs = this.ports.clock.nowMs();
    this.waitedMs += Math.min(nowMs - this.lookedMs, LONGEST_LOOK_MS);
    this.lookedMs = nowMs;
    this.guard.look(this.application.head().header);
    return nowMs;
  }

  private make(): void {
    const nowMs = this.look();
    const reason = this.waiting();
    if (reason !== undefined) {
      if (!this.hasSaidSo) this.ports.log.write(this.clockFault() ? 'error' : 'info', reason);
      this.hasSaidSo = true;
      this.notBeforeMs = nowMs + SETTLE_MS;
      this.rollCall.repeat();
      return;
    }
    if (this.hasSaidSo) this.ports.log.write('info', 'blocks are made from here on');
    this.hasSaidSo = false;
    this.notBeforeMs = nowMs + this.settings.blockIntervalMs;
    try {
      this.makeBlock(nowMs);
    } catch (error) {
      this.notBeforeMs = nowMs + RETRY_MS;
      this.ports.log.write('error', `no block could be made, trying again in ${RETRY_MS / 1000} s: ${(error as Error).message}`);
    }
  }

  /** Why the clock of this device keeps it from making blocks, in a sentence. */
  clockFault(): string | undefined {
    return this.guard.objection();
  }

  /** Why no block is made for now, in a sentence. */
  waiting(): string | undefined {
    const fault = this.clockFault();
    if (fault !== undefined) return fault;
    const [patienceMs, reason] = this.patience();
    const leftMs = patienceMs - this.waitedMs;
    return leftMs > 0
      ? `no block is made yet, for at most ${Math.ceil(leftMs / TOLD_MS) * (TOLD_MS / 1000)} s: ${reason}`
      : undefined;
  }

  /** How long after a start no block is made, as things stand. */
  private patience(): readonly [patienceMs: number, reason: string] {
    if (this.exchange.isShownToBeBehind())
      return [MAX_LOSS_MS, 'this device has lost blocks that it made, and asks the others for them'];
    if (this.exchange.isBehind())
      return [MAX_SETTLE_MS, 'another node speaks of a later block than is here, and is asked for it'];
    if (this.rollCall.isOpen())
      return [MAX_SETTLE_MS, 'other nodes may have a block that this disk has lost, and have not answered yet'];
    return [0, ''];
  }

  private makeBlock(nowMs: number): void {
    const { application, ports } = this;
    const candidate = application.propose({
      timestamp: this.nextTimestamp(wallMsOf(ports.clock)),
      coinbase: ports.device.address,
    });
    if (candidate.transactions.length === 0 && this.isAtRest()) return;
    application.finalize(candidate, sealHeader(candidate.header, ports.device, ports.vm.keccak256));
    this.madeMs = nowMs;
    this.exchange.publish();
  }

  /** Nothing happened lately that somebody may wait for the confirmation of. */
  private isAtRest(): boolean {
    return known(() => this.application.isQuietFor(this.settings.trailingBlocks));
  }

  /** Seconds since 1970. Blocks of one second share its number, and one is never earlier than its parent, whatever the clock says. */
  private nextTimestamp(wallMs: number): number {
    return Math.max(this.application.head().header.timestamp, Math.floor(wallMs / 1000));
  }
}

/** What a disk has changed does not say. Then there may be work, which is tried and says why not; and no empty block is missed. */
function known(ask: () => boolean): boolean {
  try {
    return ask();
  } catch {
    return true;
  }
}
