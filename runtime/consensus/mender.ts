import type { Clock, Word } from '../ports/index.ts';
import type { Application, WireBlock } from './consensus.ts';
import { MAX_PIECES_PER_MESSAGE, type PeerMessage, PIECES_ANSWER_BYTES } from './messages.ts';

/** While something is lacking another node is asked this often. */
const ASK_MS = 1_000;

/** How the mender speaks to other nodes. */
export interface Ask {
  peers(): readonly string[];
  send(peer: string, message: PeerMessage): void;
}

/**
 * Gets from other nodes what the disk has lost or changed. A piece of the state counts by its hash, a block by its seal and by the
 * blocks around it, so it does not matter who gives them.
 */
export class Mender {
  /** Called when the state is whole again, as far as is known. */
  onMended: () => void = () => {};
  private readonly application: Application;
  private readonly clock: Clock;
  private readonly ask: Ask;
  private turn = 0;
  private cancel: (() => void) | undefined;
  private isStopped = false;

  constructor(application: Application, clock: Clock, ask: Ask) {
    this.application = application;
    this.clock = clock;
    this.ask = ask;
    application.pieces.onLack = () => this.askSoon(0);
  }

  start(): void {
    if (this.application.pieces.lacking(1).length > 0) this.askSoon(0);
  }

  stop(): void {
    this.isStopped = true;
    this.cancel?.();
  }

  /** Looks after one more block, and asks for one that is damaged. */
  scrub(): void {
    const damaged = this.application.scrub();
    if (damaged !== undefined) this.sendToNext({ kind: 'want', from: damaged });
  }

  /** A block that is not above the head; `checked` has seen its seal. */
  offer(block: WireBlock, checkSeal: (block: WireBlock) => void): void {
    if (this.application.isDamaged(block.header.number)) {
      checkSeal(block);
      this.application.remake(block);
    }
  }

  give(peer: string, hashes: readonly Word[]): void {
    if (this.isStopped) return;
    const pieces = this.application.pieces.find(hashes, PIECES_ANSWER_BYTES);
    if (pieces.length > 0) this.ask.send(peer, { kind: 'pieces', pieces });
  }

  take({ pieces }: Extract<PeerMessage, { kind: 'pieces' }>): void {
    if (!this.application.pieces.mend(pieces)) return;
    if (this.application.pieces.lacking(1).length > 0) this.askSoon(0);
    else {
      this.application.mended();
      this.onMended();
    }
  }

  /** The peers take turns. */
  private sendToNext(message: PeerMessage): void {
    const peers = this.ask.peers();
    const peer = peers[this.turn++ % Math.max(1, peers.length)];
    if (peer !== undefined) this.ask.send(peer, message);
  }

  private askSoon(delayMs: number): void {
    if (this.isStopped || this.cancel) return;
    this.cancel = this.clock.after(delayMs, () => {
      this.cancel = undefined;
      const hashes = this.application.pieces.lacking(MAX_PIECES_PER_MESSAGE);
      if (hashes.length === 0) return;
      this.sendToNext({ kind: 'wantPieces', hashes });
      this.askSoon(ASK_MS);
    });
  }
}
