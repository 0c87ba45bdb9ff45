import type { Address, Logger } from '../ports/index.ts';
import type { Verdict } from '../reconcile/judge.ts';
import { attestData, expireData, type FleetEvent, settleData } from './fleet.ts';
import type { Outbox } from './outbox.ts';

/** A release that rolls out, as this device sees it. */
export interface Candidate {
  readonly app: string;
  readonly revision: number;
  readonly verdict: Verdict;
  /** By this device's clock: when its health window has surely ended. */
  readonly overAtMs: number;
}

/** This device's voice on the ledger: says what it found once, says it anew when it changed, and never the same twice. */
export interface Voter {
  consider(candidate: Candidate, nowMs: number): void;
  /** Something happened on the ledger: this is how votes are known to have arrived. */
  happened(event: FleetEvent, nowMs: number): void;
  /** The vote that stands on the ledger, as far as this device knows. */
  voteOf(app: string, revision: number): Vote | undefined;
}

export type Vote = 'healthy' | 'unhealthy';

interface Ballot {
  readonly given?: Vote;
  readonly changes: number;
  /** Not before this moment another vote: a container that flaps must not fill the ledger. */
  readonly nextAtMs: number;
  /** When a policy held a decision on it back. */
  readonly heldAtMs?: number;
  /** Last refusal that was logged. */
  readonly refusal?: string;
}

const NEW: Ballot = { changes: 0, nextAtMs: 0 };
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** Devices take turns, by the last byte of their addresses, so that one of them pays and not all. */
const TURN_MS = 40;
const LIMIT = 128;

export function createVoter(address: Address, outbox: Outbox, log: Logger): Voter {
  const ballots = new Map<string, Ballot>();
  const turnMs = Number.parseInt(address.slice(-2), 16) * TURN_MS;
  const keyOf = (app: string, revision: number) => `${app} revision ${revision}`;

  function note(key: string, over: Partial<Ballot>): void {
    const before = ballots.get(key) ?? NEW;
    ballots.delete(key);
    ballots.set(key, { ...before, ...over });
    if (ballots.size > LIMIT) ballots.delete(ballots.keys().next().value!);
  }

  function vote({ app, revision, verdict }: Candidate, nowMs: number): void {
    if (verdict.is === 'undecided') return;
    const key = keyOf(app, revision);
    const { given, nextAtMs, refusal } = ballots.get(key) ?? NEW;
    if (given === verdict.is || nowMs < nextAtMs) return;
    const reason = verdict.is === 'unhealthy' ? verdict.reason : '';
    const sending = outbox.send(`attest ${key} ${verdict.is}`, attestData(app, revision, verdict.is === 'healthy', reason));
    if (sending.is === 'sent') log.write('info', `vote: ${key} is ${verdict.is}${reason === '' ? '' : `: ${reason}`}`);
    if (sending.is !== 'refused') return;
    // A restarted device learns here what it said before; whether a policy has held the decision on it, only by trying.
    if (sending.by === 'AlreadyAttested') note(key, { given: verdict.is, heldAtMs: nowMs });
    else if (sending.sentence !== refusal) {
      log.write('warn', `the vote on ${key} was not taken: ${sending.sentence}`);
      note(key, { refusal: sending.sentence });
    }
  }

  /** One node's call settles it for all; the others find the release decided, and their trial says so. */
  function expire({ app, revision }: Candidate): void {
    const sending = outbox.send(`expire ${keyOf(app, revision)}`, expireData(app), ['HealthWindowOpen']);
    if (sending.is === 'sent') log.write('info', `the health window of ${keyOf(app, revision)} is over without a decision`);
  }

  /** What a policy holds back goes on as soon as it may. Each device tries it in its turn, and sends only what would decide. */
  function settle({ app, revision }: Candidate, nowMs: number): void {
    const key = keyOf(app, revision);
    const { heldAtMs } = ballots.get(key) ?? NEW;
    if (heldAtMs === undefined || nowMs < heldAtMs + turnMs) return;
    const sending = outbox.send(`settle ${key}`, settleData(app), [], true);
    if (sending.is === 'sent') log.write('info', `what a policy held back of ${key} may go on`);
  }

  return {
    consider(candidate, nowMs) {
      if (nowMs >= candidate.overAtMs) return expire(candidate);
      vote(candidate, nowMs);
      settle(candidate, nowMs);
    },
    happened(event, nowMs) {
      if (event.what === 'Held') note(keyOf(event.app, event.revision), { heldAtMs: nowMs });
      if (event.what !== 'Attested' || event.device !== address) return;
      const key = keyOf(event.app, event.revision);
      const changes = (ballots.get(key)?.changes ?? 0) + 1;
      const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (changes - 1), LONGEST_PAUSE_MS);
      note(key, { given: event.healthy ? 'healthy' : 'unhealthy', changes, nextAtMs: nowMs + pauseMs });
    },
    voteOf: (app, revision) => ballots.get(keyOf(app, revision))?.given,
  };
}
