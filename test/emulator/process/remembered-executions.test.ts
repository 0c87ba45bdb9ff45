import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rememberedExecutions } from '../../../emulator/process/remembered-executions.ts';
import type { BlockContext, Executed, Message, StateView, Vm, Word } from '../../../runtime/ports/index.ts';
import { nobleVm } from '../../support/fake-ledger.ts';

const test = suite('emulator/process/remembered-executions');

const word = (value: number): Word => `0x${value.toString(16).padStart(64, '0')}`;
const address = `0x${'aa'.repeat(20)}` as const;
const block: BlockContext = {
  number: 1n,
  timestamp: 2n,
  gasLimit: 3n,
  coinbase: address,
  baseFee: 0n,
  prevRandao: word(0),
  excessBlobGas: 0n,
  chainId: 1n,
};
const message = (nonce: bigint, data = Uint8Array.of(1)): Message => ({
  type: 2,
  sender: address,
  nonce,
  gasLimit: 1n,
  maxFeePerGas: 0n,
  maxPriorityFeePerGas: 0n,
  value: 0n,
  data,
});

interface World {
  readonly slots: readonly number[];
  readonly codeHash: Word;
  readonly code: Uint8Array;
}

/** A state that keeps a list of what it was asked. */
function state({ slots, codeHash, code }: World, asked: string[]): StateView {
  const ask = <T>(what: string, answer: T): T => {
    asked.push(what);
    return answer;
  };
  return {
    account: (of) => ask(`account ${of}`, { nonce: BigInt(slots[0]!), balance: 0n, codeHash, hasStorage: true }),
    slot: (_, slot) => ask(`slot ${slot}`, word(slots[Number(slot)] ?? 0)),
    code: (hash) => ask(`code ${hash}`, code),
    blockHash: (number) => ask(`block ${number}`, word(slots[1]!)),
  };
}

/** Each slot says which is read next; the outcome tells of all that was read. */
function walking(): { readonly vm: Pick<Vm, 'execute' | 'keccak256'>; readonly executed: () => number } {
  let count = 0;
  const execute: Vm['execute'] = (_, { nonce }, view): Executed => {
    count += 1;
    const account = view.account(address)!;
    const seen = [account.nonce, ...view.code(account.codeHash), BigInt(view.blockHash(nonce))].map(String);
    let slot = word(Number(nonce));
    for (let steps = 0; steps < 3; steps += 1) {
      slot = view.slot(address, slot);
      seen.push(slot);
    }
    const none = { gasUsed: 0n, gasRefunded: 0n, gasPrice: 0n, output: new Uint8Array(0), logs: [], diff: [] };
    return { kind: 'executed', status: seen.join(), succeeded: true, ...none };
  };
  const vm = {
    execute,
    keccak256(data: Uint8Array) {
      assert.is(this, vm, 'a method is called on what it belongs to');
      return nobleVm.keccak256(data);
    },
  };
  return { vm, executed: () => count };
}

const code = Uint8Array.of(7);
const codeHash: Word = `0x${Buffer.from(nobleVm.keccak256(code)).toString('hex')}`;
const sound = (slots: readonly number[]): World => ({ slots, codeHash, code });
const someWorld = fc.array(fc.nat(3), { minLength: 4, maxLength: 4 }).map(sound);

test('every state gets the outcome that the VM has for it, and is asked for the same', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(someWorld, fc.bigInt(0n, 3n)), { maxLength: 40 }), (questions) => {
      const remembered = rememberedExecutions(walking().vm);
      const plain = walking().vm;
      for (const [world, nonce] of questions) {
        const [ours, theirs]: [string[], string[]] = [[], []];
        assert.equal(
          remembered(block, message(nonce), state(world, ours)),
          plain.execute(block, message(nonce), state(world, theirs)),
        );
        // Where another's reads did not agree, the VM has asked from the beginning.
        assert.equal(ours.slice(-theirs.length), theirs);
      }
    }),
  );
});

test('the same is executed once, whatever else was asked between', () => {
  const { vm, executed } = walking();
  const remembered = rememberedExecutions(vm);
  for (let times = 0; times < 3; times += 1) {
    remembered(block, message(0n), state(sound([1, 2, 3, 0]), []));
    remembered(block, message(1n), state(sound([1, 2, 3, 0]), []));
  }
  assert.is(executed(), 2);
  remembered({ ...block, timestamp: 3n }, message(0n), state(sound([1, 2, 3, 0]), []));
  remembered(block, message(0n, Uint8Array.of(2)), state(sound([1, 2, 3, 0]), []));
  remembered(block, message(0n), state(sound([1, 2, 3, 0]), []), { simulate: true });
  assert.is(executed(), 5);
});

test('a state that lies about a code is believed for itself alone', () => {
  const { vm, executed } = walking();
  const remembered = rememberedExecutions(vm);
  const liar = { ...sound([1, 2, 3, 0]), code: Uint8Array.of(66) };
  assert.match((remembered(block, message(0n), state(liar, [])) as Executed).status, /^1,66,/);
  assert.match((remembered(block, message(0n), state(sound([1, 2, 3, 0]), [])) as Executed).status, /^1,7,/);
  assert.is(executed(), 2);
});

test('what a state throws is thrown, also where the outcome is known', () => {
  const remembered = rememberedExecutions(walking().vm);
  remembered(block, message(0n), state(sound([1, 2, 3, 0]), []));
  const broken: StateView = {
    ...state(sound([1, 2, 3, 0]), []),
    code: () => {
      throw new Error('the disk is torn');
    },
  };
  assert.throws(() => remembered(block, message(0n), broken), /the disk is torn/);
});

test.run();
