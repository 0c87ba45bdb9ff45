import { type Clock, EngineError } from '../ports/index.ts';

/** The promise's outcome, or a `timeout` when it has none after so long: a wedged request must not stop the loop. */
export function withDeadline<T>(clock: Clock, limitMs: number, what: string, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const seconds = Math.round(limitMs / 1000);
    const cancel = clock.after(limitMs, () => reject(new EngineError('timeout', `${what} gave no answer within ${seconds} s`)));
    const settle =
      <A>(answer: (value: A) => void) =>
      (value: A) => {
        cancel();
        answer(value);
      };
    promise.then(settle(resolve), settle(reject));
  });
}
