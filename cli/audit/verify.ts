import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { getContractAddress } from 'viem';
import { bytesToHex, equalBytes } from '../../runtime/bytes.ts';
import { verifyHeaderSeal } from '../../runtime/consensus/seal.ts';
import { heightOf } from '../../runtime/consensus/validators.ts';
import { bloomOf, mergeBlooms } from '../../runtime/ledger/bloom.ts';
import { genesisMark } from '../../runtime/ledger/genesis.ts';
import { FIXED, type Header, hashHeader } from '../../runtime/ledger/header.ts';
import { headerOfJson } from '../../runtime/ledger/header-json.ts';
import { type Receipt, receiptsRoot } from '../../runtime/ledger/receipt.ts';
import { decodeTransaction, type Transaction } from '../../runtime/ledger/transaction.ts';
import type { Address, Vm, Word } from '../../runtime/ports/index.ts';
import { listRoot } from '../../runtime/state/list-root.ts';
import { type Entry, logsOf, type RpcReceipt, rawTransaction } from './fetch.ts';
import { WrongEntry } from './wrong-entry.ts';

const WORD_BYTES = 32;

/** What is believed without proof: whose seal makes a block valid (zero: validators agree on it), on which ledger. */
export interface Trust {
  readonly chainId: number;
  readonly sequencer: Address;
  readonly genesisHash: Word;
}

/** An entry that is right. */
export interface Checked {
  readonly number: number;
  readonly hash: Word;
  /** Seconds since 1970. */
  readonly timestamp: number;
  /** Where validators agree on the blocks: the height at which they decided this one. */
  readonly height?: number | undefined;
  readonly extraData: Uint8Array;
  readonly transactions: readonly Transaction[];
  readonly receipts: readonly Receipt[];
  /** What the entry shows of votes for it. Not checked here. */
  readonly votes?: unknown;
}

/** Cryptography of the auditor's own: an audit believes no VM. */
export const cryptography: Pick<Vm, 'keccak256' | 'recover'> = {
  keccak256: (data) => keccak_256(data),
  recover(hash, yParity, r, s) {
    try {
      const point = new secp256k1.Signature(r, s, yParity).recoverPublicKey(hash);
      return bytesToHex(keccak_256(point.toBytes(false).subarray(1)).subarray(12));
    } catch {
      return undefined;
    }
  },
};

/**
 * Recomputes all that the block claims, from what the node showed and nothing else: the hashes, the link to the block
 * before, the seal, the signatures, both roots, the bloom, the gas. Throws {@link WrongEntry} at the first thing wrong.
 */
export function verifyEntry(entry: Entry, previous: Checked | undefined, trust: Trust): Checked {
  return verifyBlock(entry, trust, (header, hash, at) => verifyLink(header, hash, previous, trust, at));
}

/** The same for one block out of its trail, which its own seal bears. Throws {@link WrongEntry}. */
export function verifySealedEntry(entry: Entry, trust: Trust): Checked {
  return verifyBlock(entry, trust, (header, _hash, at) => verifySeal(header, trust, at));
}

/** The same for a block whose hash is known to be right. Throws {@link WrongEntry}. */
export function verifyKnownEntry(entry: Entry, known: Word, trust: Trust): Checked {
  return verifyBlock(entry, trust, (_header, hash, at) =>
    demand(hash === known, at(`it is ${hash}, and the right one is ${known}`)),
  );
}

/** Says of which block something is wrong. */
type At = (what: string) => string;

function verifyBlock(entry: Entry, trust: Trust, verifyBearing: (header: Header, hash: Word, at: At) => void): Checked {
  const at: At = (what) => `block ${entry.number}: ${what}`;
  const header = tryTo(() => headerOfJson(entry.block), at('its header cannot be read'));
  demand(header.number === entry.number, at(`it calls itself block ${header.number}`));
  const hash = hashHeader(header, cryptography.keccak256);
  demand(hash === entry.block.hash, at(`its header has the hash ${hash}, and the node says ${entry.block.hash}`));
  verifyFixedFields(entry, at);
  verifyBearing(header, hash, at);
  const transactions = entry.block.transactions.map((_, index) => verifyTransaction(entry, index, trust));
  demand(
    entry.receipts.length === transactions.length,
    at(`${entry.receipts.length} receipts for ${transactions.length} transactions`),
  );
  const receipts = entry.receipts.map((_, index) => verifyReceipt(entry, index, transactions[index]!));
  verifyRoots(header, transactions, receipts, at);
  const height = isAgreed(trust) ? heightOf(header.extraData) : undefined;
  const { timestamp, extraData } = header;
  return { number: entry.number, hash, timestamp, height, extraData, transactions, receipts, votes: entry.votes };
}

/** By their names in JSON-RPC. */
const fixedFields = {
  sha3Uncles: FIXED.ommersHash,
  difficulty: '0x0',
  nonce: FIXED.nonce,
  withdrawalsRoot: FIXED.withdrawalsRoot,
  blobGasUsed: '0x0',
  excessBlobGas: '0x0',
  parentBeaconBlockRoot: FIXED.parentBeaconBlockRoot,
  requestsHash: FIXED.requestsHash,
} as const;

function verifyFixedFields({ block }: Entry, at: At): void {
  for (const [name, value] of Object.entries(fixedFields)) {
    const shown = block[name];
    demand(shown === undefined || shown === value, at(`${name} is ${shown}; on this ledger it is always ${value}`));
  }
}

function verifyLink(header: Header, hash: Word, previous: Checked | undefined, trust: Trust, at: At): void {
  if (!previous) {
    verifyFirst(header, hash, trust, at);
    return;
  }
  demand(
    header.parentHash === previous.hash,
    at(`it follows ${header.parentHash}, and block ${previous.number} is ${previous.hash}`),
  );
  demand(header.timestamp >= previous.timestamp, at(`its time ${header.timestamp} lies before that of the block before it`));
  if (isAgreed(trust)) {
    const height = heightOf(header.extraData);
    demand(height !== undefined && height > (previous.height ?? 0), at('it does not name the height at which it was decided'));
    return;
  }
  verifySeal(header, trust, at);
}

/** The first block has no seal, and says whose the others bear, and of which ledger it is. */
function verifyFirst({ coinbase, extraData }: Header, hash: Word, { genesisHash, sequencer, chainId }: Trust, at: At): void {
  demand(hash === genesisHash, at(`the ledger begins with ${hash}, not with ${genesisHash}`));
  demand(coinbase === sequencer, at(`it names ${coinbase} as the sequencer, not ${sequencer}`));
  const mark = genesisMark({ chainId }, cryptography.keccak256);
  const rest = extraData.length - mark.length;
  const isOwn = (rest === 0 || rest === WORD_BYTES) && equalBytes(extraData.subarray(0, mark.length), mark);
  demand(isOwn, at(`it is not of the ledger with chain id ${chainId}`));
}

function verifySeal(header: Header, { sequencer }: Trust, at: At): void {
  demand(verifyHeaderSeal(header, sequencer, cryptography), at(`it does not bear the seal of the sequencer ${sequencer}`));
}

/** Nobody seals the blocks: validators agree on them, and their votes stand elsewhere. */
export function isAgreed({ sequencer }: Pick<Trust, 'sequencer'>): boolean {
  return BigInt(sequencer) === 0n;
}

function verifyTransaction({ number, block }: Entry, index: number, { chainId }: Trust): Transaction {
  const shown = block.transactions[index]!;
  const at = (what: string) => `block ${number}, transaction ${index}: ${what}`;
  const transaction = tryTo(() => decodeTransaction(rawTransaction(shown), cryptography), at('it cannot be read'));
  demand(transaction.hash === shown.hash, at(`it has the hash ${transaction.hash}, and the node says ${shown.hash}`));
  const sender = lowerCase(shown.from);
  demand(transaction.sender === sender, at(`it was signed by ${transaction.sender}, and the node says ${sender}`));
  const own = transaction.chainId === undefined || transaction.chainId === BigInt(chainId);
  demand(own, at(`it was signed for chain id ${transaction.chainId}, and this is ${chainId}`));
  return transaction;
}

function verifyReceipt({ number, receipts }: Entry, index: number, { type, hash, sender, to, nonce }: Transaction): Receipt {
  const at = (what: string) => `block ${number}, receipt ${index}: ${what}`;
  const shown = receipts[index]!;
  demand(shown?.transactionHash === hash, at(`it belongs to transaction ${shown?.transactionHash}, not to ${hash}`));
  const before = index === 0 ? 0n : BigInt(receipts[index - 1]!.cumulativeGasUsed);
  const created = to === undefined ? getContractAddress({ from: sender, nonce }).toLowerCase() : undefined;
  const shownCreated = shown.contractAddress ? lowerCase(shown.contractAddress) : undefined;
  demand(
    shownCreated === undefined || shownCreated === created,
    at(`it names the contract ${shownCreated} and can only have made ${created}`),
  );
  const receipt = tryTo(() => receiptOf(shown, type, sender, created as Address | undefined), at('it cannot be read'));
  demand(receipt.cumulativeGasUsed - before === receipt.gasUsed, at(`its gas ${receipt.gasUsed} is not what the sum grows by`));
  demand(bytesToHex(receipt.logsBloom) === shown.logsBloom, at('its bloom does not follow from its logs'));
  return receipt;
}

function receiptOf(shown: RpcReceipt, type: Receipt['type'], sender: Address, created: Address | undefined): Receipt {
  const logs = logsOf(shown);
  return {
    type,
    succeeded: BigInt(shown.status) === 1n,
    cumulativeGasUsed: BigInt(shown.cumulativeGasUsed),
    logsBloom: bloomOf(logs, cryptography.keccak256),
    logs,
    gasUsed: BigInt(shown.gasUsed),
    gasPrice: BigInt(shown.effectiveGasPrice ?? 0),
    sender,
    ...(created && { created }),
  };
}

function verifyRoots(header: Header, transactions: readonly Transaction[], receipts: readonly Receipt[], at: At): void {
  const { keccak256 } = cryptography;
  const transactionsRoot = listRoot(
    transactions.map(({ raw }) => raw),
    keccak256,
  );
  demand(transactionsRoot === header.transactionsRoot, at('its transactions are not those that its header commits to'));
  demand(
    receiptsRoot(receipts, keccak256) === header.receiptsRoot,
    at('its receipts and events are not those that its header commits to'),
  );
  const bloom = mergeBlooms(receipts.map(({ logsBloom }) => logsBloom));
  demand(bytesToHex(bloom) === bytesToHex(header.logsBloom), at('its bloom does not follow from its receipts'));
  const gasUsed = receipts.at(-1)?.cumulativeGasUsed ?? 0n;
  demand(gasUsed === header.gasUsed, at(`its transactions used ${gasUsed} gas, and its header says ${header.gasUsed}`));
}

/** Of what should be text. */
function lowerCase(shown: unknown): string {
  return String(shown).toLowerCase();
}

function tryTo<T>(read: () => T, sentence: string): T {
  try {
    return read();
  } catch (error) {
    throw new WrongEntry(`${sentence}: ${(error as Error).message.split('\n')[0]}`);
  }
}

function demand(isRight: boolean, sentence: string): void {
  if (!isRight) throw new WrongEntry(sentence);
}
