import { randomBytes } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { privateKeyToAccount } from 'viem/accounts';
import { deviceOf, identityOf } from '../../../emulator/identity.ts';
import { memoryStore } from '../../../emulator/store.ts';
import { bytesToHex, hexToBytes, utf8Decode, utf8Encode } from '../../../runtime/bytes.ts';
import { orderHash, type SecretOrder } from '../../../runtime/secrets/order.ts';
import { seal } from '../../../runtime/secrets/sealed-box.ts';
import { openVault, SEALED_LIMIT_BYTES, type Vault } from '../../../runtime/secrets/vault.ts';
import { nobleVm } from '../../support/fake-ledger.ts';

const s = suite('secrets/vault');

const device = deviceOf(identityOf('vault', 'tablet'));
const other = deviceOf(identityOf('vault', 'other'));
const operator = privateKeyToAccount(`0x${'0a'.repeat(32)}`);
const stranger = privateKeyToAccount(`0x${'0b'.repeat(32)}`);
const isOperator = (address: string) => address === operator.address.toLowerCase();
const CHAIN = 4400n;

const open = (store = memoryStore()) => openVault({ store, device, vm: nobleVm, chainId: CHAIN });
const sealed = (value: string, to = device) => seal(utf8Encode(value), to.publicKey!, randomBytes);

async function signed(order: SecretOrder, by = operator, chainId = CHAIN, to = device.address): Promise<Uint8Array> {
  const raw = bytesToHex(orderHash(order, { chainId, device: to }, nobleVm.keccak256));
  return hexToBytes(await by.signMessage({ message: { raw } }));
}

async function set(vault: Vault, name: string, version: number, value: string): Promise<void> {
  const order = { name, version, sealed: await sealed(value) };
  await vault.obey(order, await signed(order), isOperator);
}

const read = async (vault: Vault, name: string) => utf8Decode(await vault.open(name));

s('a secret is set, changed, listed by name, removed, and outlives the process', async () => {
  const store = memoryStore();
  const vault = open(store);
  const changes: string[] = [];
  vault.onChange((name) => changes.push(name));
  await set(vault, 'token', 1, 'one');
  await set(vault, 'db-password', 5, 'two');
  await set(vault, 'token', 2, 'three');
  assert.equal(vault.list(), [
    { name: 'db-password', version: 5 },
    { name: 'token', version: 2 },
  ]);
  assert.is(await read(open(store), 'token'), 'three');
  const removal = { name: 'token', version: 3, sealed: undefined };
  await vault.obey(removal, await signed(removal), isOperator);
  assert.equal(changes, ['token', 'db-password', 'token', 'token']);
  for (const each of [vault, open(store)]) {
    assert.equal([...each.names()], ['db-password']);
    assert.match(await read(each, 'token').catch(String), /there is no secret token/);
  }
});

s('a version that could not be read again is refused, and nothing is lost by it', async () => {
  const store = memoryStore();
  const vault = open(store);
  await set(vault, 'token', 2 ** 48 - 1, 'last');
  const late = set(vault, 'other', 2 ** 48, 'too late').then(() => 'taken', String);
  assert.match(await late, /281474976710656 is no version/);
  assert.equal(open(store).list(), [{ name: 'token', version: 2 ** 48 - 1 }]);
});

s('a secret that the disk has changed is missing, and the others are there', async () => {
  const store = memoryStore();
  const vault = open(store);
  await set(vault, 'one', 1, 'first');
  await set(vault, 'two', 1, 'second');
  const key = store.keys('', 10).find((each) => each.endsWith('one'))!;
  store.put([[key, store.get(key)!.subarray(0, 9)]]);
  const again = open(store);
  assert.equal([...again.names()], ['two']);
  await set(again, 'one', 2, 'third');
  assert.is(await read(open(store), 'one'), 'third');
});

s('the store holds no value, but for who has the key', async () => {
  const store = memoryStore();
  await set(open(store), 'token', 1, 'a value to be found');
  const bytes = store.keys('', 100).map((key) => Buffer.from(store.get(key)!).toString('latin1'));
  assert.is(bytes.length, 1);
  assert.not.match(bytes.join(), 'a value to be found');
});

type Attempt = readonly [what: string, attempt: (vault: Vault) => Promise<unknown>, sentence: RegExp];

const obey =
  (change: Partial<SecretOrder>, sign = signed as (order: SecretOrder) => Promise<Uint8Array>) =>
  async (vault: Vault) => {
    const order = { name: 'token', version: 8, sealed: await sealed('x'), ...change };
    await vault.obey(order, await sign(order), isOperator);
  };
const NOT_SIGNED = /not signed by an operator of this fleet, for this device and this ledger/;

const REFUSED: readonly Attempt[] = [
  ['an old version', obey({ version: 6 }), /token has version 7 here; 6 is not later/],
  ['the same version again', obey({ version: 7 }), /token has version 7 here; 7 is not later/],
  ['a stranger', obey({}, (order) => signed(order, stranger)), NOT_SIGNED],
  ['another ledger', obey({}, (order) => signed(order, operator, 1n)), NOT_SIGNED],
  ['another device', obey({}, (order) => signed(order, operator, CHAIN, other.address)), NOT_SIGNED],
  ['another version than was signed', obey({}, (order) => signed({ ...order, version: 9 })), NOT_SIGNED],
  [
    'a removal in place of a value',
    obey({ sealed: undefined }, (order) => signed({ ...order, sealed: Uint8Array.of(1) })),
    NOT_SIGNED,
  ],
  ['a signature of nothing', obey({}, async () => new Uint8Array(65)), NOT_SIGNED],
  ['a signature cut short', obey({}, async (order) => (await signed(order)).subarray(0, 64)), NOT_SIGNED],
  ['a name that climbs', obey({ name: '../token' }), /the name of a secret has small letters/],
  ['too much', obey({ sealed: new Uint8Array(SEALED_LIMIT_BYTES + 1) }), /a secret has at most 65536 bytes/],
  ['garbage', obey({ sealed: new Uint8Array(100) }), /not a sealed secret of a known form/],
  [
    "what is sealed to another's key",
    async (vault) => obey({ sealed: await sealed('x', other) })(vault),
    /not sealed to this device's key/,
  ],
];
for (const [what, attempt, sentence] of REFUSED) {
  s(`refused, and nothing changed: ${what}`, async () => {
    const vault = open();
    await set(vault, 'token', 7, 'seven');
    assert.match(await attempt(vault).then(() => 'success', String), sentence);
    assert.equal(vault.list(), [{ name: 'token', version: 7 }]);
    assert.is(await read(vault, 'token'), 'seven');
  });
}

s('what was removed does not come back by an old order', async () => {
  const vault = open();
  const order = { name: 'token', version: 1, sealed: await sealed('one') };
  await vault.obey(order, await signed(order), isOperator);
  const removal = { name: 'token', version: 2, sealed: undefined };
  await vault.obey(removal, await signed(removal), isOperator);
  assert.match(
    await vault.obey(order, await signed(order), isOperator).then(() => 'success', String),
    /version 2 here; 1 is not later/,
  );
});

s('a device without a key for them takes none', async () => {
  const { publicKey: _, unseal: __, ...plain } = device;
  const vault = openVault({ store: memoryStore(), device: plain, vm: nobleVm, chainId: CHAIN });
  const order = { name: 'token', version: 1, sealed: await sealed('one') };
  assert.match(
    await vault.obey(order, await signed(order), isOperator).then(() => 'success', String),
    /this device takes no secrets/,
  );
});

s.run();
