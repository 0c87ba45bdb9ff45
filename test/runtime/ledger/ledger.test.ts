import { createMPT, verifyMerkleProof } from '@ethereumjs/mpt';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fromRlp, type Hex, hexToBytes, keccak256, parseAbi, parseEther, toHex, toRlp } from 'viem';
import { verifyHeaderSeal } from '../../../runtime/consensus/seal.ts';
import { headerOf } from '../../../runtime/ledger/header.ts';
import type { AppendedBlock } from '../../../runtime/ledger/ledger.ts';
import { decodeRlp } from '../../../runtime/rlp/index.ts';
import { clientsOf } from './client.ts';
import { compile } from './solidity.ts';
import { bob, genesis, vm, world } from './world.ts';

const test = suite('ledger/ledger');

const counter = compile(
  'Counter',
  `contract Counter {
    event Counted(address indexed by, uint256 value);
    error TooMuch(uint256 most);
    uint256 public value;
    mapping(address => uint256) public counts;
    function add(uint256 n) external {
      require(n > 0, "nothing to add");
      if (n > 100) revert TooMuch(100);
      value += n; counts[msg.sender]++;
      emit Counted(msg.sender, value);
    }
  }`,
  parseAbi([
    'event Counted(address indexed by, uint256 value)',
    'error TooMuch(uint256 most)',
    'function value() view returns (uint256)',
    'function counts(address) view returns (uint256)',
    'function add(uint256)',
  ]),
);

test('a transfer changes balances by value and fee', async () => {
  const some = world();
  const { wallet, client, alice } = clientsOf(some);
  const hash = await wallet.sendTransaction({ to: bob.address, value: parseEther('1') });
  assert.is(await client.getTransactionCount({ address: alice.address, blockTag: 'pending' }), 1);
  assert.is((await client.getTransaction({ hash })).blockNumber, null);
  some.run(2000);
  const receipt = await client.getTransactionReceipt({ hash });
  assert.is(receipt.status, 'success');
  assert.is(receipt.gasUsed, 21_000n);
  assert.is(await client.getBalance({ address: bob.address }), parseEther('1001'));
  const paid = receipt.gasUsed * receipt.effectiveGasPrice;
  assert.is(await client.getBalance({ address: alice.address }), parseEther('999') - paid);
  const tip = (receipt.effectiveGasPrice - BigInt(genesis.baseFee)) * receipt.gasUsed;
  assert.is(await client.getBalance({ address: genesis.sequencer }), tip);
  some.stop();
});

test('viem deploys a contract, writes, reads, catches reverts and finds logs', async () => {
  const some = world();
  const { wallet, client, alice, mined } = clientsOf(some);
  const seen: AppendedBlock[] = [];
  const forget = some.peers[0]!.ledger.onBlock((block) => seen.push(block));
  const { contractAddress: address } = await mined(wallet.deployContract(counter));
  assert.ok(address);
  const at = { address, abi: counter.abi } as const;
  assert.is(some.peers[0]!.ledger.hasCode(address.toLowerCase() as Hex), true);

  const { gasUsed, logs } = await mined(wallet.writeContract({ ...at, functionName: 'add', args: [7n] }));
  assert.is(await client.readContract({ ...at, functionName: 'value' }), 7n);
  assert.is(await client.readContract({ ...at, functionName: 'counts', args: [alice.address] }), 1n);
  assert.is(logs.length, 1);
  assert.ok((await client.estimateContractGas({ ...at, functionName: 'add', args: [7n], account: alice })) < gasUsed);

  const attempt = (n: bigint) => client.simulateContract({ ...at, functionName: 'add', args: [n], account: alice });
  await rejects(attempt(0n), /nothing to add/);
  await rejects(attempt(101n), /TooMuch\(uint256 most\)\s+\(100\)/);

  await mined(wallet.writeContract({ ...at, functionName: 'add', args: [3n] }));
  const found = await client.getContractEvents({ ...at, eventName: 'Counted', args: { by: alice.address }, fromBlock: 0n });
  assert.equal(
    found.map(({ args }) => args.value),
    [7n, 10n],
  );
  assert.is(
    (await client.getContractEvents({ ...at, eventName: 'Counted', args: { by: bob.address }, fromBlock: 0n })).length,
    0,
  );

  const failed = await mined(wallet.writeContract({ ...at, functionName: 'add', args: [0n], gas: 100_000n }));
  assert.is(failed.status, 'reverted');
  assert.equal(failed.logs, []);

  assert.equal(
    seen.map(({ head }) => head.number),
    [1, 2, 3, 4],
  );
  assert.equal(
    seen.map((block) => block.logs.length),
    [0, 1, 1, 0],
  );
  forget();
  await mined(wallet.writeContract({ ...at, functionName: 'add', args: [1n] }));
  assert.is(seen.length, 4);
  some.stop();
});

test('roots and hashes can be computed from what JSON-RPC answers', async () => {
  const some = world();
  const { wallet, request, mined } = clientsOf(some);
  const { contractAddress } = await mined(wallet.deployContract(counter));
  const at = { address: contractAddress!, abi: counter.abi } as const;
  const hashes: Hex[] = [];
  for (let i = 0; i < 20; i++) {
    const nonce = 1 + i;
    const call = { ...at, functionName: 'add', args: [BigInt(i)], gas: 200_000n, nonce } as const;
    hashes.push(
      await wallet.writeContract(i % 2 === 0 ? call : ({ ...call, type: 'legacy', gasPrice: 2_000_000_000n } as never)),
    );
  }
  some.run(2000);
  const block = await request('eth_getBlockByNumber', ['latest', true]);
  assert.is(block.transactions.length, 20);
  assert.equal(
    block.transactions.map(({ hash }: { hash: Hex }) => hash),
    hashes,
  );
  assert.is(hashOf(block), block.hash);

  const receipts = await request('eth_getBlockReceipts', ['latest']);
  assert.is(await rootOf(receipts.map(receiptBytes)), block.receiptsRoot);
  const raws = some.peers[0]!.store.get(`body/${'2'.padStart(12, '0')}`);
  assert.is(await rootOf(bodyOf(raws!)), block.transactionsRoot);
  const used = receipts.reduce((sum: bigint, { gasUsed }: { gasUsed: Hex }) => sum + BigInt(gasUsed), 0n);
  assert.is(BigInt(block.gasUsed), used);
  assert.equal(
    receipts.flatMap(({ logs }: { logs: { logIndex: Hex }[] }) => logs.map(({ logIndex }) => Number(logIndex))),
    Array.from({ length: 19 }, (_, i) => i),
  );

  const header = headerOf(decodeRlp(some.peers[0]!.store.get(`header/${'2'.padStart(12, '0')}`)!));
  assert.is(verifyHeaderSeal(header, genesis.sequencer, vm), true);
  assert.is(verifyHeaderSeal({ ...header, gasUsed: 1n }, genesis.sequencer, vm), false);
  assert.is(
    hashOf(await request('eth_getBlockByNumber', ['0x0', false])),
    (await request('eth_getBlockByNumber', ['0x1', false])).parentHash,
  );
  some.stop();
});

test('eth_getProof proves accounts and slots against the block header', async () => {
  const some = world();
  const { wallet, request, mined, alice } = clientsOf(some);
  const { contractAddress } = await mined(wallet.deployContract(counter));
  await mined(wallet.writeContract({ address: contractAddress!, abi: counter.abi, functionName: 'add', args: [7n] }));
  const { stateRoot } = await request('eth_getBlockByNumber', ['latest', false]);
  const proof = await request('eth_getProof', [contractAddress, ['0x0', '0x5'], 'latest']);
  const shown = await verifyMerkleProof(keccak256(contractAddress!, 'bytes'), proof.accountProof.map(bytes), {
    root: bytes(stateRoot),
  });
  const { nonce, balance, storageHash, codeHash } = proof;
  assert.is(toHex(shown!), toRlp([minimal(nonce), minimal(balance), storageHash, codeHash]));
  const [value, nothing] = proof.storageProof;
  assert.is(value.value, '0x7');
  const slotShown = await verifyMerkleProof(keccak256(toHex(0, { size: 32 }), 'bytes'), value.proof.map(bytes), {
    root: bytes(storageHash),
  });
  assert.is(toHex(slotShown!), '0x07');
  assert.is(nothing.value, '0x0');
  const nobody = await request('eth_getProof', [`0x${'12'.repeat(20)}`, [], 'latest']);
  assert.is(
    await verifyMerkleProof(keccak256(nobody.address, 'bytes'), nobody.accountProof.map(bytes), { root: bytes(stateRoot) }),
    null,
  );
  assert.is((await request('eth_getProof', [alice.address, [], '0x1'])).nonce, '0x1');
  some.stop();
});

test('the state of earlier blocks stays readable', async () => {
  const some = world();
  const { wallet, client, mined } = clientsOf(some);
  for (let i = 0; i < 5; i++) await mined(wallet.sendTransaction({ to: bob.address, value: 1n }));
  for (let i = 0n; i <= 5n; i++)
    assert.is(await client.getBalance({ address: bob.address, blockNumber: i }), parseEther('1000') + i);
  some.stop();
});

test('a restarted node continues where it was, with its pool', async () => {
  const some = world();
  const { wallet, client, mined } = clientsOf(some);
  await mined(wallet.sendTransaction({ to: bob.address, value: 1n }));
  const waiting = await wallet.sendTransaction({ to: bob.address, value: 1n, nonce: 2 });
  const head = some.peers[0]!.ledger.head();
  some.peers[0]!.restart();
  assert.equal(some.peers[0]!.ledger.head(), head);
  assert.is((await client.getTransaction({ hash: waiting })).blockNumber, null);
  await mined(wallet.sendTransaction({ to: bob.address, value: 1n, nonce: 1 }));
  assert.is((await client.getTransactionReceipt({ hash: waiting })).status, 'success');
  some.peers[0]!.restart();
  assert.is(await client.getBalance({ address: bob.address }), parseEther('1000') + 3n);
  assert.equal(some.peers[0]!.store.keys('pool/', 10), []);
  some.stop();
});

test("a call from inside the node: its result, or the contract's refusal", async () => {
  const some = world();
  const { wallet, mined, alice } = clientsOf(some);
  const { contractAddress } = await mined(wallet.deployContract(counter));
  const { ledger } = some.peers[0]!;
  const to = contractAddress!.toLowerCase() as Hex;
  const value = ledger.call({ to, data: bytes('0x3fa4f245') });
  assert.is(value.ok && value.output.length, 32);
  const refused = ledger.call({ from: alice.address.toLowerCase() as Hex, to, data: bytes(`0x1003e2d2${'00'.repeat(32)}`) });
  assert.is(!refused.ok && refused.status, 'Revert');
  some.stop();
});

test("a store with another ledger's blocks is refused with a sentence", () => {
  const some = world();
  some.stop();
  const stores = [some.peers[0]!.store];
  assert.throws(() => world({ stores, genesis: { chainId: 7 } }), /the genesis given begins another/);
});

async function rejects(promise: Promise<unknown>, message: RegExp): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (thrown: Error) => thrown,
  );
  assert.match(error?.message ?? 'nothing was thrown', message);
}

function bytes(hex: Hex): Uint8Array {
  return hexToBytes(hex);
}

/** RLP has no leading zeros, and nothing for zero. */
function minimal(quantity: Hex): Hex {
  return BigInt(quantity) === 0n ? '0x' : toHex(BigInt(quantity));
}

async function rootOf(values: readonly Uint8Array[]): Promise<Hex> {
  const trie = await createMPT();
  for (const [i, value] of values.entries()) await trie.put(bytes(toRlp(minimal(toHex(i)))), value);
  return toHex(trie.root());
}

/** The block hash as anyone computes it from the answer (EIP-7685's field order). */
function hashOf(block: Record<string, Hex>): Hex {
  const numbers = new Set([
    'difficulty',
    'number',
    'gasLimit',
    'gasUsed',
    'timestamp',
    'baseFeePerGas',
    'blobGasUsed',
    'excessBlobGas',
  ]);
  const order =
    'parentHash sha3Uncles miner stateRoot transactionsRoot receiptsRoot logsBloom difficulty number gasLimit gasUsed timestamp ' +
    'extraData mixHash nonce baseFeePerGas withdrawalsRoot blobGasUsed excessBlobGas parentBeaconBlockRoot requestsHash';
  return keccak256(toRlp(order.split(' ').map((name) => (numbers.has(name) ? minimal(block[name]!) : block[name]!))));
}

type RpcReceipt = {
  type: Hex;
  status: Hex;
  cumulativeGasUsed: Hex;
  logsBloom: Hex;
  logs: { address: Hex; topics: Hex[]; data: Hex }[];
};

function receiptBytes({ type, status, cumulativeGasUsed, logsBloom, logs }: RpcReceipt): Uint8Array {
  const logItems = logs.map(({ address, topics, data }) => [address, topics, data]);
  const payload = toRlp([minimal(status), minimal(cumulativeGasUsed), logsBloom, logItems as never]);
  return bytes(type === '0x0' ? payload : `0x0${type.slice(2)}${payload.slice(2)}`);
}

function bodyOf(stored: Uint8Array): Uint8Array[] {
  return (fromRlp(stored, 'hex') as Hex[]).map(bytes);
}

test.run();
