import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, hexToBytes, isHex, ZERO_WORD } from '../bytes.ts';
import { heightOf } from '../consensus/validators.ts';
import { manifestHashSlot, readStanding, type Standing, standingSlot } from '../contracts/slots.ts';
import { type Header, headerOf } from '../ledger/header.ts';
import type { Address, Hex, Word } from '../ports/index.ts';
import { decodeRlp } from '../rlp/index.ts';
import { decodeAccount, decodeSlotValue, type StoredAccount } from '../state/account.ts';
import { EMPTY_ROOT, verifyProof } from '../state/trie.ts';
import type { LightBlock } from './block.ts';
import { NotVerified } from './verify.ts';

/** One call of Ethereum JSON-RPC; rejects with what went wrong. Nothing it answers is believed. */
export type Call = (method: string, params: readonly unknown[]) => Promise<unknown>;

/** What `eth_getProof` answers. */
export interface AccountProof {
  readonly accountProof: readonly Hex[];
  readonly storageProof: readonly { readonly key: Hex; readonly value: Hex; readonly proof: readonly Hex[] }[];
}

/** A block of the ledger that the validators have agreed on. */
export interface ProvenBlock {
  readonly hash: Word;
  readonly header: Header;
  /** CometBFT's block in which it was decided. */
  readonly height: number;
}

const keccak256 = (data: Uint8Array) => keccak_256(data);
const MAX_NODES = 128;
const MAX_NODE_BYTES = 4096;

/**
 * The ledger's header whose hash is the app hash of a verified block: the head when that one was proposed.
 * Throws {@link NotVerified} if the bytes are another's.
 */
export function proveHeader({ header: { appHash, height } }: LightBlock, raw: Uint8Array): ProvenBlock {
  const hash = bytesToHex(keccak256(raw));
  if (hash !== bytesToHex(appHash))
    throw new NotVerified(
      `the ledger's header has the hash ${hash}, and the validators agreed on ${bytesToHex(appHash)} at height ${height}`,
    );
  const header = headerOf(decodeRlp(raw));
  return { hash, header, height: heightOf(header.extraData) ?? 0 };
}

/** The account in the state after a proven block; `undefined`: there is none. Throws {@link NotVerified}. */
export function proveAccount(
  { header }: ProvenBlock,
  address: Address,
  { accountProof }: AccountProof,
): StoredAccount | undefined {
  const value = prove(header.stateRoot, hexToBytes(address), accountProof, `the account ${address}`);
  return value && decodeAccount(value);
}

/** The value of a slot of an account that was proven. Throws {@link NotVerified}. */
export function proveSlot(account: StoredAccount | undefined, slot: Word, { storageProof }: AccountProof): Word {
  const root = account?.storageRoot ?? EMPTY_ROOT;
  if (root === EMPTY_ROOT) return ZERO_WORD;
  const found = storageProof.find(({ key }) => BigInt(key) === BigInt(slot));
  if (!found) throw new NotVerified(`there is no proof of slot ${slot}`);
  const value = prove(root, hexToBytes(slot), found.proof, `slot ${slot}`);
  const word = value ? decodeSlotValue(value) : ZERO_WORD;
  if (BigInt(found.value) !== BigInt(word))
    throw new NotVerified(`slot ${slot} is said to hold ${found.value}, and it holds ${word}`);
  return word;
}

/** How an app of a fleet stands, by a proof. */
export interface ProvenStanding extends Standing {
  readonly app: string;
  /** keccak256 of the active revision's manifest; zero where none is active. */
  readonly manifestHash: Word;
  readonly block: ProvenBlock;
}

/** Asks a node for the proofs and checks them against a verified block. */
export async function askStanding(verified: LightBlock, call: Call, fleet: Address, app: string): Promise<ProvenStanding> {
  const block = await askHeader(verified, call);
  const standing = standingSlot(app, keccak256);
  const first = await askProof(call, fleet, [standing], block);
  const account = proveAccount(block, fleet, first);
  if (!account) throw new NotVerified(`there is no contract at ${fleet} in block ${block.header.number}`);
  const found = readStanding(proveSlot(account, standing, first));
  if (found.active === 0) return { ...found, app, manifestHash: ZERO_WORD, block };
  const slot = manifestHashSlot(app, found.active, keccak256);
  const manifestHash = proveSlot(account, slot, await askProof(call, fleet, [slot], block));
  return { ...found, app, manifestHash, block };
}

/** The ledger's header behind a verified block, from a node. */
export async function askHeader(verified: LightBlock, call: Call): Promise<ProvenBlock> {
  const hash = bytesToHex(verified.header.appHash);
  const shown = (await call('eth_getBlockByHash', [hash, false])) as { number?: unknown } | null;
  if (!shown || typeof shown.number !== 'string')
    throw new NotVerified(`the node does not have the block ${hash} that the validators agreed on`);
  const raw = await call('debug_getRawHeader', [shown.number]);
  if (!isHex(raw)) throw new NotVerified('the node does not show the header');
  return proveHeader(verified, hexToBytes(raw));
}

/** The height at which the validators sign for the head that a node shows; the engine's block after the one that decided it. */
export async function heightOfHead(call: Call): Promise<number> {
  const raw = await call('debug_getRawHeader', ['latest']);
  if (!isHex(raw)) throw new NotVerified('the node does not show its head');
  const height = heightOf(headerOf(decodeRlp(hexToBytes(raw))).extraData);
  if (height === undefined && headerOf(decodeRlp(hexToBytes(raw))).number > 0)
    throw new NotVerified('the blocks of this ledger are not decided by validators: one device seals them');
  return (height ?? 0) + 1;
}

async function askProof(call: Call, address: Address, slots: readonly Word[], { header }: ProvenBlock): Promise<AccountProof> {
  const answer = (await call('eth_getProof', [
    address,
    slots,
    `0x${header.number.toString(16)}`,
  ])) as Partial<AccountProof> | null;
  if (!answer || !Array.isArray(answer.accountProof) || !Array.isArray(answer.storageProof))
    throw new NotVerified('the node shows no proof');
  return answer as AccountProof;
}

function prove(root: Word, key: Uint8Array, nodes: readonly Hex[], what: string): Uint8Array | undefined {
  if (nodes.length > MAX_NODES || nodes.some((node) => !isHex(node) || node.length > 2 + 2 * MAX_NODE_BYTES))
    throw new NotVerified(`the proof of ${what} is none`);
  try {
    return verifyProof(root, keccak256(key), nodes.map(hexToBytes), keccak256);
  } catch (error) {
    throw new NotVerified(`the proof of ${what} does not hold: ${(error as Error).message}`);
  }
}
