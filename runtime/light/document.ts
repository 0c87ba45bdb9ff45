import { keccak_256 } from '@noble/hashes/sha3.js';
import { ZERO_WORD } from '../bytes.ts';
import { heightOf } from '../consensus/validators.ts';
import { manifestHashSlot, readStanding, standingSlot } from '../contracts/slots.ts';
import { headerItem } from '../ledger/header.ts';
import { headerOfJson } from '../ledger/header-json.ts';
import type { Address } from '../ports/index.ts';
import { encodeRlp } from '../rlp/index.ts';
import type { LightBlock } from './block.ts';
import { object } from './read.ts';
import { type AccountProof, type ProvenStanding, proveAccount, proveHeader, proveSlot } from './state.ts';
import { NotVerified } from './verify.ts';

const keccak256 = (data: Uint8Array) => keccak_256(data);

/** The height at which the validators sign for the block of a proxy's `/.well-known/classpad/proof?app=…`. Throws {@link NotVerified}. */
export function heightOfProof(document: unknown): number {
  const height = heightOf(headerOfJson(object(object(document, 'a proof')['block'], 'a block')).extraData);
  if (height === undefined)
    throw new NotVerified('the blocks of this ledger are not decided by validators: one device seals them');
  return height + 1;
}

/** What such a proof says of an app, once its block is verified. Nothing else of the document is believed. */
export function proveStanding(verified: LightBlock, document: unknown, fleet: Address, app: string): ProvenStanding {
  const { block: json, proof: shown } = object(document, 'a proof');
  const proof = object(shown, 'a proof') as unknown as AccountProof;
  if (!Array.isArray(proof.accountProof) || !Array.isArray(proof.storageProof)) throw new NotVerified('the proof is none');
  const block = proveHeader(verified, encodeRlp(headerItem(headerOfJson(object(json, 'a block')))));
  const account = proveAccount(block, fleet, proof);
  if (!account) throw new NotVerified(`there is no contract at ${fleet} in block ${block.header.number}`);
  const standing = readStanding(proveSlot(account, standingSlot(app, keccak256), proof));
  const { active } = standing;
  const manifestHash = active === 0 ? ZERO_WORD : proveSlot(account, manifestHashSlot(app, active, keccak256), proof);
  return { ...standing, app, manifestHash, block };
}
