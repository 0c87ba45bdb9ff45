import type { Store } from '../ports/index.ts';

/** Written when another node is heard of for the first time. */
const COMPANY = 'solo/company';

/**
 * Who makes blocks asks, after a start, everyone in reach for their heads: a disk may have lied about what it wrote, and another
 * block in the place of one that somebody has would part the ledger.
 */
export class RollCall {
  private readonly store: Pick<Store, 'get' | 'write'>;
  private readonly peers: () => readonly string[];
  private readonly ask: (peer: string) => void;
  private readonly answered = new Set<string>();
  private readonly hadCompany: boolean;
  private isNoted: boolean;

  constructor(store: Pick<Store, 'get' | 'write'>, peers: () => readonly string[], ask: (peer: string) => void) {
    this.store = store;
    this.peers = peers;
    this.ask = ask;
    this.hadCompany = store.get(COMPANY) !== undefined;
    this.isNoted = this.hadCompany;
  }

  /** A peer has told of its head. */
  heard(peer: string): void {
    this.answered.add(peer);
    if (this.isNoted) return;
    try {
      this.store.write([[COMPANY, Uint8Array.of(1)]]);
      this.isNoted = true;
    } catch {
      // The disk is full; the next one heard of may be noted.
    }
  }

  /** Whether somebody may have a block of ours that is not here: who is in reach has not said, or nobody is. */
  isOpen(): boolean {
    if (!this.hadCompany) return false;
    return this.answered.size === 0 || this.silent().length > 0;
  }

  /** Asks those who have not answered. */
  repeat(): void {
    for (const peer of this.silent()) this.ask(peer);
  }

  private silent(): string[] {
    return this.peers().filter((peer) => !this.answered.has(peer));
  }
}
