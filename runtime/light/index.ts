/*
 * A light client: what the validators of a ledger have agreed on, checked by headers, votes and proofs alone, in Node and in
 * browsers. `classpad/light` for whoever imports it.
 */
export * from './block.ts';
export { createLightClient, type LightClient, type LightClientOptions } from './client.ts';
export { heightOfProof, proveStanding } from './document.ts';
export {
  askVotesAt,
  type Get,
  isEarly,
  type Patience,
  type Provider,
  patientProvider,
  rpcProvider,
  type Told,
  Undecided,
  whenDecided,
} from './provider.ts';
export { readCommit, readHeader, readLightBlock, readValidators, Unreadable } from './read.ts';
export {
  type AccountProof,
  askHeader,
  askStanding,
  type Call,
  heightOfHead,
  type ProvenBlock,
  type ProvenStanding,
  proveAccount,
  proveHeader,
  proveSlot,
} from './state.ts';
export { checkLightBlock, NotVerified, type Rules, verifyLightBlock, verifyParent, verifyVotes } from './verify.ts';
