import { hexToBytes } from '../bytes.ts';
import type { BlockId, Commit, CommitSignature, EngineHeader, EngineValidator, LightBlock, Time } from './block.ts';

/*
 * CometBFT's RPC in JSON: numbers as texts, hashes in hexadecimal, keys and signatures in base64. Whatever does not have its form
 * throws {@link Unreadable}; what it means is for others to check.
 */

export function readHeader(json: unknown): EngineHeader {
  const { version, last_block_id, ...rest } = object(json, 'a header');
  const { block, app } = object(version, 'a version');
  return {
    version: { block: integer(block, 'a version'), app: integer(app ?? '0', 'a version') },
    chainId: string(rest['chain_id'], 'the chain id', 50),
    height: safe(rest['height'], 'the height'),
    time: readTime(rest['time']),
    lastBlockId: readBlockId(last_block_id),
    lastCommitHash: hash(rest['last_commit_hash'], 'last_commit_hash'),
    dataHash: hash(rest['data_hash'], 'data_hash'),
    validatorsHash: hash(rest['validators_hash'], 'validators_hash'),
    nextValidatorsHash: hash(rest['next_validators_hash'], 'next_validators_hash'),
    consensusHash: hash(rest['consensus_hash'], 'consensus_hash'),
    appHash: hash(rest['app_hash'], 'app_hash'),
    lastResultsHash: hash(rest['last_results_hash'], 'last_results_hash'),
    evidenceHash: hash(rest['evidence_hash'], 'evidence_hash'),
    proposer: hash(rest['proposer_address'], 'proposer_address'),
  };
}

export function readCommit(json: unknown): Commit {
  const { height, round, block_id, signatures } = object(json, 'a commit');
  return {
    height: safe(height, 'the height'),
    round: Number(integer(round, 'the round')),
    blockId: readBlockId(block_id),
    signatures: list(signatures, 'the votes').map(readVote),
  };
}

export function readValidators(json: unknown): EngineValidator[] {
  return list(json, 'the validators').map((item) => {
    const { address, pub_key, voting_power } = object(item, 'a validator');
    const { type, value } = object(pub_key, 'a key');
    if (type !== 'tendermint/PubKeyEd25519') throw new Unreadable(`a key of the kind ${String(type)} is not known here`);
    return {
      address: hash(address, 'an address'),
      publicKey: base64(value, 'a key'),
      power: integer(voting_power, 'a voting power'),
    };
  });
}

/** RFC 3339 with up to nine digits of a second, in UTC. */
function readTime(json: unknown): Time {
  const text = string(json, 'a time', 40);
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/.exec(text);
  const ms = match ? Date.parse(`${match[1]}Z`) : Number.NaN;
  if (!match || Number.isNaN(ms)) throw new Unreadable(`"${text}" is no time`);
  return { seconds: BigInt(Math.floor(ms / 1000)), nanos: Number((match[2] ?? '').padEnd(9, '0')) };
}

function readVote(json: unknown): CommitSignature {
  const { block_id_flag, validator_address, timestamp, signature } = object(json, 'a vote');
  return {
    flag: Number(integer(block_id_flag, 'the kind of a vote')),
    validator: hash(validator_address ?? '', 'an address'),
    time: readTime(timestamp),
    signature: base64(signature ?? '', 'a signature'),
  };
}

function readBlockId(json: unknown): BlockId {
  const { hash: name, parts } = object(json, 'the name of a block');
  const { total, hash: root } = object(parts, 'the parts of a block');
  return {
    hash: hash(name, 'the name of a block'),
    parts: { total: Number(integer(total, 'the number of parts')), hash: hash(root, 'the root of the parts') },
  };
}

export function object(json: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new Unreadable(`${what} is missing`);
  return json as Record<string, unknown>;
}

function list(json: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(json)) throw new Unreadable(`${what} are missing`);
  return json;
}

function string(json: unknown, what: string, longest: number): string {
  if (typeof json !== 'string' || json.length > longest) throw new Unreadable(`${what} is missing or too long`);
  return json;
}

function integer(json: unknown, what: string): bigint {
  const text = typeof json === 'number' ? String(json) : string(json, what, 20);
  if (!/^\d+$/.test(text)) throw new Unreadable(`${what} "${text}" is no number`);
  return BigInt(text);
}

export function safe(json: unknown, what: string): number {
  const number = Number(integer(json, what));
  if (!Number.isSafeInteger(number)) throw new Unreadable(`${what} is too large`);
  return number;
}

/** No bytes, 20 or 32. */
function hash(json: unknown, what: string): Uint8Array {
  const text = string(json, what, 64);
  if (!/^([0-9a-f]{40}|[0-9a-f]{64})?$/i.test(text)) throw new Unreadable(`${what} "${text}" is no hash`);
  return hexToBytes(`0x${text}`);
}

function base64(json: unknown, what: string): Uint8Array {
  try {
    return Uint8Array.from(atob(string(json ?? '', what, 200)), (character) => character.charCodeAt(0));
  } catch {
    throw new Unreadable(`${what} is not in base64`);
  }
}

/** Header, votes and validators of a height, as an engine tells them together. Throws {@link Unreadable}. */
export function readLightBlock(told: unknown): LightBlock {
  const { signed_header, validators } = object(told, 'votes');
  const { header, commit } = object(signed_header, 'a signed header');
  return { header: readHeader(header), commit: readCommit(commit), validators: readValidators(validators) };
}

/** An answer that does not have the form of one. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
}
