import type { Word } from '../ports/index.ts';

const SLOT = 4;
const FIRST_SLOTS = 1024;

/**
 * Hashes, by their first 16 bytes: no two that anybody can make have these in common. A set of texts would take five times the
 * memory, and a device has little.
 */
export class HashSet {
  size = 0;
  private slots = FIRST_SLOTS;
  private words = new Uint32Array(SLOT * FIRST_SLOTS);

  has(hash: Word): boolean {
    return this.isTaken(this.placeOf(partsOf(hash)));
  }

  /** Whether it is new. */
  add(hash: Word): boolean {
    const parts = partsOf(hash);
    const place = this.placeOf(parts);
    if (this.isTaken(place)) return false;
    this.words.set(parts, place);
    this.size++;
    if (this.size * 2 > this.slots) this.grow();
    return true;
  }

  /** Where the parts are, or the empty place for them. */
  private placeOf(parts: Parts): number {
    const { words, slots } = this;
    for (let slot = parts[0] & (slots - 1); ; slot = (slot + 1) & (slots - 1)) {
      const place = SLOT * slot;
      const isHere = parts.every((part, index) => words[place + index] === part);
      if (isHere || !this.isTaken(place)) return place;
    }
  }

  private isTaken(place: number): boolean {
    const { words } = this;
    return (words[place]! | words[place + 1]! | words[place + 2]! | words[place + 3]!) !== 0;
  }

  private grow(): void {
    const before = this.words;
    this.slots *= 2;
    this.words = new Uint32Array(SLOT * this.slots);
    for (let at = 0; at < before.length; at += SLOT) {
      const parts: Parts = [before[at]!, before[at + 1]!, before[at + 2]!, before[at + 3]!];
      if (parts.some((part) => part !== 0)) this.words.set(parts, this.placeOf(parts));
    }
  }
}

type Parts = [number, number, number, number];

function partsOf(hash: Word): Parts {
  const part = (index: number) => Number.parseInt(hash.slice(2 + 8 * index, 10 + 8 * index), 16);
  const parts: Parts = [part(0), part(1), part(2), part(3)];
  // Nothing but zeros is an empty place.
  return parts.every((each) => each === 0) ? [0, 0, 0, 1] : parts;
}
