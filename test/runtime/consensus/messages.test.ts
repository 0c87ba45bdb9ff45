import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeMessage, encodeMessage, MAX_MESSAGE_BYTES, type PeerMessage } from '../../../runtime/consensus/messages.ts';
import type { Header } from '../../../runtime/ledger/header.ts';
import type { Word } from '../../../runtime/ports/index.ts';

const test = suite('consensus/messages');

const ledger: Word = `0x${'aa'.repeat(32)}`;
const word: Word = `0x${'01'.repeat(32)}`;

const header: Header = {
  parentHash: word,
  coinbase: `0x${'cb'.repeat(20)}`,
  stateRoot: word,
  transactionsRoot: word,
  receiptsRoot: word,
  logsBloom: new Uint8Array(256),
  number: 7,
  gasLimit: 30_000_000n,
  gasUsed: 21_000n,
  timestamp: 1_700_000_000,
  extraData: new Uint8Array(65),
  mixHash: word,
  baseFee: 0n,
};

const rows: PeerMessage[] = [
  { kind: 'head', number: 0, hash: word },
  { kind: 'head', number: 2 ** 40, hash: word },
  { kind: 'want', from: 300 },
  { kind: 'blocks', blocks: [] },
  { kind: 'blocks', blocks: [{ header, transactions: [Uint8Array.of(1, 2), new Uint8Array(300)] }] },
  { kind: 'transactions', transactions: [Uint8Array.of(2, 3)] },
  { kind: 'wantPieces', hashes: [word, ledger] },
  { kind: 'pieces', pieces: [Uint8Array.of(2, 3), new Uint8Array(600)] },
];

for (const message of rows) {
  test(`there and back: ${message.kind}`, () => assert.equal(decodeMessage(ledger, encodeMessage(ledger, message)), message));
}

test('messages of another ledger and of unknown kinds are nothing', () => {
  assert.is(decodeMessage(word, encodeMessage(ledger, rows[0]!)), undefined);
  const unknown = encodeMessage(ledger, rows[0]!);
  unknown[unknown.indexOf(1, 30)] = 9;
  assert.is(decodeMessage(ledger, unknown), undefined);
});

test('size and counts are bounded', () => {
  assert.throws(() => decodeMessage(ledger, new Uint8Array(MAX_MESSAGE_BYTES + 1)), /at most 1048576 are read/);
  const transactions = Array.from({ length: 65 }, () => Uint8Array.of(1));
  assert.throws(() => decodeMessage(ledger, encodeMessage(ledger, { kind: 'transactions', transactions })), /at most 64/);
  const blocks = Array.from({ length: 65 }, () => ({ header, transactions: [] }));
  assert.throws(() => decodeMessage(ledger, encodeMessage(ledger, { kind: 'blocks', blocks })), /at most 64/);
  const pieces = Array.from({ length: 65 }, () => Uint8Array.of(1));
  assert.throws(() => decodeMessage(ledger, encodeMessage(ledger, { kind: 'pieces', pieces })), /at most 64/);
  const hashes = Array.from({ length: 65 }, () => word);
  assert.throws(() => decodeMessage(ledger, encodeMessage(ledger, { kind: 'wantPieces', hashes })), /at most 64/);
});

test('garbage is an RlpError and nothing else', () => {
  const check = (bytes: Uint8Array) => {
    try {
      decodeMessage(ledger, bytes);
    } catch (error) {
      assert.is((error as Error).name, 'RlpError');
    }
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), check), { numRuns: 1000 });
  const whole = encodeMessage(ledger, rows[4]!);
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
      const bent = whole.slice();
      bent[at] = byte;
      check(bent);
    }),
    { numRuns: 2000 },
  );
});

test.run();
