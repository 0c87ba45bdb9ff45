import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Random, seededRandom } from '../../emulator/random.ts';

const test = suite('emulator/random');
const draw = (random: Random, count: number): number[] => Array.from({ length: count }, () => random.next());

test('the same seed gives the same numbers, another seed others', () => {
  assert.equal(draw(seededRandom('a'), 100), draw(seededRandom('a'), 100));
  assert.not.equal(draw(seededRandom('a'), 100), draw(seededRandom('b'), 100));
});

test('the numbers of a seed stay what they are, on any machine', () => {
  const random = seededRandom('classpad');
  assert.equal([random.between(0, 999), random.between(0, 999), random.between(0, 999)], [776, 562, 437]);
});

test('numbers spread evenly over their range', () => {
  const counts = new Array<number>(10).fill(0);
  const random = seededRandom('spread');
  for (let index = 0; index < 20_000; index += 1) {
    const value = random.next();
    assert.ok(value >= 0 && value < 1);
    counts[Math.floor(value * 10)]! += 1;
  }
  for (const count of counts) assert.ok(count > 1800 && count < 2200, `${count} of about 2000`);
});

test('whole numbers reach both ends', () => {
  const random = seededRandom('ends');
  const drawn = new Set(Array.from({ length: 200 }, () => random.between(3, 6)));
  assert.equal([...drawn].sort(), [3, 4, 5, 6]);
});

test('a fork is not disturbed by its origin', () => {
  const origin = seededRandom('x');
  const before = draw(origin.fork('y'), 5);
  origin.next();
  assert.equal(draw(origin.fork('y'), 5), before);
  assert.not.equal(draw(origin.fork('z'), 5), before);
});

test('chance 0 never, chance 1 always', () => {
  const random = seededRandom('chance');
  for (let index = 0; index < 100; index += 1) {
    assert.not(random.chance(0));
    assert.ok(random.chance(1));
  }
});

test.run();
