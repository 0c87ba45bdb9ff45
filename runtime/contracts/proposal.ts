import { address, bytes32, flag, label, list, text, tuple, type ValueOf, whole } from './abi.ts';

/*
 * What an operator approves, as the Fleet contract encodes it. Whoever shows a release to an operator takes the hash of what was
 * shown: the contract refuses an approval by any other than its own. A property test holds the two encodings to be the same.
 */

/** `IFleetTypes.Terms`: where a release goes, and who tries it first. */
const termsRow = tuple({
  healthWindow: whole(64),
  expiresAt: whole(64),
  canary: whole(32),
  inPercent: flag,
  labels: list(label),
});

/** `IFleetTypes.Proposal`. */
const proposalRow = tuple({
  chain: whole(256),
  fleet: address,
  app: label,
  revision: whole(64),
  proposer: address,
  backTo: whole(64),
  manifestHash: bytes32,
  terms: termsRow,
  notes: text,
});

/** How the contract answers `proposal(app, revision)`. */
const answerRow = tuple({ proposal: proposalRow });

/** Times in seconds; `expiresAt` of block time, 0: never. `canary` in devices or percent of the targets, 0: all at once. */
export type Terms = ValueOf<typeof termsRow>;

/** All that an approval is of. `backTo`: the earlier revision that it repeats; 0: none. */
export type Proposal = ValueOf<typeof proposalRow>;

/** What the release hash is the Keccak-256 of. */
export function encodeProposal(proposal: Proposal): Uint8Array {
  return answerRow.write({ proposal });
}

/** Reads what the contract answers. Throws `AbiError`. */
export function decodeProposal(answer: Uint8Array): Proposal {
  return answerRow.read(answer, 0).proposal;
}

/** A proposal in words, one fact after the other; what is as it usually is goes unsaid. `momentText` writes seconds of block time. */
export function proposalFacts(
  { proposer, backTo, terms, notes }: Proposal,
  momentText: (seconds: number) => string,
): readonly (readonly [name: string, value: string])[] {
  const { healthWindow, expiresAt, labels } = terms;
  return [
    ['proposed by', proposer],
    ...(backTo === 0 ? [] : [['goes back to', `r${backTo}`] as const]),
    ['devices', labels.length === 0 ? 'all' : `those with ${labels.join(', ')}`],
    ['tried first by', canaryText(terms)],
    ['health window', `${healthWindow} s`],
    ...(expiresAt === 0 ? [] : [['starts before', momentText(expiresAt)] as const]),
    ...(notes === '' ? [] : [['notes', notes] as const]),
  ];
}

function canaryText({ canary, inPercent }: Terms): string {
  if (canary === 0) return 'all of them at once';
  return inPercent ? `${canary} % of them` : `${canary} of them`;
}
