import { encodeFunctionData, type Hex, hexToBytes, hexToString, keccak256 } from 'viem';
import { decodeProposal, encodeProposal, type Proposal, proposalFacts } from '../../runtime/contracts/proposal.ts';
import type { Address } from '../../runtime/ports/index.ts';
import { Failure } from '../command.ts';
import { timeText } from '../values.ts';
import { fleetAbi } from './abi.ts';
import type { Connection } from './connection.ts';
import { manifestLines, readManifest } from './manifest.ts';

/** A revision as a node shows it, and the hash of what is shown: an approval by it is of nothing else. */
export interface ShownRelease {
  readonly proposal: Proposal;
  readonly manifest: Hex;
  readonly releaseHash: Hex;
}

/** What an approval names. */
export function releaseHashOf(proposal: Proposal): Hex {
  return keccak256(encodeProposal(proposal));
}

/** Throws {@link Failure}: there is no such revision, or the node answers nonsense. */
export async function readRelease(connection: Connection, app: Hex, revision: bigint): Promise<ShownRelease> {
  const manifest = await readManifest(connection, app, revision);
  // Nothing of this is the node's to say: what was asked for, and what the manifest that it showed is.
  const asked = { ...placeOf(connection, app, revision), manifestHash: keccak256(manifest) };
  const proposal: Proposal = { ...(await askProposal(connection, app, revision)), ...asked };
  return { proposal, manifest, releaseHash: releaseHashOf(proposal) };
}

/** Where a proposal stands. */
export function placeOf({ chain, fleet }: Connection, app: Hex, revision: bigint) {
  return { chain: chain.id, fleet: fleet as Address, app: hexToString(app, { size: 32 }), revision: Number(revision) };
}

/** All of it in lines: the terms, then what runs. */
export function releaseLines({ proposal, manifest }: ShownRelease): string[] {
  return [...termLines(proposal), ...manifestLines(manifest)];
}

export function termLines(proposal: Proposal): string[] {
  return proposalFacts(proposal, (seconds) => `${timeText(seconds)} UTC`).map(([name, value]) => `${name}: ${value}`);
}

async function askProposal({ client, fleet, rpc }: Connection, app: Hex, revision: bigint): Promise<Proposal> {
  const data = encodeFunctionData({ abi: fleetAbi, functionName: 'proposal', args: [app, revision] });
  const answer = await client.call({ to: fleet, data });
  try {
    return decodeProposal(hexToBytes(answer.data ?? '0x'));
  } catch (error) {
    throw new Failure(`what ${rpc} shows is no proposal: ${(error as Error).message}`);
  }
}
