import type { FoundContainer } from '../ports/index.ts';
import type { DriftEvent } from './drift.ts';
import type { Doing } from './plan.ts';
import { isAnother, type Wanted } from './wanted.ts';

/** What a node remembers of its containers, so that it knows what others did to them. Lost with the process. */
export interface Memory {
  /** Ids, by name, of containers seen as they should be and not removed by us. */
  readonly known: ReadonlyMap<string, string>;
  /** The newest last. */
  readonly drifts: readonly DriftEvent[];
  looked(found: readonly FoundContainer[], wanted: Wanted | undefined): void;
  /** A step succeeded. Answers the drift that it put right, unless an earlier step of the same heal has told of it. */
  did(step: Doing, nowMs: number): DriftEvent | undefined;
}

const DRIFTS_LIMIT = 20;

export function createMemory(): Memory {
  const known = new Map<string, string>();
  const drifts: DriftEvent[] = [];
  /** By name: the id of a changed container that has been told of. */
  const told = new Map<string, string>();

  function looked(found: readonly FoundContainer[], wanted: Wanted | undefined): void {
    if (wanted === undefined) return;
    const revisions = wanted.apps.flatMap(({ current, previous }) => (previous ? [current, previous] : [current]));
    const specs = new Map(revisions.flatMap(({ containers }) => containers.map(({ spec }) => [spec.name, spec])));
    for (const names of [known, told]) for (const name of names.keys()) if (!specs.has(name)) names.delete(name);
    for (const container of found) {
      const spec = specs.get(container.name);
      if (spec !== undefined && container.state === 'running' && !isAnother(container, spec)) known.set(spec.name, container.id);
    }
  }

  function did(step: Doing, nowMs: number): DriftEvent | undefined {
    if (step.do === 'pull' || step.do === 'prune') return undefined;
    const name = step.do === 'create' ? step.spec.name : step.name;
    if (step.do === 'remove' || step.do === 'create') known.delete(name);
    const { heals, app } = step;
    if (heals === undefined) return undefined;
    if (heals.what === 'changed' || heals.what === 'replaced') {
      const id = (step as { readonly id: string }).id;
      if (told.get(name) === id) return undefined;
      told.set(name, id);
    }
    const event: DriftEvent = { ...heals, app, atMs: nowMs };
    drifts.push(event);
    if (drifts.length > DRIFTS_LIMIT) drifts.shift();
    return event;
  }

  return { known, drifts, looked, did };
}
