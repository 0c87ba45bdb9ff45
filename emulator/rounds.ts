import { settled } from './clock.ts';
import type { Output } from './process/exchange.ts';

/**
 * The one source of order in a world. Whatever devices do at one moment they may do side by side; what they have done to
 * the world is then applied one after the other, in the order in which they were entered. So it does not matter which was
 * done first, nor on which thread.
 */
export interface Rounds {
  /** An input is under way; `apply` is called with its output when its turn has come. */
  entered(output: Promise<Output>, apply: (output: Output) => void): void;
  /** Something from outside the world: it waits until the moment has come to rest. */
  outside<T>(act: () => T): Promise<Awaited<T>>;
  /** Resolves when nothing is left that could happen before time moves on; rejects, then and ever after, if something failed. */
  idle(): Promise<void>;
}

interface Entered {
  readonly output: Promise<Output>;
  readonly apply: (output: Output) => void;
}

export function createRounds(): Rounds {
  let under: Entered[] = [];
  const waiting: (() => void)[] = [];
  let running: Promise<void> | undefined;
  let failure: { readonly error: unknown } | undefined;

  const attempt = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      failure ??= { error };
    }
  };
  const round = async (): Promise<boolean> => {
    await settled();
    if (under.length > 0) {
      const batch = under;
      under = [];
      const outputs = await Promise.all(batch.map(({ output }) => output));
      for (const [index, { apply }] of batch.entries()) attempt(() => apply(outputs[index]!));
      return true;
    }
    const act = waiting.shift();
    act?.();
    return act !== undefined;
  };
  const run = async (): Promise<void> => {
    try {
      while (await round());
    } catch (error) {
      failure ??= { error };
    } finally {
      running = undefined;
    }
  };
  /** A world that failed once has failed, whoever set it off: no time passes any more. It can still be asked what it is. */
  const idle = async (): Promise<void> => {
    running ??= run();
    await running;
    if (failure) throw failure.error;
  };

  return {
    entered(output, apply) {
      under.push({ output, apply });
      // Who lets time pass hears what came of it, at the next `idle`.
      idle().catch(() => {});
    },
    outside: <T>(act: () => T) =>
      new Promise<Awaited<T>>((resolve, reject) => {
        waiting.push(() => {
          try {
            resolve(act() as Awaited<T>);
          } catch (error) {
            reject(error);
          }
        });
        idle().catch(reject);
      }),
    idle,
  };
}
