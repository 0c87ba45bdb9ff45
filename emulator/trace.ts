import { createHash } from 'node:crypto';

/** A running hash over everything that happens in a world: equal traces, equal worlds. */
export interface Trace {
  /** Adds an event; `details` are texts, numbers or bytes. */
  add(timeMs: number, who: string, what: string, ...details: readonly (string | number | Uint8Array)[]): void;
  /** SHA-256 so far, hexadecimal. */
  hash(): string;
  readonly events: number;
}

export function runningTrace(): Trace {
  const hash = createHash('sha256');
  let events = 0;
  return {
    get events() {
      return events;
    },
    add(timeMs, who, what, ...details) {
      events += 1;
      hash.update(`\n${timeMs} ${who} ${what}`);
      for (const detail of details) {
        const isBytes = detail instanceof Uint8Array;
        // The length first, so that no two lists of details look alike.
        hash.update(isBytes ? ` b${detail.length}:` : ` t${String(detail).length}:`);
        hash.update(isBytes ? detail : String(detail));
      }
    },
    hash: () => hash.copy().digest('hex'),
  };
}
