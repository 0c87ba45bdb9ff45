import type { Logger } from '../ports/index.ts';

/** Something that others may hear of. A handler that throws does not keep the others from hearing. */
export class Topic<T> {
  private readonly handlers = new Set<(told: T) => void>();
  private readonly log: Logger;
  private readonly what: string;

  /** `what` stands in the sentence about a handler that failed. */
  constructor(what: string, log: Logger) {
    this.what = what;
    this.log = log;
  }

  /** Answers how to stop hearing. */
  on(handler: (told: T) => void): () => void {
    this.handlers.add(handler);
    return () => void this.handlers.delete(handler);
  }

  tell(told: T): void {
    for (const handler of [...this.handlers]) {
      try {
        handler(told);
      } catch (error) {
        this.log.write('error', `what follows from ${this.what} failed: ${(error as Error).message}`);
      }
    }
  }
}
