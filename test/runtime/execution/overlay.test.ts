import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bigintToWord, ZERO_WORD } from '../../../runtime/bytes.ts';
import { layOver } from '../../../runtime/execution/overlay.ts';
import type { AccountDiff, Address, StateView, Word } from '../../../runtime/ports/index.ts';
import { EMPTY_CODE_HASH } from '../../../runtime/state/account.ts';

const test = suite('execution/overlay');

const a: Address = `0x${'0a'.repeat(20)}`;
const b: Address = `0x${'0b'.repeat(20)}`;
const [zero, one, two, three] = [0n, 1n, 2n, 3n].map(bigintToWord) as [Word, Word, Word, Word];

/** Account `a` with 1 in slot 1; nothing else. */
const base: StateView = {
  account: (address) => (address === a ? { nonce: 1n, balance: 5n, codeHash: EMPTY_CODE_HASH, hasStorage: true } : undefined),
  slot: (address, slot) => (address === a && slot === one ? one : ZERO_WORD),
  code: () => Uint8Array.of(0xba, 0x5e),
  blockHash: () => three,
};

function change(address: Address, rest: Partial<AccountDiff> = {}): AccountDiff {
  return { address, account: { nonce: 2n, balance: 7n, codeHash: EMPTY_CODE_HASH }, cleared: false, slots: [], ...rest };
}

const gone = (address: Address): AccountDiff => ({ address, account: null, cleared: false, slots: [] });

test('what nobody changed is the base', () => {
  const { view } = layOver(base);
  assert.is(view.account(a)?.balance, 5n);
  assert.is(view.account(b), undefined);
  assert.is(view.slot(a, one), one);
  assert.is(view.blockHash(1n), three);
  assert.equal(view.code(one), Uint8Array.of(0xba, 0x5e));
});

test('each sees what those before it changed', () => {
  const overlay = layOver(base);
  overlay.absorb([change(a, { slots: [[two, two]] }), change(b)]);
  assert.is(overlay.view.account(a)?.balance, 7n);
  assert.is(overlay.view.account(b)?.hasStorage, false);
  assert.equal(
    [one, two, three].map((slot) => overlay.view.slot(a, slot)),
    [one, two, zero],
  );
  overlay.absorb([
    change(a, {
      slots: [
        [two, three],
        [one, zero],
      ],
    }),
  ]);
  assert.equal(
    [one, two].map((slot) => overlay.view.slot(a, slot)),
    [zero, three],
  );
  assert.equal(overlay.diff(), [
    change(a, {
      slots: [
        [two, three],
        [one, zero],
      ],
    }),
    change(b),
  ]);
});

test('code that a later transaction took away is not left over (EIP-7702)', () => {
  const overlay = layOver(base);
  const code = Uint8Array.of(0xef, 1, 0);
  const delegated = change(b, { account: { nonce: 1n, balance: 0n, codeHash: one }, code });
  overlay.absorb([delegated]);
  overlay.absorb([change(b, { account: { nonce: 1n, balance: 3n, codeHash: one } })]);
  assert.equal(overlay.diff(), [change(b, { account: { nonce: 1n, balance: 3n, codeHash: one }, code })]);
  overlay.absorb([change(b)]);
  assert.equal(overlay.diff(), [change(b)]);
});

test('an account that went hides what it had, also when it comes back', () => {
  const overlay = layOver(base);
  overlay.absorb([gone(a)]);
  assert.is(overlay.view.account(a), undefined);
  assert.is(overlay.view.slot(a, one), zero);
  assert.equal(overlay.diff(), [{ ...gone(a), cleared: true }]);
  overlay.absorb([change(a, { slots: [[two, two]] })]);
  assert.is(overlay.view.slot(a, one), zero);
  assert.is(overlay.view.account(a)?.hasStorage, true);
  assert.equal(overlay.diff(), [change(a, { cleared: true, slots: [[two, two]] })]);
});

test('a cleared account has only its new slots', () => {
  const overlay = layOver(base);
  overlay.absorb([change(a, { slots: [[three, three]] })]);
  overlay.absorb([change(a, { cleared: true })]);
  assert.equal(
    [one, three].map((slot) => overlay.view.slot(a, slot)),
    [zero, zero],
  );
  assert.is(overlay.view.account(a)?.hasStorage, false);
});

test('new code is seen at once and kept for the end', () => {
  const overlay = layOver(base);
  const code = Uint8Array.of(1);
  overlay.absorb([change(b, { account: { nonce: 1n, balance: 0n, codeHash: two }, code })]);
  overlay.absorb([change(b, { account: { nonce: 1n, balance: 9n, codeHash: two } })]);
  assert.equal(overlay.view.code(two), code);
  assert.equal(overlay.diff()[0]?.code, code);
});

test.run();
