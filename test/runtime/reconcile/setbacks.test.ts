import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EngineError } from '../../../runtime/ports/index.ts';
import { createSetbacks, sentenceOf } from '../../../runtime/reconcile/setbacks.ts';
import { foundOf, revisionOf } from '../../support/model-engine.ts';

const s = suite('reconcile/setbacks');

s('each failure waits twice as long, up to five minutes', () => {
  const setbacks = createSetbacks();
  const delays = Array.from({ length: 12 }, () => setbacks.failed('x', new Error('no'), 0).retryAtMs / 1000);
  assert.equal(delays, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
});

s('success forgets', () => {
  const setbacks = createSetbacks();
  setbacks.failed('x', new Error('no'), 0);
  setbacks.succeeded('x');
  assert.is(setbacks.all.size, 0);
});

s('a crash is not forgotten by a start that succeeds, but by a minute of running', () => {
  const setbacks = createSetbacks();
  const container = foundOf(revisionOf('a', 1), { startedAtMs: 1000 });
  setbacks.crashed(container.name, 1000);
  setbacks.succeeded(container.name);
  setbacks.forgive([container], 60_999);
  assert.is(setbacks.all.get(container.name)?.code, 'crashed');
  setbacks.forgive([container], 61_000);
  assert.is(setbacks.all.size, 0);
});

const errors: [name: string, error: unknown, code: string, sentence: string][] = [
  ['an engine error', new EngineError('no-image', 'there is none'), 'no-image', 'there is none'],
  [
    'one from beyond a bridge',
    Object.assign(new Error('away'), { name: 'EngineError', code: 'unreachable' }),
    'unreachable',
    'away',
  ],
  ['any error', new TypeError('x is not a function\n    at y'), 'failed', 'x is not a function'],
  ['one whose code is not ours', Object.assign(new Error('z'), { code: 'ENOENT' }), 'failed', 'z'],
  ['no error at all', 'oh', 'failed', 'oh'],
  ['nothing', undefined, 'failed', 'undefined'],
];
for (const [name, error, code, sentence] of errors) {
  s(`understands ${name}`, () => {
    const { code: found, sentence: said } = createSetbacks().failed('x', error, 0);
    assert.equal([found, said, sentenceOf(error)], [code, sentence, sentence]);
  });
}

s('remembers a bounded number', () => {
  const setbacks = createSetbacks();
  for (let index = 0; index < 2000; index++) setbacks.failed(`x${index}`, 'no', 0);
  assert.is(setbacks.all.size, 512);
  assert.ok(setbacks.all.has('x1999'));
});

s.run();
