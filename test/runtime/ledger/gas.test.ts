import { readdirSync, readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hexToBytes } from '../../../runtime/bytes.ts';
import { floorGas, intrinsicGas } from '../../../runtime/ledger/gas.ts';
import { decodeTransaction } from '../../../runtime/ledger/transaction.ts';
import { sharedPath } from '../../support/need.ts';
import { cryptography } from './support.ts';

const test = suite('ledger/gas');
const official = sharedPath('fixtures/extra/ethereum-tests/TransactionTests');

type OfficialFile = Record<string, { txbytes: string; result: Record<string, { intrinsicGas: string; exception?: string }> }>;

test('intrinsic gas of the official transactions', () => {
  let seen = 0;
  for (const folder of official ? readdirSync(official) : []) {
    for (const file of readdirSync(`${official}/${folder}`)) {
      const json = JSON.parse(readFileSync(`${official}/${folder}/${file}`, 'utf8')) as OfficialFile;
      for (const [name, { txbytes, result }] of Object.entries(json)) {
        const expected = result['Cancun'] ?? result['Shanghai'];
        if (!expected || expected.exception) continue;
        seen++;
        assert.is(
          intrinsicGas(decodeTransaction(hexToBytes(txbytes), cryptography)),
          BigInt(expected.intrinsicGas),
          `${folder}/${name}`,
        );
      }
    }
  }
  assert.is(seen >= 50 || !official, true, `${seen} rows`);
});

const message = {
  type: 4,
  sender: '0x',
  nonce: 0n,
  gasLimit: 0n,
  maxFeePerGas: 0n,
  maxPriorityFeePerGas: 0n,
  value: 0n,
} as const;

test('authorizations and the floor (EIP-7702, EIP-7623)', () => {
  const data = Uint8Array.of(0, 0, 1);
  const authorization = { chainId: 0n, address: '0x', nonce: 0n, yParity: 0n, r: 0n, s: 0n } as const;
  assert.is(intrinsicGas({ ...message, to: '0x01', data, authorizations: [authorization, authorization] }), 21_024n + 50_000n);
  assert.is(floorGas({ ...message, to: '0x01', data }), 21_060n);
});

test.run();
