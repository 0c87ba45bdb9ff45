import { bigintToBytes, bytesToBigint } from '../bytes.ts';
import type { Header } from '../ledger/header.ts';
import type { Clock, Store } from '../ports/index.ts';
import { wallMsOf } from '../steady.ts';

const DAY_MS = 86_400_000;
/** A clock that goes on by more than this from one look to the next, or while the device was off, has to be vouched for. */
const LONGEST_LEAP_MS = 30 * DAY_MS;
/** What was seen is kept so often: a quiet ledger has no block that would tell how late it is. */
const KEEP_EVERY_MS = 3_600_000;
const SEEN = 'consensus/clock';

/**
 * Watches the clock of whoever makes the blocks. The ledger's time never goes back, so a clock that shows another year for a moment
 * would stop it for that long: after a leap no block is made until the clock is right again, is kept right by somebody (NTP), or an
 * operator vouches for it.
 */
export class ClockGuard {
  private readonly clock: Clock;
  private readonly store: Pick<Store, 'get' | 'write'>;
  private readonly isVouchedFor: boolean;
  /** By the hardware clock, since 1970: up to here time has passed as it should. */
  private seenMs: number;
  private keptMs: number;
  private leapMs = 0;

  constructor(clock: Clock, store: Pick<Store, 'get' | 'write'>, isVouchedFor: boolean) {
    this.clock = clock;
    this.store = store;
    this.isVouchedFor = isVouchedFor;
    const kept = store.get(SEEN);
    this.seenMs = kept ? Number(bytesToBigint(kept)) : 0;
    this.keptMs = kept ? this.seenMs : wallMsOf(clock);
  }

  /** To be called now and then, and before a block is made. */
  look({ number, timestamp }: Pick<Header, 'number' | 'timestamp'>): void {
    const wallMs = wallMsOf(this.clock);
    const knownMs = Math.max(this.seenMs, timestamp * 1000);
    const isLeap = number > 0 && wallMs - knownMs > LONGEST_LEAP_MS;
    this.leapMs = isLeap && !this.isVouchedFor && this.clock.isSynchronised?.() !== true ? wallMs - knownMs : 0;
    if (this.leapMs > 0) return;
    this.seenMs = Math.max(this.seenMs, wallMs);
    if (this.seenMs - this.keptMs < KEEP_EVERY_MS) return;
    try {
      this.store.write([[SEEN, bigintToBytes(BigInt(Math.floor(this.seenMs)))]]);
      this.keptMs = this.seenMs;
    } catch {
      // A full disk is told of by whoever has more to lose; the next look tries again.
    }
  }

  /** Why no block may be made, in a sentence. */
  objection(): string | undefined {
    if (this.leapMs === 0) return undefined;
    return (
      `no block is made: the clock of this device leapt ahead by ${Math.round(this.leapMs / DAY_MS)} days. It goes on by itself when the clock ` +
      'is right again, or is synchronised (NTP); if the clock is right, start the node once with --trust-clock'
    );
  }
}
