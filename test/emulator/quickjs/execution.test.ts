import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  decodeAccount,
  decodeCall,
  decodeOutcome,
  encodeAccount,
  encodeCall,
  encodeOutcome,
} from '../../../emulator/quickjs/execution.ts';
import type { Account, AccountDiff, BlockContext, Executed, Hex, Log, Message } from '../../../runtime/ports/index.ts';

const test = suite('emulator/quickjs/execution');

const plain = { noNullPrototype: true } as const;

const hex = (bytes: number): fc.Arbitrary<Hex> =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((each): Hex => `0x${Buffer.from(each).toString('hex')}`);
const word = hex(32);
const address = hex(20);
const amount = fc.bigInt(0n, 2n ** 256n - 1n);
const bytes = fc.uint8Array({ maxLength: 40 });

const block: fc.Arbitrary<BlockContext> = fc.record(
  {
    number: amount,
    timestamp: amount,
    gasLimit: amount,
    coinbase: address,
    baseFee: amount,
    prevRandao: word,
    excessBlobGas: amount,
    chainId: amount,
  },
  plain,
);
const required = {
  type: fc.constantFrom<Message['type']>(0, 1, 2, 3, 4),
  sender: address,
  nonce: amount,
  gasLimit: amount,
  maxFeePerGas: amount,
  maxPriorityFeePerGas: amount,
  value: amount,
  data: bytes,
};
const authorization = fc.record({ chainId: amount, address, nonce: amount, yParity: amount, r: amount, s: amount }, plain);
const rare = {
  to: address,
  accessList: fc.array(fc.record({ address, slots: fc.array(word, { maxLength: 2 }) }, plain), { maxLength: 2 }),
  blobHashes: fc.array(word, { maxLength: 2 }),
  authorizations: fc.array(authorization, { maxLength: 2 }),
  maxFeePerBlobGas: amount,
};
const keysOf = <T extends object>(record: T) => Object.keys(record) as (keyof T)[];
const message = fc.record({ ...required, ...rare }, { ...plain, requiredKeys: keysOf(required) }) as fc.Arbitrary<Message>;
const log: fc.Arbitrary<Log> = fc.record({ address, topics: fc.array(word, { maxLength: 4 }), data: bytes }, plain);
const account = fc.record({ nonce: amount, balance: amount, codeHash: word }, plain);
const change = fc.record(
  { address, account: fc.option(account), code: bytes, cleared: fc.boolean(), slots: fc.array(fc.tuple(word, word)) },
  { ...plain, requiredKeys: ['address', 'account', 'cleared', 'slots'] },
) as fc.Arbitrary<AccountDiff>;
const executed = fc.record(
  {
    kind: fc.constant('executed' as const),
    status: fc.string(),
    succeeded: fc.boolean(),
    gasUsed: amount,
    gasRefunded: amount,
    gasPrice: amount,
    output: bytes,
    created: address,
    logs: fc.array(log, { maxLength: 3 }),
    diff: fc.array(change, { maxLength: 3 }),
  },
  { ...plain, requiredKeys: ['kind', 'status', 'succeeded', 'gasUsed', 'gasRefunded', 'gasPrice', 'output', 'logs', 'diff'] },
) as fc.Arbitrary<Executed>;

test('what is executed arrives as it left, field by field', () => {
  fc.assert(
    fc.property(block, message, fc.boolean(), (someBlock, someMessage, simulate) => {
      const { text, bytes: data } = encodeCall(someBlock, someMessage, simulate ? { simulate } : undefined);
      assert.equal(decodeCall(text, data), [someBlock, someMessage, simulate ? { simulate } : {}]);
    }),
  );
});

test('what came of it does so, too', () => {
  const refused = fc.string().map((reason) => ({ kind: 'refused' as const, reason }));
  fc.assert(
    fc.property(fc.oneof(executed, refused), (outcome) => {
      assert.equal(decodeOutcome(encodeOutcome(outcome)), outcome);
    }),
  );
});

test('and accounts', () => {
  const whole: fc.Arbitrary<Account> = fc.record(
    { nonce: amount, balance: amount, codeHash: word, hasStorage: fc.boolean() },
    plain,
  );
  fc.assert(fc.property(fc.option(whole, { nil: undefined }), (one) => assert.equal(decodeAccount(encodeAccount(one)), one)));
});

const nonsense: [name: string, text: string, sentence: RegExp][] = [
  ['no JSON', 'gibberish', /JSON/],
  ['too few fields', '[0,"1"]', /BigInt/],
  ['a number without end', `[0,"${'9'.repeat(81)}"]`, /a number of 81 digits cannot cross/],
  ['a number that is none', '[0,"one"]', /BigInt/],
];

for (const [name, text, sentence] of nonsense) {
  test(`${name} is refused in a sentence`, () => {
    assert.throws(() => decodeCall(text, new Uint8Array(0)), sentence);
  });
}

test.run();
