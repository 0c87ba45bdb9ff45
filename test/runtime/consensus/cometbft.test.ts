import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeAbiParameters } from 'viem';
import { memoryStore } from '../../../emulator/store.ts';
import { bytesToHex, hexToBytes } from '../../../runtime/bytes.ts';
import type { Genesis } from '../../../runtime/config.ts';
import { engineChainId, SNAPSHOT_INTERVAL } from '../../../runtime/consensus/cometbft.ts';
import { DEVICE_REVOKED, heightOf, VALIDATOR_SET, Validators } from '../../../runtime/consensus/validators.ts';
import { createLedger, type Ledger } from '../../../runtime/ledger/ledger.ts';
import type { Abci, Address, Hex, Log, OrderedBlock, Store } from '../../../runtime/ports/index.ts';
import { asList, decodeRlp, encodeRlp, type RlpItem } from '../../../runtime/rlp/index.ts';
import { cometbftGenesis, cometbftWorld, validatorKey } from '../../support/consensus-worlds.ts';
import { testClock } from '../../support/virtual-clock.ts';
import { clientsOf } from '../ledger/client.ts';
import { deviceOf } from '../ledger/support.ts';
import { alice, bob, config, ether, genesis, keyOf, vm } from '../ledger/world.ts';

const test = suite('consensus/cometbft');

const chainId = engineChainId(genesis.chainId);
const proposer: Address = `0x${'00'.repeat(20)}`;

/** One node whose engine is this test. */
function open(
  store: Store = memoryStore(),
  trailingBlocks = 0,
  alloc: Genesis['alloc'] = {},
): { abci: Abci; ledger: Ledger; broadcast: Uint8Array[] } {
  const broadcast: Uint8Array[] = [];
  const ordering = {
    serve: (verbs: Abci) => void Object.assign(served, { abci: verbs }),
    broadcast: (raw: Uint8Array) => void broadcast.push(raw),
  };
  const served: { abci?: Abci } = {};
  const network = { peers: () => [], send: () => {}, receive: () => {}, serve: () => {} } as never;
  const log = { write: () => {} };
  const ports = { vm, store, clock: testClock(), network, device: deviceOf(keyOf(0)), log, ordering };
  const ledger = createLedger(ports, {
    ...config,
    consensus: 'cometbft',
    retainedHeights: 300,
    genesis: withAlloc(cometbftGenesis(2, trailingBlocks), alloc),
  });
  return { abci: served.abci!, ledger, broadcast };
}

const withAlloc = (first: Genesis, alloc: Genesis['alloc']): Genesis => ({ ...first, alloc: { ...first.alloc, ...alloc } });

async function transfer(nonce: number, more: object = {}, account = alice): Promise<Uint8Array> {
  const fees = { maxFeePerGas: 2_000_000_000n, maxPriorityFeePerGas: 1n, type: 'eip1559' } as const;
  const call = { to: bob.address, value: 1n, nonce, gas: 21_000n, chainId: genesis.chainId, ...fees, ...more };
  return hexToBytes(await account.signTransaction(call as never));
}

const block = (height: number, transactions: readonly Uint8Array[], timeSeconds = genesis.timestamp + 10): OrderedBlock => ({
  height,
  timeSeconds,
  proposer,
  transactions,
});

function decide(abci: Abci, height: number, transactions: readonly Uint8Array[], timeSeconds?: number): Hex {
  const { appHash } = abci.finalizeBlock(block(height, transactions, timeSeconds));
  abci.commit();
  return bytesToHex(appHash);
}

function copyOf(store: Store): Store {
  const copy = memoryStore();
  copy.write(store.keys('', 1_000_000).map((key) => [key, store.get(key)]));
  return copy;
}

test('the app hash is the hash of the ledger head, and an empty block changes neither', async () => {
  const { abci, ledger } = open();
  assert.is(bytesToHex(abci.info().appHash), ledger.head().hash);
  const first = decide(abci, 1, []);
  assert.is(first, ledger.head().hash);
  assert.is(ledger.head().number, 0);
  const second = decide(abci, 2, [await transfer(0)]);
  assert.is(second, ledger.head().hash);
  assert.is(ledger.head().number, 1);
  assert.is(decide(abci, 3, []), second);
  assert.equal(abci.info(), { height: 3, appHash: hexToBytes(second) });
  assert.is.not(first, second);
});

test('the header names the height and the validators', async () => {
  const { abci, ledger } = open();
  decide(abci, 1, []);
  decide(abci, 2, [await transfer(0)]);
  const raw = JSON.parse(await ledger.rpc('{"jsonrpc":"2.0","id":1,"method":"eth_getBlockByNumber","params":["latest",false]}'));
  const extra = hexToBytes(raw.result.extraData);
  assert.is(heightOf(extra), 2);
  assert.equal(extra.subarray(8), vm.keccak256(new Validators(cometbftGenesis(2).validators!).encode()));
});

test('seconds of the validators become block time, never before the parent', async () => {
  const { abci, ledger } = open();
  decide(abci, 1, [await transfer(0)], genesis.timestamp + 50);
  assert.is(ledger.head().timestamp, genesis.timestamp + 50);
  decide(abci, 2, [await transfer(1)], genesis.timestamp + 50);
  decide(abci, 3, [await transfer(2)], genesis.timestamp + 20);
  assert.is(ledger.head().timestamp, genesis.timestamp + 50);
});

test('until the commit nothing is written; the commit is one write', async () => {
  const inner = memoryStore();
  const writes: number[] = [];
  const store: Store = {
    ...inner,
    get: inner.get,
    keys: inner.keys,
    write: (entries) => {
      writes.push(entries.length);
      inner.write(entries);
    },
  };
  const { abci } = open(store);
  const raws = [await transfer(0), await transfer(1)];
  writes.length = 0;
  for (const raw of raws) abci.checkTransaction(raw, false);
  abci.prepareProposal(block(1, []), 100_000);
  abci.processProposal(block(1, raws));
  abci.finalizeBlock(block(1, raws));
  abci.finalizeBlock(block(1, raws));
  assert.equal(writes, []);
  abci.commit();
  assert.is(writes.length, 1);
});

test('after a crash at any step the replay gives the same', async () => {
  const raws = [await transfer(0), await transfer(1)];
  const reference = open();
  decide(reference.abci, 1, []);
  const expected = decide(reference.abci, 2, raws);
  const steps: readonly ((abci: Abci) => unknown)[] = [
    (abci) => abci.initChain({ chainId, validators: [] }),
    (abci) => decide(abci, 1, []),
    (abci) => abci.checkTransaction(raws[0]!, false),
    (abci) => abci.prepareProposal(block(2, []), 100_000),
    (abci) => abci.processProposal(block(2, raws)),
    (abci) => abci.finalizeBlock(block(2, raws)),
    (abci) => abci.commit(),
  ];
  for (let crash = 0; crash <= steps.length; crash++) {
    const store = memoryStore();
    const before = open(store);
    for (const step of steps.slice(0, crash)) step(before.abci);
    const { abci, ledger } = open(copyOf(store));
    if (abci.info().height === 0) abci.initChain({ chainId, validators: [] });
    if (abci.info().height < 1) decide(abci, 1, []);
    if (abci.info().height < 2) decide(abci, 2, raws);
    assert.is(ledger.head().hash, expected, `a crash after ${crash} steps`);
    assert.is(bytesToHex(abci.info().appHash), expected);
  }
});

test('InitChain may come again, and not for another ledger', async () => {
  const { abci } = open();
  const own = abci.initChain({ chainId, validators: [] });
  assert.equal(abci.initChain({ chainId, validators: own.validators }), own);
  assert.is(own.validators.length, 2);
  assert.throws(() => abci.initChain({ chainId: 'classpad-1', validators: [] }), /the engine's chain is classpad-1/);
  const strangers = [{ publicKey: new Uint8Array(32), power: 10 }];
  assert.throws(() => abci.initChain({ chainId, validators: strangers }), /names other validators/);
  decide(abci, 1, []);
  assert.throws(() => abci.initChain({ chainId, validators: [] }), /begins anew/);
  assert.throws(() => abci.finalizeBlock(block(1, [])), /height 1 is decided, and this ledger is at 1/);
  assert.throws(() => abci.commit(), /nothing was finalized/);
});

const refused: readonly (readonly [name: string, transactions: () => Promise<Uint8Array[]>, why: RegExp])[] = [
  ['garbage', async () => [Uint8Array.of(1, 2, 3)], /not a signed transaction/],
  ['nothing', async () => [new Uint8Array(0)], /it has no bytes/],
  ['a transaction twice', async () => [await transfer(0), await transfer(0)], /has the nonce 0, and 1 is next/],
  ['a gap', async () => [await transfer(1)], /has the nonce 1, and 0 is next/],
  ['the wrong order', async () => [await transfer(1), await transfer(0)], /nonce/],
  ['another chain', async () => [await transfer(0, { chainId: 5 })], /WrongChainId/],
  ['more than there is', async () => [await transfer(0, { value: 2000n * ether })], /cost up to/],
  [
    'more than there is for all of them',
    async () => [await transfer(0, { value: 600n * ether }), await transfer(1, { value: 600n * ether })],
    /cost up to 1200/,
  ],
  ['too little gas', async () => [await transfer(0, { gas: 20_000n })], /intrinsic gas too low/],
  [
    'more gas than a block has',
    async () => [await transfer(0, { gas: 16_000_000n }), await transfer(1, { gas: 16_000_000n })],
    /more than 30000000 gas/,
  ],
  [
    'a fee below the base fee',
    async () => [await transfer(0, { maxFeePerGas: 1n, maxPriorityFeePerGas: 0n })],
    /less than block base fee/,
  ],
];

for (const [name, transactions, why] of refused) {
  test(`a proposal with ${name} is refused, and its execution all the same leaves it out`, async () => {
    const { abci, ledger } = open();
    const raws = await transactions();
    assert.match(abci.processProposal(block(1, raws)) ?? 'accepted', why);
    const { outcomes } = abci.finalizeBlock(block(1, raws));
    assert.is(outcomes.length, raws.length);
    abci.commit();
    assert.ok(ledger.head().number <= 1);
  });
}

test('what an honest node proposes, honest nodes accept, within the bytes it was given', async () => {
  const { abci } = open();
  const other = open();
  for (let nonce = 0; nonce < 20; nonce++) abci.checkTransaction(await transfer(nonce), false);
  for (const maxBytes of [0, 100, 500, 1000, 100_000]) {
    const proposed = abci.prepareProposal(block(1, []), maxBytes);
    assert.ok(proposed.reduce((sum, raw) => sum + raw.length, 0) <= maxBytes);
    assert.is(other.abci.processProposal(block(1, proposed)), undefined);
  }
  assert.is(abci.prepareProposal(block(1, []), 100_000).length, 20);
  assert.match(other.abci.processProposal(block(2, [])) ?? '', /the next height is 1/);
});

test('the mempool keeps what can run and asks again in vain for what cannot', async () => {
  const { abci, ledger, broadcast } = open();
  assert.is(abci.checkTransaction(await transfer(1), false).code, 0);
  assert.is(abci.checkTransaction(await transfer(1), true).code, 1);
  ledger.submit(await transfer(0));
  assert.is(broadcast.length, 1);
  assert.is(abci.checkTransaction(await transfer(1), true).code, 0);
  decide(abci, 1, [await transfer(0)]);
  assert.match(abci.checkTransaction(await transfer(0), true).log, /nonce too low/);
  assert.match(abci.checkTransaction(Uint8Array.of(7), false).log, /transaction/);
});

test('a proposer that lies is outvoted, and the ledger goes on', async () => {
  const garbage = Uint8Array.of(9, 9);
  const some = cometbftWorld({ peers: 4, corrupt: (height, honest) => (height === 2 ? [garbage, ...honest] : honest) });
  some.run(1000);
  await clientsOf(some, 0).wallet.sendTransaction({ to: bob.address, value: 1n, nonce: 0, gas: 21_000n });
  some.run(10_000);
  assert.is(some.engine.refusals.length, 1);
  assert.ok(some.peers.every(({ ledger }) => ledger.head().number === 1));
  assert.ok([...some.engine.appHashes.values()].every((hashes) => hashes.size === 1));
  some.stop();
});

const [a, b, c] = [0, 1, 2].map((n) => deviceOf(keyOf(n)).address) as [Address, Address, Address];
const fleet = config.fleet;
const pad = (address: Address): Hex => `0x${address.slice(2).padStart(64, '0')}`;
const set = (device: Address, key: Hex, power: number | bigint, address = fleet): Log => ({
  address,
  topics: [VALIDATOR_SET, pad(device), key],
  data: hexToBytes(encodeAbiParameters([{ type: 'uint256' }], [BigInt(power)])),
});
const revoke = (device: Address): Log => ({
  address: fleet,
  topics: [DEVICE_REVOKED, pad(device), pad(a)],
  data: new Uint8Array(0),
});
const two = new Validators(cometbftGenesis(2).validators!);

const changes: readonly (readonly [name: string, logs: Log[], updates: [key: Hex, power: number][]])[] = [
  ['nothing', [], []],
  ['a new one', [set(c, validatorKey(2), 7)], [[validatorKey(2), 7]]],
  ['another power', [set(a, validatorKey(0), 5)], [[validatorKey(0), 5]]],
  ['the same again', [set(a, validatorKey(0), 10)], []],
  [
    'a new key',
    [set(a, validatorKey(3), 10)],
    [
      [validatorKey(3), 10],
      [validatorKey(0), 0],
    ],
  ],
  ['out by power', [set(b, validatorKey(1), 0)], [[validatorKey(1), 0]]],
  ['out by revocation', [revoke(b)], [[validatorKey(1), 0]]],
  ['in and out at once', [set(c, validatorKey(2), 7), revoke(c)], []],
  ['all but the last', [revoke(a), revoke(b)], [[validatorKey(0), 0]]],
  ["another's key", [set(c, validatorKey(0), 7)], []],
  ['too much power', [set(c, validatorKey(2), 2n ** 60n)], []],
  ['one who never was', [set(c, validatorKey(2), 0), revoke(c)], []],
  ["a stranger's contract", [set(c, validatorKey(2), 7, `0x${'99'.repeat(20)}`)], []],
];

for (const [name, logs, updates] of changes) {
  test(`validators: ${name}`, () => {
    const after = two.after(logs, fleet);
    const told = after.since(two).map(({ publicKey, power }) => [bytesToHex(publicKey), power]);
    assert.equal(told, updates);
    assert.ok(after.list.length > 0);
    assert.equal(Validators.decode(after.encode()).list, after.list);
  });
}

test('a genesis in upper case names the same validators, who go as the others do', () => {
  const upper = (hex: Hex) => `0x${hex.slice(2).toUpperCase()}` as Hex;
  const rows = two.list.map(({ device, publicKey, power }) => ({ device: upper(device), publicKey: upper(publicKey), power }));
  const same = new Validators(rows);
  assert.equal(same.encode(), two.encode());
  assert.equal(same.after([revoke(b)], fleet).encode(), two.after([revoke(b)], fleet).encode());
  assert.equal(same.after([revoke(b)], fleet).list.length, 1);
});

test('a device whose disk has changed who decides says so, and does not go on with others', async () => {
  const store = memoryStore();
  const { abci } = open(store);
  decide(abci, 1, [await transfer(0)]);
  assert.is(open(copyOf(store)).ledger.head().number, 1);
  const power = store.get('consensus/validators')!.slice();
  power[power.length - 1]! ^= 1;
  store.write([['consensus/validators', power]]);
  assert.throws(() => open(store), /the store is damaged: it names other validators than its last block/);
});

/** A ledger with a snapshot to give. */
async function grown(trailingBlocks = 0) {
  const store = memoryStore();
  const node = open(store, trailingBlocks);
  for (let height = 1; height <= SNAPSHOT_INTERVAL; height++) {
    const raws =
      height % 100 === 0 ? [await transfer(height / 100 - 1, { to: `0x${height.toString(16).padStart(40, '0')}` })] : [];
    decide(node.abci, height, raws, genesis.timestamp + height);
  }
  return node;
}

test('the engine may forget what is old and no snapshot needs; the ledger forgets nothing', async () => {
  const { abci, ledger } = await grown();
  const retained: number[] = [];
  for (let height = SNAPSHOT_INTERVAL + 1; height <= 5 * SNAPSHOT_INTERVAL; height++) {
    abci.finalizeBlock(block(height, []));
    retained.push(abci.commit());
  }
  assert.is(retained[0], SNAPSHOT_INTERVAL + 1 - 300);
  // Three snapshots are kept, the oldest of which holds it back.
  assert.is(retained.at(-1), 3 * SNAPSHOT_INTERVAL);
  assert.ok(retained.every((height, index) => index === 0 || height >= retained[index - 1]!));
  const first = await ledger.rpc('{"jsonrpc":"2.0","id":1,"method":"eth_getBlockReceipts","params":["0x1"]}');
  assert.match(first, /"status":"0x1"/);
});

test('a new device begins with a snapshot and goes on like the others', async () => {
  const old = await grown();
  const [snapshot] = old.abci.listSnapshots();
  assert.is(snapshot?.height, SNAPSHOT_INTERVAL);
  const store = memoryStore();
  const fresh = open(store);
  const { appHash } = old.abci.info();
  const told: number[] = [];
  fresh.ledger.onBlock(({ head }) => told.push(head.number));
  assert.is(fresh.abci.offerSnapshot(snapshot!, appHash), 'accept');
  for (let index = 0; index < snapshot!.chunks; index++) {
    assert.is(fresh.abci.applyChunk(index, old.abci.loadChunk(snapshot!.height, snapshot!.format, index)), 'accept');
  }
  assert.equal(fresh.abci.info(), old.abci.info());
  assert.equal(told, [old.ledger.head().number], 'the device hears of where it begins');
  const raw = await transfer(5);
  const expected = decide(old.abci, SNAPSHOT_INTERVAL + 1, [raw]);
  assert.is(decide(fresh.abci, SNAPSHOT_INTERVAL + 1, [raw]), expected);
  const again = open(copyOf(store));
  assert.is(again.ledger.head().hash, expected);
  for (const number of [1, 3, 5, 6]) {
    const request = `{"jsonrpc":"2.0","id":1,"method":"eth_getBlockReceipts","params":["0x${number.toString(16)}"]}`;
    assert.is(await again.ledger.rpc(request), await old.ledger.rpc(request), `receipts of block ${number}`);
  }
});

test('BLOCKHASH is what it is for all, or the device stands: never something else', async () => {
  const old = await grown(3);
  const [snapshot] = old.abci.listSnapshots();
  const store = memoryStore();
  const fresh = open(store, 3);
  assert.is(fresh.abci.offerSnapshot(snapshot!, old.abci.info().appHash), 'accept');
  assert.is(fresh.abci.applyChunk(0, old.abci.loadChunk(snapshot!.height, snapshot!.format, 0)), 'accept');
  assert.equal(fresh.abci.info(), old.abci.info(), 'with blocks that are empty');
  const sound = open(copyOf(store), 3);
  // As if it had begun with a later one: of the first blocks there are headers alone, and the disk loses two of them.
  store.write([
    ['first', hexToBytes('0xc106')],
    ['header/000000000003', undefined],
    ['header/000000000004', undefined],
  ]);
  // Stores the hash of block 3.
  const raw = await transfer(5, { to: undefined, data: '0x6003405f55', gas: 200_000n, value: 0n });
  const height = SNAPSHOT_INTERVAL + 1;
  const { appHash } = old.abci.finalizeBlock(block(height, [raw]));
  const outcome = (abci: Abci) => {
    try {
      return bytesToHex(abci.finalizeBlock(block(height, [raw])).appHash);
    } catch (error) {
      return (error as Error).message;
    }
  };
  assert.is(outcome(sound.abci), bytesToHex(appHash));
  assert.match(outcome(open(store, 3).abci), /the disk of this node has changed block 3/);
});

test('a snapshot whose state is not whole any more is tried once, however often peers ask', async () => {
  const inner = memoryStore();
  let looks = 0;
  const get = (key: string) => {
    if (key.startsWith('node/')) looks++;
    return inner.get(key);
  };
  const { abci } = open({ ...inner, get });
  for (let height = 1; height <= SNAPSHOT_INTERVAL; height++) decide(abci, height, height === 1 ? [await transfer(0)] : []);
  inner.put(inner.keys('node/', 1000).map((key) => [key, undefined]));
  assert.equal(abci.listSnapshots(), []);
  looks = 0;
  assert.equal(abci.listSnapshots(), []);
  assert.is(looks, 0);
});

test('a snapshot that would fill the memory is refused before it does', async () => {
  const old = await grown();
  const { appHash } = old.abci.info();
  old.abci.listSnapshots();
  const honest = asList(decodeRlp(old.abci.loadChunk(SNAPSHOT_INTERVAL, 1, 0)), 'a chunk');
  const [header, aBlock] = [1, 2].map((kind) => honest.find((each) => (each as Uint8Array[])[0]![0] === kind)!);
  const many = (item: RlpItem, count: number) => encodeRlp(Array.from({ length: count }, () => item));
  const rows: [name: string, chunk: Uint8Array][] = [
    ['bytes one by one', many(Uint8Array.of(1), 1_000_000)],
    ['headers', many(header!, 300)],
    ['blocks', many(aBlock!, 129)],
    ['one large piece', encodeRlp([[Uint8Array.of(5), new Uint8Array(9_000_000)]])],
  ];
  for (const [name, chunk] of rows) {
    const metadata = encodeRlp([Uint8Array.of(5), [vm.keccak256(chunk), new Uint8Array(32)]]);
    const { abci } = open();
    const offered = { height: SNAPSHOT_INTERVAL, format: 1, chunks: 2, hash: vm.keccak256(metadata), metadata };
    assert.is(abci.offerSnapshot(offered, appHash), 'accept');
    assert.is(abci.applyChunk(0, chunk), 'rejectSnapshot', name);
  }
});

test('a device that was cut off between the snapshot and what its engine noted of it takes it once more', async () => {
  const old = await grown();
  const [snapshot] = old.abci.listSnapshots();
  const { appHash } = old.abci.info();
  const chunk = old.abci.loadChunk(snapshot!.height, snapshot!.format, 0);
  const store = memoryStore();
  for (let turn = 1; turn <= 2; turn++) {
    const { abci, ledger } = open(store);
    assert.is(abci.offerSnapshot(snapshot!, appHash), 'accept');
    assert.is(abci.applyChunk(0, chunk), 'accept');
    assert.is(ledger.head().hash, old.ledger.head().hash);
  }
  const raw = await transfer(5);
  assert.is(decide(open(store).abci, SNAPSHOT_INTERVAL + 1, [raw]), decide(old.abci, SNAPSHOT_INTERVAL + 1, [raw]));
});

test('a snapshot holds those who decided then, whoever does now; it lies in the store and goes with its height', async () => {
  const store = memoryStore();
  const node = open(store, 0, { [fleet]: { code: namingValidator(c, validatorKey(2), 7) } });
  for (let height = 1; height <= SNAPSHOT_INTERVAL + 1; height++) {
    const raws = height === 10 ? [await transfer(0)] : [];
    decide(node.abci, height, raws);
  }
  const { appHash } = node.abci.info();
  const raw = await transfer(1, { to: fleet, gas: 100_000n, value: 0n });
  const { validators } = node.abci.finalizeBlock(block(SNAPSHOT_INTERVAL + 2, [raw]));
  node.abci.commit();
  assert.is(validators.length, 1);
  const again = open(store, 0, { [fleet]: { code: namingValidator(c, validatorKey(2), 7) } });
  const [snapshot] = again.abci.listSnapshots();
  assert.is(snapshot?.height, SNAPSHOT_INTERVAL);
  const fresh = open(memoryStore(), 0, { [fleet]: { code: namingValidator(c, validatorKey(2), 7) } });
  assert.is(fresh.abci.offerSnapshot(snapshot!, appHash), 'accept');
  assert.is(fresh.abci.applyChunk(0, again.abci.loadChunk(snapshot!.height, snapshot!.format, 0)), 'accept');
  decide(fresh.abci, SNAPSHOT_INTERVAL + 1, []);
  decide(fresh.abci, SNAPSHOT_INTERVAL + 2, [raw]);
  assert.equal(fresh.abci.info(), again.abci.info(), 'the same change of validators follows');
  assert.ok(store.keys('snapshot/', 10).length === 2);
  const given = () => again.abci.listSnapshots().map(({ height }) => height / SNAPSHOT_INTERVAL);
  for (let height = SNAPSHOT_INTERVAL + 3; height <= 3 * SNAPSHOT_INTERVAL; height++) decide(again.abci, height, []);
  assert.equal(given(), [2, 3]);
  assert.ok(again.abci.loadChunk(SNAPSHOT_INTERVAL, 1, 0).length > 0, 'somebody may be in the midst of it');
  for (let height = 3 * SNAPSHOT_INTERVAL + 1; height <= 4 * SNAPSHOT_INTERVAL; height++) decide(again.abci, height, []);
  assert.equal(given(), [3, 4]);
  assert.is(again.abci.loadChunk(SNAPSHOT_INTERVAL, 1, 0).length, 0);
});

/** Code that logs, whoever calls it, that the device has this vote. */
function namingValidator(device: Address, key: Hex, power: number): Hex {
  const word = (hex: string) => `7f${hex.replace('0x', '').padStart(64, '0')}`;
  return `0x${word(power.toString(16))}5f52${word(key)}${word(device)}${word(VALIDATOR_SET)}60205fa300`;
}

test('a false snapshot is refused, whatever byte is false', async () => {
  const old = await grown();
  const [snapshot] = old.abci.listSnapshots();
  const { appHash } = old.abci.info();
  const chunk = old.abci.loadChunk(snapshot!.height, snapshot!.format, 0);
  const offer = (change: object, hash = appHash) => open().abci.offerSnapshot({ ...snapshot!, ...change }, hash);
  assert.is(offer({ format: 2 }), 'rejectFormat');
  assert.is(offer({ hash: new Uint8Array(32) }), 'reject');
  assert.is(offer({ chunks: 2 }), 'reject');
  assert.is(offer({ metadata: new Uint8Array(3), hash: vm.keccak256(new Uint8Array(3)) }), 'reject');
  const other = open();
  assert.is(other.abci.offerSnapshot(snapshot!, appHash), 'accept');
  const tampered = chunk.slice();
  tampered[tampered.length >> 1]! ^= 1;
  assert.is(other.abci.applyChunk(0, tampered), 'retry');
  assert.is(other.abci.applyChunk(0, chunk), 'accept');
  decide(other.abci, SNAPSHOT_INTERVAL + 1, []);
  assert.is(other.abci.offerSnapshot(snapshot!, appHash), 'reject', 'nobody goes back');
  const wrongHead = open();
  assert.is(wrongHead.abci.offerSnapshot(snapshot!, new Uint8Array(32)), 'accept');
  assert.is(wrongHead.abci.applyChunk(0, chunk), 'rejectSnapshot');
  assert.is(wrongHead.abci.info().height, 0);
  assert.is(wrongHead.ledger.head().number, 0);
  assert.equal(old.abci.loadChunk(snapshot!.height, 1, 99), new Uint8Array(0));
});

test.run();
