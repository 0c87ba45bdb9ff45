/** One of the processes that share the conformance tests: runs its share and sends counts and failures to the parent. */

import { Failure as Refusal } from '../../cli/command.ts';
import { type Fixture, FORKS, readFixtures } from '../../cli/statetest/fixtures.ts';
import type { ForkName, Vm } from '../../runtime/ports/index.ts';
import { createVm } from '../../vm/embed/index.ts';
import { type Failure, runFixture } from './case.ts';
import { runVectors } from './vectors.ts';

export interface Task {
  readonly paths: readonly string[];
  readonly job: number;
  readonly jobs: number;
  readonly fork?: string;
  readonly filter?: string;
}

/** What a share of the tests gave. */
export interface Share {
  /** By fork, `RLP`, `Trie`. */
  readonly passed: Readonly<Record<string, number>>;
  readonly failures: readonly Failure[];
  /** Cases of forks that the VM does not have. */
  readonly unknown: Readonly<Record<string, number>>;
}

/** Older names in the official tests. */
const ALIASES: Readonly<Record<string, ForkName>> = { Merge: 'Paris' };

function run(task: Task): Share {
  const vms = new Map<ForkName, Vm>();
  for (const fork of FORKS) vms.set(fork, createVm({ fork }));
  const passed: Record<string, number> = {};
  const unknown: Record<string, number> = {};
  const failures: Failure[] = [];
  for (const { path, tests, other } of readFixtures(task.paths, task.job, task.jobs)) {
    for (const { group, failure } of isTable(other) ? runVectors(path, other, vms) : []) {
      if ((task.filter && !path.includes(task.filter)) || (task.fork && task.fork !== group)) continue;
      if (failure) failures.push(failure);
      else passed[group] = (passed[group] ?? 0) + 1;
    }
    for (const [name, fixture] of Object.entries(tests)) {
      const title = `${path} ${name}`;
      if (task.filter && !title.includes(task.filter)) continue;
      for (const [fork, vm, cases] of casesOf(fixture, vms, unknown)) {
        if (task.fork && task.fork !== fork) continue;
        const failed = runFixture(vm, title, fixture, cases);
        passed[fork] = (passed[fork] ?? 0) + cases.length - failed.length;
        failures.push(...failed);
      }
    }
  }
  return { passed, failures, unknown };
}

function isTable(json: unknown): json is Record<string, object> {
  const rows = typeof json === 'object' && json !== null && !Array.isArray(json) ? Object.values(json) : [];
  return rows.length > 0 && rows.every((row) => typeof row === 'object' && row !== null);
}

function* casesOf(fixture: Fixture, vms: Map<ForkName, Vm>, unknown: Record<string, number>) {
  for (const [name, cases] of Object.entries(fixture.post)) {
    const fork = ALIASES[name] ?? (name as ForkName);
    const vm = vms.get(fork);
    if (vm) yield [fork, vm, cases] as const;
    else unknown[name] = (unknown[name] ?? 0) + cases.length;
  }
}

/** What it found, or in a sentence why nothing can be found. */
function answer(task: Task): Share | { readonly refused: string } {
  try {
    return run(task);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { refused: error.message };
  }
}

process.once('message', (task: Task) => {
  process.send!(answer(task), () => process.disconnect?.());
});
