import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { memoryStore } from '../../emulator/store.ts';

const test = suite('emulator/store');

test('behaves as a map whose keys are sorted', () => {
  const key = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 3 });
  const entry = fc.tuple(key, fc.option(fc.uint8Array({ maxLength: 4 }), { nil: undefined }));
  fc.assert(
    fc.property(fc.array(fc.array(entry, { maxLength: 5 }), { maxLength: 20 }), key, (writes, prefix) => {
      const store = memoryStore();
      const map = new Map<string, Uint8Array>();
      for (const entries of writes) {
        store.write(entries);
        for (const [name, value] of entries) value ? map.set(name, value) : map.delete(name);
        const expected = [...map.keys()].filter((name) => name.startsWith(prefix)).sort();
        assert.equal(store.keys(prefix, 100), expected);
        assert.equal(store.keys(prefix, 2), expected.slice(0, 2));
      }
      for (const [name, value] of map) assert.equal(store.get(name), value);
      assert.is(
        store.sizeBytes,
        [...map].reduce((sum, [name, value]) => sum + name.length + value.length, 0),
      );
    }),
  );
});

test('what is read or written later changes nothing inside', () => {
  const store = memoryStore();
  const value = Uint8Array.of(1);
  store.write([['a', value]]);
  value[0] = 2;
  store.get('a')![0] = 3;
  assert.equal(store.get('a'), Uint8Array.of(1));
});

test('a write that does not fit changes nothing', () => {
  const store = memoryStore(10);
  store.write([['a', new Uint8Array(5)]]);
  assert.throws(
    () =>
      store.write([
        ['a', undefined],
        ['b', new Uint8Array(10)],
      ]),
    /the store is full: it holds 10 bytes/,
  );
  assert.equal(store.keys('', 9), ['a']);
  store.write([
    ['a', undefined],
    ['b', new Uint8Array(9)],
  ]);
  assert.is(store.sizeBytes, 10);
});

for (const key of ['', 'x'.repeat(513)]) {
  test(`refuses a key of ${key.length} characters`, () => {
    assert.throws(() => memoryStore().write([[key, new Uint8Array(1)]]), /a key of \d+ characters; 1 to 512/);
  });
}

test.run();
