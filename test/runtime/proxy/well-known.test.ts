import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { verifyMessage } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { deviceOf, identityOf } from '../../../emulator/identity.ts';
import type { NodeStatus } from '../../../runtime/node.ts';
import type { Sister } from '../../../runtime/ports/index.ts';
import { createWellKnown, readSigned, type Signed } from '../../../runtime/proxy/well-known.ts';
import { nobleVm } from '../../support/fake-ledger.ts';

const s = suite('proxy/well-known');
const identity = identityOf('seed', 'pad-1');
const HASH = `0x${'11'.repeat(32)}` as const;
const STATUS = {
  name: 'pad-1',
  address: identity.address,
  state: 'healthy',
  head: { number: 5, hash: HASH, stateRoot: HASH, timestamp: 9 },
  releases: [{ app: 'hello', revision: 7, phase: 'active', health: 'healthy', vote: 'healthy' }],
} as unknown as NodeStatus;

/** A node with sisters, and a ledger that notes what it is asked. */
function bench() {
  const asked: unknown[] = [];
  const it = {
    nowMs: 1_700_000_000_000,
    sisters: [{ name: 'pad-2', url: 'http://10.0.0.2:8080' }] as Sister[],
    signatures: 0,
    asked,
  };
  const device = deviceOf(identity);
  const says = createWellKnown({
    config: { genesis: { chainId: 4400 } as never, fleet: `0x${'fe'.repeat(20)}`, consensus: 'solo' },
    device: {
      ...device,
      sign: (hash) => {
        it.signatures++;
        return device.sign(hash);
      },
    },
    ledger: {
      rpc: async (text) => {
        const { method, params } = JSON.parse(text);
        asked.push([method, params]);
        const result =
          method === 'eth_getStorageAt' ? `0x${'0'.repeat(32)}${'7'.padStart(16, '0')}${'8'.padStart(16, '0')}` : { of: method };
        return JSON.stringify({ jsonrpc: '2.0', id: 1, result });
      },
    },
    clock: { nowMs: () => it.nowMs },
    keccak256: nobleVm.keccak256,
    status: () => STATUS,
    sisters: () => it.sisters,
  });
  const card = async () =>
    JSON.parse((await says('/.well-known/classpad'))!) as { signed: Signed; nodes: Sister[]; [field: string]: unknown };
  return { ...it, it, says, card };
}

s('says who it is, where the ledger stands, what runs, and who else there is', async () => {
  const { card } = bench();
  const { signed: _, ...said } = await card();
  assert.equal(said, {
    classpad: 1,
    device: { name: 'pad-1', address: identity.address, state: 'healthy' },
    ledger: { chainId: 4400, fleet: `0x${'fe'.repeat(20)}`, consensus: 'solo' },
    head: { number: 5, hash: HASH, stateRoot: HASH, timestamp: 9 },
    releases: [{ app: 'hello', revision: 7, phase: 'active', health: 'healthy', proof: '/.well-known/classpad/proof?app=hello' }],
    nodes: [{ name: 'pad-2', url: 'http://10.0.0.2:8080' }],
  });
});

s('the list is signed by its key, as any Ethereum library checks it', async () => {
  const { signed, nodes } = await bench().card();
  const { address } = identity;
  assert.ok(await verifyMessage({ address, message: signed.text, signature: signed.signature }));
  assert.equal(readSigned(signed, nobleVm), { address, nodes });
  const said = JSON.parse(signed.text);
  assert.equal([said.nodes, said.chainId, said.at], [nodes, 4400, 1_700_000_000]);
});

const forged: readonly [what: string, change: (signed: Signed) => Signed][] = [
  ['another list', ({ text, signature }) => ({ text: text.replace('10.0.0.2', '10.6.6.6'), signature })],
  ['another signer', ({ text, signature }) => ({ text: text.replace(identity.address, HASH.slice(0, 42)), signature })],
  ['no signature', ({ text }) => ({ text, signature: '0x' })],
];
for (const [what, change] of forged) {
  s(`${what} is not believed`, async () => assert.is(readSigned(change((await bench().card()).signed), nobleVm), undefined));
}

const ADDRESS = identity.address;
for (const text of [
  'hello',
  'null',
  '7',
  `{"address":"${ADDRESS}"}`,
  `{"address":"${ADDRESS}","nodes":[null]}`,
  `{"address":"${ADDRESS}","nodes":[{"url":7}]}`,
]) {
  s(`${text}, however well signed, is no list`, async () => {
    const signature = await privateKeyToAccount(identity.privateKey).signMessage({ message: text });
    assert.is(readSigned({ text, signature }, nobleVm), undefined);
  });
}

s('it signs only what is new, or what has grown old', async () => {
  const { it, card } = bench();
  for (let count = 0; count < 50; count++) await card();
  assert.is(it.signatures, 1);
  it.nowMs += 60_000;
  await card();
  assert.is(it.signatures, 2);
  it.sisters = [];
  await card();
  assert.is(it.signatures, 3);
});

s('the proof of a release: the block, and the slots of the Fleet in its state', async () => {
  const { says, asked } = bench();
  const said = JSON.parse((await says('/.well-known/classpad/proof?app=hello'))!);
  assert.equal(said.standing, { latest: 8, active: 7, rollingOut: 0 });
  assert.equal([said.app, said.block, said.proof], ['hello', { of: 'eth_getBlockByNumber' }, { of: 'eth_getProof' }]);
  assert.equal(asked.at(-1), ['eth_getProof', [said.fleet, [said.slots.standing, said.slots.manifestHash], '0x5']]);
});

const nothing = [
  '/.well-known/classpad/',
  '/.well-known/classpad/proof',
  '/.well-known/classpad/proof?app=../x',
  '/.well-known/classpad/x',
];
for (const target of nothing) s(`there is nothing at ${target}`, async () => assert.is(await bench().says(target), undefined));

s.run();
