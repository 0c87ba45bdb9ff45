import { readFileSync } from 'node:fs';
import { rogues } from '../rogues.ts';
import { readScenario, type Scenario } from './document.ts';
import { ScenarioError } from './unreadable.ts';

/** When the worlds of scenarios begin: they do not depend on the day on which they are played. */
export const SCENARIO_START_MS = Date.UTC(2026, 0, 1);

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
