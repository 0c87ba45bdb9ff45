import { toHex, wordOf } from '../../cli/statetest/world.ts';
import { bigintToBytes, hexToBytes, utf8Encode } from '../../runtime/bytes.ts';
import { decodeTransaction, type Transaction, TransactionRefused } from '../../runtime/ledger/transaction.ts';
import type { BlockContext, ForkName, StateView, Vm } from '../../runtime/ports/index.ts';
import { decodeRlp, encodeRlp, RlpError, type RlpItem } from '../../runtime/rlp/index.ts';
import { EMPTY_ROOT, openTrie } from '../../runtime/state/trie.ts';
import type { Failure } from './case.ts';

/** One row of a file of vectors: what is wrong with it, or nothing. */
export interface VectorResult {
  /** A fork, `RLP` or `Trie`. */
  readonly group: string;
  readonly failure?: Failure;
}

interface TransactionVector {
  readonly txbytes: string;
  /** By fork: hash and sender of a valid transaction; anything else: it is invalid. */
  readonly result: Readonly<Record<string, { readonly hash?: string; readonly sender?: string }>>;
}
type Json = string | number | readonly Json[];
interface RlpVector {
  readonly in: Json;
  readonly out: string;
}
interface TrieVector {
  readonly in: readonly (readonly [key: string, value: string | null])[] | Readonly<Record<string, string | null>>;
  readonly root: string;
}

const CHAIN_ID = 1n;
const LARGEST = 2n ** 256n - 1n;
const BLOCK: BlockContext = {
  number: 1n,
  timestamp: 1000n,
  gasLimit: 2n ** 64n - 1n,
  coinbase: `0x${'00'.repeat(20)}`,
  baseFee: 0n,
  prevRandao: wordOf('0x0'),
  excessBlobGas: 0n,
  chainId: CHAIN_ID,
};

/** Runs a file of transaction, RLP or trie vectors, told apart by their fields; answers nothing for any other. */
export function* runVectors(path: string, json: unknown, vms: ReadonlyMap<ForkName, Vm>): Generator<VectorResult> {
  const keccak256: Vm['keccak256'] = (data) => vms.values().next().value!.keccak256(data);
  for (const [name, row] of Object.entries(json as Record<string, object>)) {
    const title = `${path} ${name}`;
    if ('txbytes' in row && 'result' in row) yield* runTransaction(title, row as TransactionVector, vms);
    else if ('in' in row && 'root' in row)
      yield judge('Trie', title, () => checkTrie(row as TrieVector, /secure/i.test(path), keccak256));
    else if ('in' in row && 'out' in row) yield judge('RLP', title, () => checkRlp(row as RlpVector));
  }
}

function* runTransaction(title: string, row: TransactionVector, vms: ReadonlyMap<ForkName, Vm>): Generator<VectorResult> {
  for (const [fork, expected] of Object.entries(row.result)) {
    const vm = vms.get(fork as ForkName);
    if (vm) yield judge(fork, `${title} [${fork}]`, () => checkTransaction(row.txbytes, expected, vm));
  }
}

function judge(group: string, name: string, check: () => string | undefined): VectorResult {
  const difference = check();
  return difference ? { group, failure: { fork: group, name, differences: [difference] } } : { group };
}

function checkTransaction(raw: string, expected: { hash?: string; sender?: string }, vm: Vm): string | undefined {
  const admitted = admit(raw, vm);
  if (typeof admitted === 'string') return expected.hash ? `refused (${admitted}), but valid` : undefined;
  if (!expected.hash) return 'taken, but to be refused';
  const isSame = admitted.hash === expected.hash && admitted.sender === expected.sender;
  return isSame ? undefined : `hash ${admitted.hash} from ${admitted.sender}, expected ${expected.hash} from ${expected.sender}`;
}

/** The transaction, or why the ledger would not take it from a sender who has the nonce and all the ether that a word can say. */
function admit(raw: string, vm: Vm): Transaction | string {
  let transaction: Transaction;
  try {
    transaction = decodeTransaction(hexToBytes(raw), vm);
  } catch (error) {
    if (error instanceof TransactionRefused) return error.message;
    throw error;
  }
  if (transaction.chainId !== undefined && transaction.chainId !== CHAIN_ID) return `chain id ${transaction.chainId}`;
  const outcome = vm.execute(BLOCK, transaction, richView(transaction, vm));
  if (outcome.kind !== 'refused') return transaction;
  // Whether value and fee together fit into a word is no question here; whether the fee does, is.
  const isFeeTooLarge = transaction.gasLimit * transaction.maxFeePerGas > LARGEST;
  return outcome.reason === 'InsufficientFunds' && !isFeeTooLarge ? transaction : outcome.reason;
}

function richView(transaction: Transaction, vm: Vm): StateView {
  const codeHash = toHex(vm.keccak256(new Uint8Array()));
  const rich = { nonce: transaction.nonce, balance: LARGEST, codeHash, hasStorage: false };
  return {
    account: (address) => (address === transaction.sender ? rich : undefined),
    slot: () => wordOf('0x0'),
    code: () => new Uint8Array(),
    blockHash: () => wordOf('0x0'),
  };
}

/** `in` is an item, or VALID or INVALID where only the decoder is asked. */
function checkRlp({ in: input, out }: RlpVector): string | undefined {
  const bytes = hexToBytes(out.startsWith('0x') ? out : `0x${out}`);
  const decoded = decode(bytes);
  if (input === 'INVALID') return decoded ? 'decoded, but to be refused' : undefined;
  if (!decoded) return 'refused, but valid';
  if (toHex(encodeRlp(decoded)) !== toHex(bytes)) return 'does not encode to what it was decoded from';
  if (input === 'VALID') return undefined;
  const encoded = toHex(encodeRlp(itemOf(input)));
  return encoded === toHex(bytes) ? undefined : `encodes to ${encoded}`;
}

function decode(bytes: Uint8Array): RlpItem | undefined {
  try {
    return decodeRlp(bytes);
  } catch (error) {
    if (error instanceof RlpError) return undefined;
    throw error;
  }
}

function itemOf(json: Json): RlpItem {
  if (typeof json === 'number') return bigintToBytes(BigInt(json));
  if (typeof json === 'string') return json.startsWith('#') ? bigintToBytes(BigInt(json.slice(1))) : utf8Encode(json);
  return json.map(itemOf);
}

function checkTrie(row: TrieVector, isSecure: boolean, keccak256: Vm['keccak256']): string | undefined {
  const nodes = new Map<string, Uint8Array>();
  let trie = openTrie(EMPTY_ROOT, { keccak256, load: (hash) => nodes.get(hash) });
  const pairs = Array.isArray(row.in) ? (row.in as [string, string | null][]) : Object.entries(row.in);
  for (const [key, value] of pairs) {
    const path = isSecure ? keccak256(bytesOf(key)) : bytesOf(key);
    trie = trie.with(path, value === null ? undefined : bytesOf(value));
  }
  const root = trie.commit((hash, node) => nodes.set(hash, node));
  return root === row.root ? undefined : `root ${root}, expected ${row.root}`;
}

function bytesOf(text: string): Uint8Array {
  return text.startsWith('0x') ? hexToBytes(text) : utf8Encode(text);
}
