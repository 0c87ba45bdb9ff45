import type { Core } from '../ledger/core.ts';
import type { Decoder } from './decode.ts';
import type { Json } from './encode.ts';
import { invalidParams } from './errors.ts';

/** One JSON-RPC method: how its parameters are read, what it does, how its result is written. */
export interface Method {
  /** At once, where nothing has to be waited for. Throws or rejects with an `RpcError`. */
  answer(core: Core, params: readonly unknown[]): Json | Promise<Json>;
}

/** Parameters by name, in order. */
type Parameters = readonly (readonly [name: string, decoder: Decoder<unknown>])[];
type Values<P extends Parameters> = { [K in keyof P]: P[K] extends readonly [string, Decoder<infer T>] ? T : never };

/** A row of the table. A result of `undefined` is answered with `null`. */
export function method<const P extends Parameters, R>(
  parameters: P,
  run: (core: Core, ...values: Values<P>) => R | Promise<R>,
  encode: (result: Exclude<R, undefined>) => Json,
): Method {
  const told = (result: R): Json => (result === undefined ? null : encode(result as Exclude<R, undefined>));
  return {
    answer(core, params) {
      if (params.length > parameters.length) {
        throw invalidParams(`too many arguments, want at most ${parameters.length}`);
      }
      const values = parameters.map(([name, decode], index) => decode(params[index], name)) as Values<P>;
      const result = run(core, ...values);
      return result instanceof Promise ? result.then(told) : told(result);
    },
  };
}
