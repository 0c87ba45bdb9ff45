import { randomBytes } from 'node:crypto';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../../runtime/bytes.ts';
import { seal, unseal } from '../../../runtime/secrets/sealed-box.ts';

const s = suite('secrets/sealed-box');

const pair = () => {
  const secretKey = secp256k1.utils.randomSecretKey();
  return { secretKey, publicKey: bytesToHex(secp256k1.getPublicKey(secretKey, true)) };
};
const sentence = (promise: Promise<unknown>) => promise.then(() => 'success', String);

s('what is sealed to a key that key opens, whatever it is', async () => {
  const { secretKey, publicKey } = pair();
  const bytes = fc.uint8Array({ maxLength: 3000 });
  await fc.assert(
    fc.asyncProperty(bytes, async (value) =>
      assert.equal(await unseal(await seal(value, publicKey, randomBytes), secretKey), value),
    ),
    { numRuns: 50 },
  );
});

s('twice sealed looks twice different', async () => {
  const { publicKey } = pair();
  const value = new Uint8Array(32);
  assert.not.equal(await seal(value, publicKey, randomBytes), await seal(value, publicKey, randomBytes));
});

s('another key opens nothing', async () => {
  const sealed = await seal(randomBytes(20), pair().publicKey, randomBytes);
  assert.match(await sentence(unseal(sealed, pair().secretKey)), /not sealed to this device's key, or was changed/);
});

s('no bit may be changed, and none be missing', async () => {
  const { secretKey, publicKey } = pair();
  const sealed = await seal(randomBytes(5), publicKey, randomBytes);
  for (let at = 0; at < sealed.length; at++) {
    const changed = sealed.slice();
    changed[at]! ^= 1;
    // The parity of the point alone leaves the shared x as it is, and is covered by the salt.
    assert.match(await sentence(unseal(changed, secretKey)), /was changed|known form/, `byte ${at}`);
    assert.match(await sentence(unseal(sealed.subarray(0, at), secretKey)), /was changed|known form/, `${at} bytes`);
  }
});

s.run();
