import type { Clock } from '../ports/index.ts';

/** One answer for each peer in so long: fifty a second bring whoever lacks blocks thousands of them. */
const PAUSE_MS = 20;

/**
 * Lets one question of each peer through at a time. Of those that come sooner the newest waits its turn and the others are forgotten:
 * who asks honestly asks one by one, and who floods costs no more than that.
 */
export class Turnstile<T> {
  private readonly clock: Pick<Clock, 'after'>;
  private readonly answer: (peer: string, question: T) => void;
  /** Peers that were answered a moment ago, with what they have asked since. */
  private readonly asked = new Map<string, T | undefined>();

  constructor(clock: Pick<Clock, 'after'>, answer: (peer: string, question: T) => void) {
    this.clock = clock;
    this.answer = answer;
  }

  ask(peer: string, question: T): void {
    if (this.asked.has(peer)) this.asked.set(peer, question);
    else this.let(peer, question);
  }

  private let(peer: string, question: T): void {
    this.asked.set(peer, undefined);
    this.clock.after(PAUSE_MS, () => {
      const next = this.asked.get(peer);
      this.asked.delete(peer);
      if (next !== undefined) this.let(peer, next);
    });
    this.answer(peer, question);
  }
}
