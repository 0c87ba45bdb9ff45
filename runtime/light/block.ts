import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '../bytes.ts';
import type { Hex } from '../ports/index.ts';
import { merkleRoot } from './merkle.ts';
import * as wire from './wire.ts';

/** A moment to the nanosecond, as CometBFT writes and hashes it. */
export interface Time {
  /** Since 1970. */
  readonly seconds: bigint;
  readonly nanos: number;
}

export interface BlockId {
  readonly hash: Uint8Array;
  readonly parts: { readonly total: number; readonly hash: Uint8Array };
}

/** A header of CometBFT; every field is in its hash. */
export interface EngineHeader {
  readonly version: { readonly block: bigint; readonly app: bigint };
  readonly chainId: string;
  readonly height: number;
  readonly time: Time;
  readonly lastBlockId: BlockId;
  readonly lastCommitHash: Uint8Array;
  readonly dataHash: Uint8Array;
  readonly validatorsHash: Uint8Array;
  readonly nextValidatorsHash: Uint8Array;
  readonly consensusHash: Uint8Array;
  /** What the ledger was before this block's transactions: the hash of its head. */
  readonly appHash: Uint8Array;
  readonly lastResultsHash: Uint8Array;
  readonly evidenceHash: Uint8Array;
  readonly proposer: Uint8Array;
}

/** What a validator said: nothing, yes, or that it saw no block. */
export const Flag = { absent: 1, commit: 2, nil: 3 } as const;

export interface CommitSignature {
  readonly flag: number;
  readonly validator: Uint8Array;
  readonly time: Time;
  readonly signature: Uint8Array;
}

/** The votes that made a block final, in the order of the validators. */
export interface Commit {
  readonly height: number;
  readonly round: number;
  readonly blockId: BlockId;
  readonly signatures: readonly CommitSignature[];
}

export interface EngineValidator {
  readonly address: Uint8Array;
  /** ed25519. */
  readonly publicKey: Uint8Array;
  readonly power: bigint;
}

/** All that a light client needs of a height. */
export interface LightBlock {
  readonly header: EngineHeader;
  readonly commit: Commit;
  readonly validators: readonly EngineValidator[];
}

const PRECOMMIT = 2;

/** The hash by which validators vote for the block: a tree over the header's fields. */
export function hashEngineHeader(header: EngineHeader): Uint8Array {
  const { version, chainId, height, time, lastBlockId } = header;
  const hashes = [
    header.lastCommitHash,
    header.dataHash,
    header.validatorsHash,
    header.nextValidatorsHash,
    header.consensusHash,
    header.appHash,
    header.lastResultsHash,
    header.evidenceHash,
    header.proposer,
  ];
  return merkleRoot([
    wire.message(wire.number(1, version.block), wire.number(2, version.app)),
    wire.text(1, chainId),
    wire.number(1, height),
    timeMessage(time),
    blockIdMessage(lastBlockId),
    ...hashes.map((hash) => wire.bytes(1, hash)),
  ]);
}

/** The hash that headers name a set of validators by. */
export function hashValidators(validators: readonly EngineValidator[]): Uint8Array {
  return merkleRoot(
    validators.map(({ publicKey, power }) => wire.message(wire.embedded(1, wire.bytes(1, publicKey)), wire.number(2, power))),
  );
}

/** What a validator has signed with its vote. */
export function voteBytes(chainId: string, { height, round, blockId }: Commit, { flag, time }: CommitSignature): Uint8Array {
  return wire.delimited(
    wire.message(
      wire.number(1, PRECOMMIT),
      wire.sfixed64(2, height),
      wire.sfixed64(3, round),
      flag === Flag.commit ? wire.embedded(4, blockIdMessage(blockId)) : new Uint8Array(0),
      wire.embedded(5, timeMessage(time)),
      wire.text(6, chainId),
    ),
  );
}

/** What CometBFT calls the holder of a key. */
export function addressOfKey(publicKey: Uint8Array): Uint8Array {
  return sha256(publicKey).subarray(0, 20);
}

/** In milliseconds since 1970. */
export function timeMs({ seconds, nanos }: Time): number {
  return Number(seconds) * 1000 + nanos / 1e6;
}

export function isLater(a: Time, b: Time): boolean {
  return a.seconds === b.seconds ? a.nanos > b.nanos : a.seconds > b.seconds;
}

/** `HEIGHT:HASH` names a block without doubt. */
export function nameOf(header: EngineHeader): `${number}:${Hex}` {
  return `${header.height}:${bytesToHex(hashEngineHeader(header))}`;
}

function timeMessage({ seconds, nanos }: Time): Uint8Array {
  return wire.message(wire.number(1, seconds), wire.number(2, nanos));
}

function blockIdMessage({ hash, parts }: BlockId): Uint8Array {
  const partsMessage = wire.message(wire.number(1, parts.total), wire.bytes(2, parts.hash));
  return wire.message(wire.bytes(1, hash), wire.embedded(2, partsMessage));
}
