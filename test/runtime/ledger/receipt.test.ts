import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bloomOf } from '../../../runtime/ledger/bloom.ts';
import { encodeReceipt, type Receipt, receiptItem, receiptOf, receiptsRoot } from '../../../runtime/ledger/receipt.ts';
import { decodeRlp, encodeRlp } from '../../../runtime/rlp/index.ts';
import { EMPTY_ROOT } from '../../../runtime/state/trie.ts';
import { cryptography } from './support.ts';

const test = suite('ledger/receipt');
const { keccak256 } = cryptography;

const logs = [{ address: `0x${'ab'.repeat(20)}`, topics: [`0x${'01'.repeat(32)}`], data: Uint8Array.of(1, 2) }] as const;

function receipt(rest: Partial<Receipt> = {}): Receipt {
  return {
    type: 2,
    succeeded: true,
    cumulativeGasUsed: 50_000n,
    logsBloom: bloomOf(rest.logs ?? logs, keccak256),
    logs,
    gasUsed: 29_000n,
    gasPrice: 7n,
    sender: `0x${'cd'.repeat(20)}`,
    ...rest,
  };
}

test('what is stored is read back', () => {
  for (const some of [
    receipt(),
    receipt({ type: 0, succeeded: false, logs: [] }),
    receipt({ created: `0x${'ef'.repeat(20)}` }),
  ]) {
    assert.equal(receiptOf(decodeRlp(encodeRlp(receiptItem(some))), keccak256), some);
  }
});

test('the envelope says the type; the legacy receipt has none (EIP-2718)', () => {
  assert.is(encodeReceipt(receipt())[0], 2);
  assert.is(encodeReceipt(receipt({ type: 0 }))[0], 0xf9);
  assert.equal(encodeReceipt(receipt()).subarray(1), encodeReceipt(receipt({ type: 0 })));
});

test('what is kept beside a receipt is no part of its root', () => {
  assert.is(receiptsRoot([receipt()], keccak256), receiptsRoot([receipt({ gasPrice: 9n, gasUsed: 1n })], keccak256));
  assert.is.not(receiptsRoot([receipt()], keccak256), receiptsRoot([receipt({ succeeded: false })], keccak256));
  assert.is(receiptsRoot([], keccak256), EMPTY_ROOT);
});

test.run();
