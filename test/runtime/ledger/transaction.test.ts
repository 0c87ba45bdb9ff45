import { readdirSync, readFileSync } from 'node:fs';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { serializeTransaction, type TransactionSerializable, keccak256 as viemKeccak } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { bytesToHex, hexToBytes } from '../../../runtime/bytes.ts';
import { decodeTransaction, signTransaction, type Transaction } from '../../../runtime/ledger/transaction.ts';
import type { Hex } from '../../../runtime/ports/index.ts';
import { sharedPath } from '../../support/need.ts';
import { cryptography, deviceOf } from './support.ts';

const test = suite('ledger/transaction');
const official = sharedPath('fixtures/extra/ethereum-tests/TransactionTests');
const key: Hex = `0x${'46'.repeat(32)}`;
const account = privateKeyToAccount(key);

interface Result {
  readonly hash?: string;
  readonly sender?: string;
  readonly exception?: string;
}

type OfficialFile = Record<string, { readonly txbytes: string; readonly result: Record<string, Result> }>;

/** Refusals of the official tests that concern a ledger's rules, not the form of a transaction. */
const RULES =
  /INVALID_CHAINID|INTRINSIC_GAS|INITCODE_SIZE|NONCE_IS_MAX|GASLIMIT_PRICE_PRODUCT|PRIORITY_GREATER|TYPE_NOT_SUPPORTED|TR_NonceHasMaxValue|TR_IntrinsicGas/;

function* officialRows(): Generator<[name: string, raw: string, result: Result]> {
  for (const folder of official ? readdirSync(official) : []) {
    for (const file of readdirSync(`${official}/${folder}`)) {
      const json = JSON.parse(readFileSync(`${official}/${folder}/${file}`, 'utf8')) as OfficialFile;
      for (const [name, row] of Object.entries(json)) {
        const result = row.result['Cancun'] ?? row.result['Shanghai'];
        if (result) yield [`${folder}/${name}`, row.txbytes, result];
      }
    }
  }
}

test('official transactions: hash and sender, or refused', () => {
  let seen = 0;
  for (const [name, raw, result] of officialRows()) {
    seen++;
    let transaction: Transaction | undefined;
    let refusal = '';
    try {
      transaction = decodeTransaction(hexToBytes(raw), cryptography);
    } catch (error) {
      assert.is((error as Error).name, 'TransactionRefused', `${name}: ${error}`);
      refusal = (error as Error).message;
    }
    if (result.exception === undefined) {
      assert.is(transaction?.hash, result.hash, `${name}: ${refusal}`);
      assert.is(transaction?.sender, result.sender, name);
    } else if (!RULES.test(result.exception)) {
      assert.is(transaction?.hash, undefined, `${name} should be refused: ${result.exception}`);
    }
  }
  assert.is(seen > 150 || !official, true, `${seen} official rows`);
});

const common = {
  chainId: 1337,
  nonce: 7,
  gas: 90_000n,
  to: `0x${'35'.repeat(20)}` as Hex,
  value: 10n ** 18n,
  data: '0x00ff' as Hex,
};
const accessList = [{ address: common.to, storageKeys: [`0x${'01'.repeat(32)}` as Hex] }];
const fees = { maxFeePerGas: 20n, maxPriorityFeePerGas: 2n };

const rows: [name: string, transaction: TransactionSerializable & { chainId: number }, type: number][] = [
  ['legacy', { ...common, type: 'legacy', gasPrice: 9n }, 0],
  ['access list', { ...common, type: 'eip2930', gasPrice: 9n, accessList }, 1],
  ['dynamic fee', { ...common, type: 'eip1559', ...fees, accessList }, 2],
  ['creation', { chainId: 1, type: 'eip1559', gas: 1n, data: '0x6000', ...fees }, 2],
  ['blob', { ...common, type: 'eip4844', ...fees, maxFeePerBlobGas: 3n, blobVersionedHashes: [`0x01${'0a'.repeat(31)}`] }, 3],
];

for (const [name, unsigned, type] of rows) {
  test(`decodes what viem signs: ${name}`, async () => {
    const raw = await account.signTransaction(unsigned);
    const decoded = decodeTransaction(hexToBytes(raw), cryptography);
    assert.is(decoded.type, type);
    assert.is(decoded.sender, account.address.toLowerCase());
    assert.is(decoded.hash, viemKeccak(raw));
    assert.is(decoded.chainId, BigInt(unsigned.chainId));
    assert.is(decoded.nonce, BigInt(unsigned.nonce ?? 0));
    assert.is(decoded.gasLimit, unsigned.gas);
    assert.is(decoded.to, unsigned.to ?? undefined);
    assert.is(decoded.value, unsigned.value ?? 0n);
    assert.is(bytesToHex(decoded.data), unsigned.data);
    assert.is(decoded.maxFeePerGas, type < 2 ? 9n : 20n);
    assert.is(decoded.maxPriorityFeePerGas, type < 2 ? 9n : 2n);
    assert.equal(decoded.blobHashes, type === 3 ? unsigned.blobVersionedHashes : undefined);
  });
}

test('decodes authorizations (EIP-7702)', async () => {
  const authorization = await account.signAuthorization({ address: common.to, chainId: 1337, nonce: 3 });
  const raw = await account.signTransaction({ ...common, type: 'eip7702', ...fees, authorizationList: [authorization] });
  const decoded = decodeTransaction(hexToBytes(raw), cryptography);
  assert.is(decoded.type, 4);
  assert.is(decoded.authorizations?.length, 1);
  assert.is(decoded.authorizations?.[0]?.nonce, 3n);
  assert.is(decoded.authorizations?.[0]?.r, BigInt(authorization.r!));
});

test("the device's own transactions are those viem would sign", async () => {
  const device = deviceOf(hexToBytes(key));
  const fields = { chainId: 1337n, nonce: 7n, gasLimit: 90_000n, to: common.to, value: 5n, data: Uint8Array.of(1, 2), ...fees };
  const raw = bytesToHex(signTransaction(fields, device, cryptography.keccak256));
  const same = { ...common, type: 'eip1559', value: 5n, data: '0x0102', ...fees } as const;
  assert.is(raw, await account.signTransaction(same));
  const { to: _, ...creation } = fields;
  assert.is(decodeTransaction(signTransaction(creation, device, cryptography.keccak256), cryptography).to, undefined);
});

test('garbage is refused with a sentence', () => {
  const unsigned = serializeTransaction({ ...common, type: 'eip1559', ...fees });
  const garbage: [raw: string, reason: RegExp][] = [
    ['0x', /it has no bytes/],
    ['0x05c0', /type not supported: 5/],
    ['0x7f', /type not supported: 127/],
    ['0xc0', /a transaction has 0 items; it should have 9/],
    ['0x02', /there is no item/],
    [unsigned, /a transaction has 9 items; it should have 12/],
  ];
  for (const [raw, reason] of garbage) {
    assert.throws(
      () => decodeTransaction(hexToBytes(raw), cryptography),
      (error: Error) => error.name === 'TransactionRefused' && reason.test(error.message),
      raw,
    );
  }
});

test('a high s is refused (EIP-2)', async () => {
  const raw = hexToBytes(await account.signTransaction({ ...common, type: 'legacy', gasPrice: 9n }));
  const decoded = decodeTransaction(raw, cryptography);
  const order = secp256k1.Point.CURVE().n;
  const flipped = serializeTransaction(
    { ...common, type: 'legacy', gasPrice: 9n },
    { r: `0x${decoded.r.toString(16)}`, s: `0x${(order - decoded.s).toString(16)}`, v: decoded.v ^ 1n },
  );
  assert.throws(() => decodeTransaction(hexToBytes(flipped), cryptography), /too high/);
});

test.run();
