import { readFileSync } from 'node:fs';
import type { FleetArtifact } from '../fleet.ts';
import { rogues } from '../rogues.ts';
import { virtualStage } from '../stage.ts';
import type { Teller } from '../story.ts';
import { createWorld, type World, type WorldOptions } from '../world.ts';
import { readScenario, type Scenario } from './document.ts';
import { playScenario, ScenarioFailed } from './play.ts';
import { ScenarioError } from './unreadable.ts';

/** When the worlds of scenarios begin: they do not depend on the day on which they are played. */
export const SCENARIO_START_MS = Date.UTC(2026, 0, 1);

export interface HeadlessOptions extends Pick<WorldOptions, 'scripts' | 'vm' | 'version' | 'run' | 'limits' | 'onLog'> {
  readonly scenario: Scenario;
  readonly seed: string;
  readonly fleet: FleetArtifact;
  readonly teller: Teller;
  readonly folder: string;
}

export interface Played {
  readonly world: World;
  /** Why it did not go as written; nothing if it did. */
  readonly failure: string | undefined;
  readonly virtualMs: number;
}

export function loadScenario(file: string): Scenario {
  let source: string;
  try {
    source = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as { code?: string };
    const what = code === 'ENOENT' ? `there is no scenario file ${file}` : `the scenario ${file} cannot be read (${code})`;
    throw new ScenarioError(`${what}; those that come along are in emulator/scenarios`);
  }
  return readScenario(source, file);
}

/** The script of each device whose firmware misbehaves. */
export function additionsOf({ rogues: misfits }: Pick<Scenario, 'rogues'>): Record<string, string> {
  return Object.fromEntries(Object.entries(misfits).map(([device, rogue]) => [device, rogues[rogue]!]));
}

/** Plays a scenario as fast as this machine can: time passes only while the scenario waits. */
export async function playHeadless({ scenario, seed, fleet, teller, folder, ...options }: HeadlessOptions): Promise<Played> {
  const { devices } = scenario;
  const world = createWorld({ ...options, seed, devices, startMs: SCENARIO_START_MS, additions: additionsOf(scenario) });
  let failure: string | undefined;
  try {
    await playScenario({ scenario, stage: virtualStage(world), fleet, teller, folder });
  } catch (error) {
    if (!(error instanceof ScenarioFailed)) throw error;
    failure = error.message;
  }
  return { world, failure, virtualMs: world.clock.nowMs() - SCENARIO_START_MS };
}
