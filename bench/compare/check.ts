/** What a node tells of its blocks, computed again from its own answers by others: @ethereumjs's trie and viem's encodings. */
import { createMPT, verifyMerkleProof } from '@ethereumjs/mpt';
import { bytesToHex, type Hex, hexToBytes, keccak256, numberToHex, serializeTransaction, toRlp } from 'viem';
import type { Peer } from '../nodes.ts';
import { account, COIN, HISTORY, OTHER, PROBE, quantity, result } from './story.ts';

/** How many times each was right, and what was wrong. */
export interface Checked {
  readonly right: Readonly<Record<string, number>>;
  readonly wrong: readonly string[];
}

// biome-ignore lint/suspicious/noExplicitAny: answers of nodes
type Any = any;

const EMPTY_ROOT = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421';
const EMPTY_CODE = '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470';
const SLOTS = ['00', '02', 'ee'].map((byte) => `0x${byte.repeat(32)}` as Hex);

/** The header's fields in the order of the wire. */
const HEADER = [
  ...['parentHash', 'sha3Uncles', 'miner', 'stateRoot', 'transactionsRoot', 'receiptsRoot', 'logsBloom'],
  ...['difficulty', 'number', 'gasLimit', 'gasUsed', 'timestamp', 'extraData', 'mixHash', 'nonce', 'baseFeePerGas'],
  ...['withdrawalsRoot', 'blobGasUsed', 'excessBlobGas', 'parentBeaconBlockRoot', 'requestsHash'],
];
const NUMBERS = new Set([
  'difficulty',
  'number',
  'gasLimit',
  'gasUsed',
  'timestamp',
  'baseFeePerGas',
  'blobGasUsed',
  'excessBlobGas',
]);

/** Checks the blocks up to the number. `empty` are accounts without anything in them that the node's trie holds nevertheless. */
export async function checkBlocks(peer: Peer, from: number, last: number, empty: readonly Hex[] = []): Promise<Checked> {
  const right: Record<string, number> = {};
  const wrong: string[] = [];
  const claim = (what: string, told: unknown, computed: unknown, where: string) => {
    if (told === computed) right[what] = (right[what] ?? 0) + 1;
    else wrong.push(`${peer.name}, ${where}: ${what} is ${told}, computed ${computed}`);
  };
  for (let number = from; number <= last; number++) {
    const block = (await result(peer, 'eth_getBlockByNumber', [quantity(number), true])) as Any;
    const receipts = (await result(peer, 'eth_getBlockReceipts', [quantity(number)])) as Any[];
    const where = `block ${number}`;
    claim('hash', block.hash, keccak256(toRlp(HEADER.map((field) => asItem(field, block[field])))), where);
    claim('transactionsRoot', block.transactionsRoot, await listRoot(block.transactions.map(rawTransaction)), where);
    claim('receiptsRoot', block.receiptsRoot, await listRoot(receipts.map(rawReceipt)), where);
    claim('logsBloom', block.logsBloom, bloomOf(receipts.flatMap(({ logs }) => logs)), where);
    for (const receipt of receipts) claim('logsBloom', receipt.logsBloom, bloomOf(receipt.logs), `${where}, receipt`);
    claim('stateRoot', block.stateRoot, await checkState(peer, block, empty, claim), where);
  }
  return { right, wrong };
}

type Claim = (what: string, told: unknown, computed: unknown, where: string) => void;

/** Verifies the proofs of all accounts that the story knows, and answers the root of a trie that holds exactly these. */
async function checkState(peer: Peer, block: Any, empty: readonly Hex[], claim: Claim): Promise<Hex> {
  const trie = await createMPT({ useKeyHashing: true });
  for (const of of new Set([account.address, block.miner, COIN, PROBE, OTHER, HISTORY])) {
    const proof = (await result(peer, 'eth_getProof', [of, SLOTS, block.number])) as Any;
    const isThere = Number(proof.nonce) > 0 || BigInt(proof.balance) > 0n || proof.codeHash !== EMPTY_CODE || empty.includes(of);
    const value = toRlp([asNumber(proof.nonce), asNumber(proof.balance), proof.storageHash, proof.codeHash]);
    const where = `block ${Number(block.number)}, ${of}`;
    claim('account proofs', await provenBy(proof.accountProof, block.stateRoot, of), isThere ? value : null, where);
    for (const slot of proof.storageProof) {
      const stored = BigInt(slot.value) === 0n ? null : toRlp(asNumber(slot.value));
      const proven = proof.storageHash === EMPTY_ROOT ? null : await provenBy(slot.proof, proof.storageHash, slot.key);
      claim('storage proofs', proven, stored, `${where}, ${slot.key}`);
    }
    if (isThere) await trie.put(hexToBytes(of), hexToBytes(value));
  }
  return bytesToHex(trie.root());
}

/** The value under the key, or `null` if the proof shows that there is none. */
async function provenBy(proof: readonly Hex[], root: Hex, key: Hex): Promise<Hex | null> {
  const nodes = proof.map((node) => hexToBytes(node));
  if (nodes.length === 0 || keccak256(nodes[0]!) !== root) return 'not of this root' as Hex;
  const value = await verifyMerkleProof(hexToBytes(key), nodes, { useKeyHashing: true });
  return value ? bytesToHex(value) : null;
}

async function listRoot(values: readonly Hex[]): Promise<Hex> {
  const trie = await createMPT();
  for (const [index, value] of values.entries()) await trie.put(hexToBytes(toRlp(asNumber(index))), hexToBytes(value));
  return bytesToHex(trie.root());
}

function rawTransaction(told: Any): Hex {
  const { to, nonce, gas, value, input, maxFeePerGas, maxPriorityFeePerGas, chainId, accessList, r, s, yParity } = told;
  const numbers = { gas: BigInt(gas), value: BigInt(value), maxFeePerGas: BigInt(maxFeePerGas) };
  const fees = { maxPriorityFeePerGas: BigInt(maxPriorityFeePerGas), chainId: Number(chainId), nonce: Number(nonce) };
  const transaction = { type: 'eip1559', ...numbers, ...fees, to, data: input, accessList } as const;
  return serializeTransaction(transaction, {
    r: numberToHex(BigInt(r), { size: 32 }),
    s: numberToHex(BigInt(s), { size: 32 }),
    yParity: Number(yParity),
  });
}

function rawReceipt(told: Any): Hex {
  const logs = told.logs.map(({ address, topics, data }: Any) => [address, topics, data]);
  return `${told.type.replace('0x', '0x0')}${toRlp([asNumber(told.status), asNumber(told.cumulativeGasUsed), told.logsBloom, logs]).slice(2)}` as Hex;
}

/** Yellow Paper 4.3.1: three bits for an address and for each topic. */
function bloomOf(logs: readonly Any[]): Hex {
  let bloom = 0n;
  for (const item of logs.flatMap(({ address, topics }) => [address, ...topics])) {
    const hash = hexToBytes(keccak256(item as Hex));
    for (const at of [0, 2, 4]) bloom |= 1n << BigInt(((hash[at]! << 8) | hash[at + 1]!) & 2047);
  }
  return numberToHex(bloom, { size: 256 });
}

function asItem(name: string, value: string): Hex {
  return NUMBERS.has(name) ? asNumber(value) : (value as Hex);
}

/** As RLP has numbers: big endian, zero being nothing. */
function asNumber(value: string | number): Hex {
  const number = BigInt(value);
  return number === 0n ? '0x' : bytesToHex(hexToBytes(numberToHex(number)));
}
