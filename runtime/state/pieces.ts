import { bytesToHex } from '../bytes.ts';
import type { Store, Vm, Word } from '../ports/index.ts';
import { CODE_PREFIX, NODE_PREFIX, type StateStore } from './state.ts';
import { type Piece, walkState } from './walk.ts';

/** More damaged pieces than that are found in the next round. */
const MAX_LACKING = 1024;
/** Pieces looked at in one turn. The first round after a start, or after something was amiss, is as quick as it may be. */
const MOST_PER_TURN = 64;
const LEAST_PER_TURN = 1;
/** A round over a state that is sound takes so many turns, or more if the state is large: five minutes of one each three seconds. */
const TURNS_PER_ROUND = 100;

/**
 * The pieces of the state that a disk has lost or changed. Each is named by its hash, so another device's copy is as good as the
 * own one was, whoever gives it.
 */
export class Pieces {
  /** Called when a piece is found to be lacking. */
  onLack: () => void = () => {};
  private readonly store: Store;
  private readonly keccak256: Vm['keccak256'];
  private readonly lost = new Map<Word, string>();
  private walk: { readonly root: Word; readonly pieces: Generator<Piece> } | undefined;
  private unsound: string | undefined;
  private perTurn = MOST_PER_TURN;
  private inRound = 0;

  constructor(store: Store, keccak256: Vm['keccak256']) {
    this.store = store;
    this.keccak256 = keccak256;
  }

  /** The store, for a state of which all pieces ought to be there. */
  reads(): StateStore {
    return { get: (key) => this.store.get(key), lacks: (key) => this.lacks(key) };
  }

  /** Looks at some more pieces of the state with this root, all of them in turn. */
  scrub(root: Word): void {
    this.walk ??= { root, pieces: walkState(root, { get: (key) => this.checked(key) }) };
    const { walk } = this;
    try {
      for (let looked = 0; looked < this.perTurn && this.walk; looked += 1) {
        if (walk.pieces.next().done) this.endRound();
        else this.inRound += 1;
      }
    } catch {
      this.endRound();
      this.perTurn = MOST_PER_TURN;
      // Of an older state nobody needs to have all any more.
      if (walk.root === root && this.unsound !== undefined) this.lacks(this.unsound);
    }
  }

  private endRound(): void {
    this.perTurn = Math.min(MOST_PER_TURN, Math.max(LEAST_PER_TURN, Math.ceil(this.inRound / TURNS_PER_ROUND)));
    this.inRound = 0;
    this.walk = undefined;
  }

  lacking(limit: number): readonly Word[] {
    return [...this.lost.keys()].slice(0, limit);
  }

  /** Those of them that are here and sound, until they are more than so many bytes. */
  find(hashes: readonly Word[], maxBytes: number): readonly Uint8Array[] {
    const found: Uint8Array[] = [];
    let bytes = 0;
    for (const hash of hashes) {
      const piece = this.sound(hash, NODE_PREFIX) ?? this.sound(hash, CODE_PREFIX);
      if (!piece) continue;
      bytes += piece.length;
      if (bytes > maxBytes) break;
      found.push(piece);
    }
    return found;
  }

  /** Stores those that were lacking. Answers whether any was. */
  mend(pieces: readonly Uint8Array[]): boolean {
    const mended = pieces.flatMap((piece) => {
      const hash = bytesToHex(this.keccak256(piece));
      const key = this.lost.get(hash);
      return key === undefined ? [] : [{ hash, entry: [key, piece] as const }];
    });
    if (mended.length === 0) return false;
    this.store.write(mended.map(({ entry }) => entry));
    for (const { hash } of mended) this.lost.delete(hash);
    return true;
  }

  private lacks(key: string): void {
    const hash = key.slice(key.indexOf('/') + 1) as Word;
    if (this.lost.has(hash) || this.lost.size >= MAX_LACKING) return;
    this.lost.set(hash, key);
    this.onLack();
  }

  private checked(key: string): Uint8Array | undefined {
    const found = this.sound(key.slice(key.indexOf('/') + 1) as Word, key.slice(0, key.indexOf('/') + 1));
    if (!found) this.unsound = key;
    return found;
  }

  private sound(hash: Word, prefix: string): Uint8Array | undefined {
    const bytes = this.store.get(prefix + hash);
    return bytes && bytesToHex(this.keccak256(bytes)) === hash ? bytes : undefined;
  }
}
