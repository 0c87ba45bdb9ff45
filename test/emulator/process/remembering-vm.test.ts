import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rememberingVm } from '../../../emulator/process/remembering-vm.ts';
import type { Vm } from '../../../runtime/ports/index.ts';

const test = suite('emulator/process/remembering-vm');

/** Answers by all of its arguments, so that two questions are told apart if any of them differs. */
function counting(): { readonly vm: Vm; readonly asked: () => number } {
  let asked = 0;
  const recover: Vm['recover'] = (hash, yParity, r, s) => {
    asked += 1;
    return r === 0n ? undefined : `0x${[...hash].join('')}${yParity}a${r}b${s}`;
  };
  return { vm: { fork: 'Osaka', recover } as unknown as Vm, asked: () => asked };
}

const question = fc.tuple(fc.uint8Array({ minLength: 2, maxLength: 2 }), fc.nat(1), fc.bigInt(0n, 20n), fc.bigInt(0n, 20n));

test('answers as the VM does, whatever was asked before', () => {
  fc.assert(
    fc.property(fc.array(question, { maxLength: 60 }), (questions) => {
      const [plain, { vm }] = [counting().vm, counting()];
      const remembering = rememberingVm(vm);
      for (const asked of questions) assert.is(remembering.recover(...asked), plain.recover(...asked));
    }),
  );
});

test('asks once for the same, also where there is no answer, and keeps a bounded number', () => {
  const { vm, asked } = counting();
  const remembering = rememberingVm(vm);
  const hash = Uint8Array.of(1, 2);
  for (let times = 0; times < 3; times += 1) {
    assert.is(remembering.recover(hash, 0, 0n, 1n), undefined);
    assert.is(remembering.recover(hash, 1, 3n, 4n), '0x121a3b4');
  }
  assert.is(asked(), 2);
  for (let r = 10n; r < 2000n; r += 1n) remembering.recover(hash, 0, r, 1n);
  remembering.recover(hash, 1, 3n, 4n);
  assert.is(asked(), 2 + 1990 + 1);
});

test.run();
