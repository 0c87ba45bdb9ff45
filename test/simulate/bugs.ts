import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileContracts } from '../../contracts/compile.ts';
import { type FleetArtifact, readFleet } from '../../emulator/fleet.ts';
import { rogues } from '../../emulator/rogues.ts';
import { root } from '../support/need.ts';

/** A line of the contracts that is left out: a bug planted on purpose. */
interface ContractBug {
  readonly file: string;
  readonly line: string;
}

const contractBugs: Readonly<Record<string, ContractBug>> = {
  /** The vote of a device that was taken out of the fleet stays in the count. */
  'counts-revoked-votes': { file: 'fleet/Rollouts.sol', line: '            _count(state, state.rolling, device, Vote.None);\n' },
  /** Who changes its mind is counted on both sides. */
  'counts-every-vote': { file: 'fleet/Rollouts.sol', line: '        if (before == Vote.Healthy) judged.healthyVotes--;\n' },
};

/** What can be planted: in every firmware, or in the contract. */
export const bugNames: readonly string[] = [...Object.keys(rogues), ...Object.keys(contractBugs)];

/** The Fleet contract, with this bug if it is one of the contract's. */
export async function fleetWith(bug: string | undefined, build: string): Promise<FleetArtifact> {
  const planted = bug === undefined ? undefined : contractBugs[bug];
  return planted ? compileWithout(planted) : readFleet(build);
}

async function compileWithout({ file, line }: ContractBug): Promise<FleetArtifact> {
  const folder = mkdtempSync(join(tmpdir(), 'classpad-bug-'));
  try {
    cpSync(join(root, 'contracts'), join(folder, 'sources'), { recursive: true });
    const path = join(folder, 'sources', file);
    const source = readFileSync(path, 'utf8');
    if (!source.includes(line)) throw new Error(`${file} has no line "${line.trim()}" any more`);
    writeFileSync(path, source.replace(line, ''));
    await compileContracts(join(folder, 'sources'), join(folder, 'contracts'));
    return readFleet(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
