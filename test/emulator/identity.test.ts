import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hexToBytes, keccak256, recoverAddress, toHex } from 'viem';
import { privateKeyToAddress } from 'viem/accounts';
import { deviceOf, identityOf } from '../../emulator/identity.ts';

const test = suite('emulator/identity');

test('an address is the one that wallets compute from the key', () => {
  for (const name of ['ops-1', 'pad-01', 'pad-32']) {
    const { address, privateKey } = identityOf('seed', name);
    assert.is(address, privateKeyToAddress(privateKey).toLowerCase());
  }
});

test('seed and name decide the key', () => {
  assert.equal(identityOf('seed', 'pad-01'), identityOf('seed', 'pad-01'));
  assert.is.not(identityOf('seed', 'pad-01').privateKey, identityOf('seed', 'pad-02').privateKey);
  assert.is.not(identityOf('seed', 'pad-01').privateKey, identityOf('other', 'pad-01').privateKey);
});

test('a signature is deterministic, low, and recovers to the address', async () => {
  const identity = identityOf('seed', 'pad-01');
  const device = deviceOf(identity);
  const half = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;
  for (const text of ['a', 'b', 'c', 'd']) {
    const hash = keccak256(toHex(text));
    const { yParity, r, s } = device.sign(hexToBytes(hash));
    assert.equal(device.sign(hexToBytes(hash)), { yParity, r, s });
    assert.ok(s <= half);
    const signature = { yParity, r: toHex(r, { size: 32 }), s: toHex(s, { size: 32 }) };
    assert.is((await recoverAddress({ hash, signature })).toLowerCase(), identity.address);
  }
});

test.run();
