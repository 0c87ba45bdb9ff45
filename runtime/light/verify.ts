import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToHex, equalBytes } from '../bytes.ts';
import {
  addressOfKey,
  type Commit,
  type CommitSignature,
  type EngineValidator,
  Flag,
  hashEngineHeader,
  hashValidators,
  isLater,
  type LightBlock,
  timeMs,
  voteBytes,
} from './block.ts';

/** What is believed without proof. */
export interface Rules {
  readonly chainId: string;
  /** How long validators that once were can be held to what they sign; shorter than it takes to forget them. */
  readonly trustingPeriodMs: number;
  /** How far the clocks of the validators may be ahead of ours. */
  readonly clockDriftMs: number;
  /** Share of the trusted validators' power that must have signed a block that is not the next. */
  readonly trustLevel: { readonly numerator: bigint; readonly denominator: bigint };
}

const BLOCK_PROTOCOL = 11n;
const MAX_VALIDATORS = 10_000;
/** Of all validators of a height, as in CometBFT. A hash has 64 bits of a power: larger ones would pass for smaller. */
const MAX_TOTAL_POWER = 2n ** 60n - 1n;
const HASH_BYTES = 32;

/**
 * Whether a later block follows from one that is trusted. The next one must have the validators that the trusted one names; of any
 * other, enough of the trusted validators must have signed it (skipping). In both cases more than two thirds of its own.
 * Throws {@link NotVerified}; one whose `reason` is `tooFewTrusted` may be reached by way of a block between.
 */
export function verifyLightBlock(trusted: LightBlock, untrusted: LightBlock, rules: Rules, nowMs: number): void {
  const { height } = untrusted.header;
  demand(timeMs(trusted.header.time) + rules.trustingPeriodMs > nowMs, `block ${trusted.header.height} is too old to be trusted`);
  demand(height > trusted.header.height, `block ${height} is not after block ${trusted.header.height}`);
  demand(isLater(untrusted.header.time, trusted.header.time), `block ${height} is not later than block ${trusted.header.height}`);
  demand(timeMs(untrusted.header.time) < nowMs + rules.clockDriftMs, `block ${height} is from the future`);
  checkLightBlock(untrusted, rules.chainId);
  if (height === trusted.header.height + 1) {
    const isNamed = equalBytes(untrusted.header.validatorsHash, trusted.header.nextValidatorsHash);
    demand(isNamed, `the validators of block ${height} are not those that block ${height - 1} names`);
  } else verifyTrust(trusted, untrusted, rules);
  verifyCommit(untrusted);
}

/** Whether an earlier block is the one that a trusted one names as its parent. Throws {@link NotVerified}. */
export function verifyParent(trusted: LightBlock, parent: LightBlock, rules: Rules): void {
  checkLightBlock(parent, rules.chainId);
  const isParent = equalBytes(hashEngineHeader(parent.header), trusted.header.lastBlockId.hash);
  demand(isParent, `block ${parent.header.height} is not the parent of block ${trusted.header.height}`);
}

/** Whether header, commit and validators are of one block. Throws {@link NotVerified}. */
export function checkLightBlock({ header, commit, validators }: LightBlock, chainId: string): void {
  const at = `block ${header.height}`;
  demand(header.chainId === chainId, `${at} is of ${header.chainId}, not of ${chainId}`);
  demand(header.version.block === BLOCK_PROTOCOL, `${at} has a format that is not known here`);
  demand(Number.isSafeInteger(header.height) && header.height >= 1, `${at} has no height`);
  demand(commit.height === header.height, `the commit of ${at} is of block ${commit.height}`);
  demand(equalBytes(commit.blockId.hash, hashEngineHeader(header)), `the votes are not for this header of ${at}`);
  demand(commit.blockId.parts.total >= 1 && commit.blockId.parts.hash.length === HASH_BYTES, `${at} is named incompletely`);
  demand(validators.length >= 1 && validators.length <= MAX_VALIDATORS, `${at} has ${validators.length} validators`);
  demand(equalBytes(header.validatorsHash, hashValidators(validators)), `the validators of ${at} are not those of its header`);
  demand(
    new Set(validators.map(({ address }) => bytesToHex(address))).size === validators.length,
    `a validator of ${at} is named twice`,
  );
  for (const { address, publicKey, power } of validators) {
    demand(publicKey.length === 32 && equalBytes(address, addressOfKey(publicKey)), `a validator of ${at} is not its key's`);
    demand(power > 0n, `a validator of ${at} has no power`);
  }
  demand(totalPower(validators) <= MAX_TOTAL_POWER, `the validators of ${at} have more power than there can be`);
}

/** Whether a block bears the votes of its own validators, whoever they are. Throws {@link NotVerified}. */
export function verifyVotes(block: LightBlock, chainId: string): void {
  checkLightBlock(block, chainId);
  verifyCommit(block);
}

/** More than two thirds of the block's own validators have voted for it, and no vote in it is false. */
function verifyCommit({ header, commit, validators }: LightBlock): void {
  const at = `block ${header.height}`;
  demand(commit.signatures.length === validators.length, `${at} has ${commit.signatures.length} votes of ${validators.length}`);
  let power = 0n;
  commit.signatures.forEach((vote, index) => {
    const validator = validators[index]!;
    if (vote.flag === Flag.absent) {
      const isEmpty = vote.validator.length === 0 && vote.signature.length === 0 && isNoTime(vote.time);
      demand(isEmpty, `an absent vote of ${at} is not empty`);
      return;
    }
    demand(vote.flag === Flag.commit || vote.flag === Flag.nil, `a vote of ${at} is of no known kind`);
    demand(equalBytes(vote.validator, validator.address), `vote ${index} of ${at} is not that of its validator`);
    verifySignature(header.chainId, commit, vote, validator);
    if (vote.flag === Flag.commit) power += validator.power;
  });
  demand(
    power * 3n > totalPower(validators) * 2n,
    `${at} was signed by ${power} of ${totalPower(validators)}, which is too little`,
  );
}

/** Enough of those that were trusted have signed the other block, too. */
function verifyTrust(trusted: LightBlock, { header, commit }: LightBlock, { trustLevel }: Rules): void {
  const known = new Map(trusted.validators.map((validator) => [bytesToHex(validator.address), validator]));
  let power = 0n;
  for (const vote of commit.signatures) {
    const validator = vote.flag === Flag.commit ? known.get(bytesToHex(vote.validator)) : undefined;
    if (!validator) continue;
    known.delete(bytesToHex(vote.validator));
    verifySignature(header.chainId, commit, vote, validator);
    power += validator.power;
  }
  const total = totalPower(trusted.validators);
  if (power * trustLevel.denominator > total * trustLevel.numerator) return;
  throw new NotVerified(
    `block ${header.height} was signed by ${power} of ${total} of the validators of block ${trusted.header.height}`,
    'tooFewTrusted',
  );
}

function verifySignature(chainId: string, commit: Commit, vote: CommitSignature, { publicKey }: EngineValidator): void {
  const isRight = vote.signature.length === 64 && isSigned(vote.signature, voteBytes(chainId, commit, vote), publicKey);
  demand(isRight, `a vote for block ${commit.height} bears a false signature`);
}

/** As CometBFT's library has it (ZIP 215). */
function isSigned(signature: Uint8Array, bytes: Uint8Array, publicKey: Uint8Array): boolean {
  try {
    return ed25519.verify(signature, bytes, publicKey, { zip215: true });
  } catch {
    return false;
  }
}

/** Go's zero: the first second of the year 1. */
function isNoTime({ seconds, nanos }: CommitSignature['time']): boolean {
  return seconds === -62_135_596_800n && nanos === 0;
}

function totalPower(validators: readonly EngineValidator[]): bigint {
  return validators.reduce((sum, { power }) => sum + power, 0n);
}

function demand(isSo: boolean, otherwise: string): asserts isSo {
  if (!isSo) throw new NotVerified(otherwise);
}

/** Something is not what it should be, in a sentence. */
export class NotVerified extends Error {
  override readonly name = 'NotVerified';
  readonly reason: 'false' | 'tooFewTrusted';
  constructor(sentence: string, reason: 'false' | 'tooFewTrusted' = 'false') {
    super(sentence);
    this.reason = reason;
  }
}
