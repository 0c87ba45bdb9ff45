import { ed25519 } from '@noble/curves/ed25519.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { voteBytes } from '../../../runtime/light/block.ts';
import {
  addressOfKey,
  type Commit,
  type EngineHeader,
  type EngineValidator,
  Flag,
  hashEngineHeader,
  hashValidators,
  type LightBlock,
  type Provider,
  type Time,
} from '../../../runtime/light/index.ts';

export const CHAIN = 'classpad-7';
export const START_S = 1_800_000_000n;
const GO_ZERO: Time = { seconds: -62_135_596_800n, nanos: 0 };

export interface Person {
  readonly secret: Uint8Array;
  readonly validator: EngineValidator;
}

/** A validator whose key follows from its number. */
export function person(n: number, power = 10n): Person {
  const secret = sha256(Uint8Array.of(n, n >> 8, 7));
  const publicKey = ed25519.getPublicKey(secret);
  return { secret, validator: { address: addressOfKey(publicKey), publicKey, power } };
}

/** A ledger made here: who validates each height, and who of them signs. */
export function chainOf(
  sets: readonly (readonly Person[])[],
  signs: (height: number, index: number) => boolean = () => true,
): LightBlock[] {
  const blocks: LightBlock[] = [];
  for (let height = 1; height < sets.length; height++) {
    const parent = blocks.at(-1);
    const people = sets[height - 1]!;
    const header: EngineHeader = {
      version: { block: 11n, app: 1n },
      chainId: CHAIN,
      height,
      time: { seconds: START_S + BigInt(height), nanos: height },
      lastBlockId: parent ? parent.commit.blockId : { hash: new Uint8Array(0), parts: { total: 0, hash: new Uint8Array(0) } },
      lastCommitHash: sha256(Uint8Array.of(1)),
      dataHash: sha256(Uint8Array.of(2)),
      validatorsHash: hashValidators(people.map(({ validator }) => validator)),
      nextValidatorsHash: hashValidators(sets[height]!.map(({ validator }) => validator)),
      consensusHash: sha256(Uint8Array.of(3)),
      appHash: sha256(Uint8Array.of(4, height)),
      lastResultsHash: sha256(Uint8Array.of(5)),
      evidenceHash: sha256(Uint8Array.of(6)),
      proposer: people[0]!.validator.address,
    };
    blocks.push(signed(header, people, (index) => signs(height, index)));
  }
  return blocks;
}

export function signed(
  header: EngineHeader,
  people: readonly Person[],
  signs: (index: number) => boolean = () => true,
): LightBlock {
  const blockId = { hash: hashEngineHeader(header), parts: { total: 1, hash: sha256(Uint8Array.of(header.height)) } };
  const empty: Commit = { height: header.height, round: 1, blockId, signatures: [] };
  const signatures = people.map(({ secret, validator }, index) => {
    if (!signs(index)) return { flag: Flag.absent, validator: new Uint8Array(0), time: GO_ZERO, signature: new Uint8Array(0) };
    const vote = {
      flag: Flag.commit,
      validator: validator.address,
      time: { seconds: header.time.seconds + 1n, nanos: index },
      signature: new Uint8Array(0),
    };
    return { ...vote, signature: ed25519.sign(voteBytes(header.chainId, empty, vote), secret) };
  });
  return { header, commit: { ...empty, signatures }, validators: people.map(({ validator }) => validator) };
}

/** Somebody who shows these blocks. */
export function showing(blocks: readonly LightBlock[], name = 'node'): Provider & { readonly asked: number[] } {
  const asked: number[] = [];
  return {
    name,
    asked,
    async lightBlock(height) {
      const block = height === 'latest' ? blocks.at(-1) : blocks[height - 1];
      if (!block) throw new Error(`height ${height} must be less than or equal to the current blockchain height`);
      asked.push(block.header.height);
      return block;
    },
  };
}
