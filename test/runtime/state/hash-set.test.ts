import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ZERO_WORD } from '../../../runtime/bytes.ts';
import type { Word } from '../../../runtime/ports/index.ts';
import { HashSet } from '../../../runtime/state/hash-set.ts';

const test = suite('state/hash-set');
const hash = fc.stringMatching(/^[0-9a-f]{64}$/).map((digits): Word => `0x${digits}`);
/** Those that begin alike lie beside each other. */
const crowded = fc.nat(300).map((n): Word => `0x00000001${n.toString(16).padStart(24, '0')}${'0'.repeat(32)}`);

test('has what was added and nothing else, as a Set', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(hash, crowded), { maxLength: 3000, size: 'max' }), fc.array(hash), (some, others) => {
      const [ours, theirs] = [new HashSet(), new Set<Word>()];
      for (const each of some) {
        assert.is(ours.add(each), !theirs.has(each));
        theirs.add(each);
      }
      assert.is(ours.size, theirs.size);
      for (const each of [...some, ...others, ZERO_WORD]) assert.is(ours.has(each), theirs.has(each));
    }),
    { numRuns: 30 },
  );
});

test.run();
