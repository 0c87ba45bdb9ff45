import { readFileSync } from 'node:fs';
import type { Again } from './controls.ts';
import { parseSaved, type SavedWorld } from './recording.ts';
import type { Scenario } from './scenario/document.ts';
import { loadScenario, SCENARIO_START_MS } from './scenario/run.ts';

/** What happens in a world: the story is told, a scenario is played, or a saved world is lived again. */
export interface Plot {
  readonly seed: string;
  readonly devices: number;
  readonly startMs: number;
  readonly rogues: Readonly<Record<string, string>>;
  readonly scenario?: Scenario;
  readonly saved?: SavedWorld;
  /** Of a saved world: up to there only, and then it pauses. */
  readonly block?: number;
}

export interface Asked {
  readonly seed: string;
  readonly devices: number;
  readonly devicesAreGiven?: boolean;
  readonly scenario?: string;
}

/** Reads what the user asked for; throws a sentence for a file that cannot be read. */
export function firstPlot({ seed, devices, devicesAreGiven, scenario: file }: Asked): Plot {
  if (file === undefined) return { seed, devices, startMs: Date.now(), rogues: {} };
  if (file.endsWith('.json')) return savedPlot(parseSaved(readText(file), file));
  const scenario = loadScenario(file);
  return {
    seed: scenario.seed ?? seed,
    devices: devicesAreGiven ? devices : scenario.devices,
    startMs: SCENARIO_START_MS,
    rogues: scenario.rogues,
    scenario,
  };
}

/** What follows when somebody at the page asks for another world. */
export function nextPlot(before: Plot, again: Again): Plot {
  if ('saved' in again) return savedPlot(again.saved, again.block);
  const { saved: _, block: __, ...plot } = before;
  return { ...plot, seed: again.seed, devices: again.devices ?? plot.devices };
}

function savedPlot(saved: SavedWorld, block?: number): Plot {
  const { seed, devices, startMs, rogues } = saved;
  return { seed, devices, startMs, rogues, saved, ...(block !== undefined && { block }) };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new Error(`there is no saved world in ${file}`);
  }
}
