import type { JoinSignature } from '../config.ts';
import type { Address, Logger } from '../ports/index.ts';
import { callData, type Fleet } from './fleet.ts';
import type { Outbox } from './outbox.ts';

/** A ledger that is still being fetched knows no token yet. */
const PATIENCE_MS = 10_000;

/** Makes this device a member by its one-time token, and tells whether it is one. */
export interface Joiner {
  /** Asks to be enrolled if the ledger does not count this device among its own. */
  consider(): void;
  /** The contract did something: who is enrolled may have changed. */
  happened(): void;
  isMember(): boolean;
}

export interface JoinerOptions {
  readonly fleet: Pick<Fleet, 'exists' | 'isEnrolled'>;
  readonly device: Address;
  readonly outbox: Outbox;
  readonly signature: JoinSignature | undefined;
  readonly nowMs: () => number;
  readonly log: Logger;
}

export function createJoiner({ fleet, device, outbox, signature, nowMs, log }: JoinerOptions): Joiner {
  let isMember = false;
  let isKnown = false;
  let complaint = '';
  let refusedSinceMs: number | undefined;
  return {
    isMember: () => isMember,
    happened() {
      isKnown = false;
    },
    consider() {
      if (!isKnown) {
        if (!fleet.exists()) return;
        isMember = fleet.isEnrolled(device);
        isKnown = true;
      }
      if (isMember || signature === undefined) return;
      const sending = outbox.send('join', callData('join', signature));
      if (sending.is === 'sent') log.write('info', 'the ledger is asked to enrol this device by its token');
      if (sending.is !== 'refused' || sending.sentence === complaint) return;
      refusedSinceMs ??= nowMs();
      if (nowMs() < refusedSinceMs + PATIENCE_MS) return;
      complaint = sending.sentence;
      log.write('warn', `this device is not enrolled: ${complaint}`);
    },
  };
}
