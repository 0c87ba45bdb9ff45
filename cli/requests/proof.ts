import { sha256 } from '@noble/hashes/sha2.js';
import { decodeEventLog, type Hex, hexToString } from 'viem';
import { bytesToHex, utf8Encode } from '../../runtime/bytes.ts';
import { decodeLog, type LogFields, logKinds } from '../../runtime/contracts/log-kinds.ts';
import type { Address, Log, Word } from '../../runtime/ports/index.ts';
import { inclusionPath, rootByPath } from '../../runtime/service/merkle.ts';
import { type Batch, readBatch } from '../../runtime/service/traffic.ts';
import type { Entry } from '../audit/fetch.ts';
import { type Checked, isAgreed, type Trust, verifyKnownEntry, verifySealedEntry } from '../audit/verify.ts';
import { WrongEntry } from '../audit/wrong-entry.ts';
import { fleetAbi } from '../fleet/abi.ts';

/** One request, and all that is needed to know without a network that a device logged it in a block of the ledger. */
export interface RequestProof extends Trust {
  readonly classpad: 'request proof 1';
  readonly fleet: Address;
  /** As `requestLine` wrote it. */
  readonly line: string;
  /** Its place among the lines of the batch. */
  readonly index: number;
  readonly path: readonly Word[];
  /** The block that holds the batch's root. */
  readonly entry: Entry;
}

const NEEDS_TRAIL = 'validators agree on the blocks of this ledger; their votes are in a trail, so give one: --trail FILE';

/** What a proof shows. */
export interface Proven {
  readonly device: Address;
  readonly batch: Batch;
  readonly block: Checked;
}

/** A batch of traffic as it stands on the ledger. */
export interface LoggedBatch extends Batch {
  readonly device: Address;
}

/** Where a line stands in the tree of all lines. */
export function pathOf(lines: readonly string[], index: number): Word[] {
  return inclusionPath(lines.map(utf8Encode), index, sha256);
}

/**
 * Checks everything that can be with no network: the block's hashes, signatures and roots, that it bears its seal or is the one
 * of a trail that was checked, and that the line is one of those whose root it holds. Throws {@link WrongEntry}.
 */
export function verifyRequest(proof: RequestProof, inTrail?: Word): Proven {
  if (isAgreed(proof) && inTrail === undefined) throw new WrongEntry(NEEDS_TRAIL);
  const block = inTrail === undefined ? verifySealedEntry(proof.entry, proof) : verifyKnownEntry(proof.entry, inTrail, proof);
  const [, app, revision] = proof.line.split(' ');
  for (const batch of batchesIn(block, proof.fleet)) {
    if (app !== batch.app || revision !== `r${batch.revision}`) continue;
    if (rootByPath(utf8Encode(proof.line), proof.index, batch.requests, proof.path, sha256) === batch.root)
      return { device: batch.device, batch, block };
  }
  throw new WrongEntry(`block ${block.number}: no batch that a device logged in it holds this request at place ${proof.index}`);
}

function batchesIn({ receipts }: Checked, fleet: Address): LoggedBatch[] {
  const logs = receipts.flatMap((receipt) => receipt.logs).filter(({ address }) => address === fleet);
  return logs.flatMap((log) => loggedBatch(log) ?? []);
}

function loggedBatch(log: Log): LoggedBatch | undefined {
  try {
    const topics = log.topics as [Hex, ...Hex[]];
    const { eventName, args } = decodeEventLog({ abi: fleetAbi, data: bytesToHex(log.data), topics, strict: true });
    return eventName === 'Logged' ? readLogged(args) : undefined;
  } catch {
    return undefined;
  }
}

/** What a `Logged` event says of traffic; `undefined` if it says something else. */
export function readLogged(args: {
  readonly device: Address;
  readonly app: Hex;
  readonly revision: bigint;
  readonly kind: number;
  readonly data: Hex;
}): LoggedBatch | undefined {
  if (args.kind !== logKinds.traffic) return undefined;
  const fields: LogFields = decodeLog(Buffer.from(args.data.slice(2), 'hex')) ?? {};
  const batch = readBatch(hexToString(args.app, { size: 32 }), Number(args.revision), fields);
  return batch && { ...batch, device: args.device.toLowerCase() as Address };
}

/** Reads the text of a file. `undefined`: it is no proof. */
export function parseProof(text: string): RequestProof | undefined {
  try {
    const proof = JSON.parse(text) as Partial<RequestProof>;
    const { entry, path, line, index } = proof;
    const fits =
      proof.classpad === 'request proof 1' &&
      typeof line === 'string' &&
      Number.isSafeInteger(index) &&
      Number.isSafeInteger(proof.chainId) &&
      [proof.fleet, proof.sequencer].every((each) => /^0x[0-9a-f]{40}$/.test(`${each}`)) &&
      /^0x[0-9a-f]{64}$/.test(`${proof.genesisHash}`) &&
      Array.isArray(path) &&
      path.length <= 64 &&
      path.every((word) => /^0x[0-9a-f]{64}$/.test(`${word}`)) &&
      Array.isArray(entry?.block?.transactions) &&
      Array.isArray(entry?.receipts);
    return fits ? (proof as RequestProof) : undefined;
  } catch {
    return undefined;
  }
}
