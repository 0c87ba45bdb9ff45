import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createRounds } from '../../emulator/rounds.ts';

const test = suite('emulator/rounds');
const sentence = (error: Error): string => error.message;

test('outputs are applied in the order of the inputs, whichever came first', async () => {
  const rounds = createRounds();
  const applied: string[] = [];
  const slow = new Promise((resolve) => setTimeout(resolve, 20));
  rounds.entered(
    slow.then(() => ({}) as never),
    () => applied.push('slow'),
  );
  rounds.entered(Promise.resolve({} as never), () => applied.push('quick'));
  await rounds.idle();
  assert.equal(applied, ['slow', 'quick']);
});

test('what is asked from outside and fails concerns the asker alone', async () => {
  const rounds = createRounds();
  const refused = await rounds.outside(() => Promise.reject(new Error('no such device'))).catch(sentence);
  const thrown = await rounds
    .outside(() => {
      throw new Error('no such fault');
    })
    .catch(sentence);
  assert.equal([refused, thrown], ['no such device', 'no such fault']);
  await rounds.idle();
});

test('a world that failed while nobody let time pass has failed for whoever does, and still answers', async () => {
  const rounds = createRounds();
  rounds.entered(Promise.resolve({} as never), () => {
    throw new Error('two heads at block 9');
  });
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.is(await rounds.idle().catch(sentence), 'two heads at block 9');
  const applied: string[] = [];
  rounds.entered(Promise.resolve({} as never), () => applied.push('asked'));
  assert.is(await rounds.outside(() => 'done'), 'done');
  assert.equal(applied, ['asked']);
  assert.is(await rounds.idle().catch(sentence), 'two heads at block 9');
});

test.run();
