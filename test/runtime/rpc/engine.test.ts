import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Core } from '../../../runtime/ledger/core.ts';
import { EngineError } from '../../../runtime/ports/index.ts';
import { engineMethods } from '../../../runtime/rpc/engine.ts';
import { RpcError } from '../../../runtime/rpc/errors.ts';

const test = suite('rpc/engine');

/** As the bridge throws it: another bundle has a class of its own. */
class ForeignEngineError extends Error {
  override readonly name = 'EngineError';
  readonly code = 'unreachable';
}

const rows: readonly (readonly [name: string, thrown: Error, isTold: boolean])[] = [
  ['of this bundle', new EngineError('no-image', 'it is not here'), true],
  ['of another bundle', new ForeignEngineError('it is not here'), true],
  ['something else', new Error('it is not here'), false],
];

for (const [name, thrown, isTold] of rows)
  test(`an error of the engine is told to the client: ${name}`, async () => {
    const core = { pinImage: () => Promise.reject(thrown) } as unknown as Core;
    const answer = Promise.resolve(engineMethods.classpad_pinImage.answer(core, ['app:1']));
    const error = await answer.catch((each: Error) => each);
    assert.is(error instanceof RpcError, isTold);
    assert.is((error as Error).message, 'it is not here');
  });

test.run();
