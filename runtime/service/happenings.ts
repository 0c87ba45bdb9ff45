import type { LogFields, LogKind } from '../contracts/log-kinds.ts';
import { type FoundContainer, Label } from '../ports/index.ts';
import type { DriftEvent } from '../reconcile/drift.ts';
import type { Found } from '../reconcile/found.ts';
import { ownerOf } from '../reconcile/labels.ts';
import type { Wanted } from '../reconcile/wanted.ts';

/** Something that befell an app on this device, as the ledger is to know it. */
export interface Happening {
  readonly kind: LogKind;
  readonly app: string;
  readonly revision: number;
  readonly fields: LogFields;
}

/** Compares looks: what is new since the last one. */
export interface Watcher {
  looked(found: Found, wanted: Wanted | undefined, drifts: readonly DriftEvent[]): Happening[];
}

export function createWatcher(): Watcher {
  let restarts: Map<string, number> | undefined;
  let lastDrift: DriftEvent | undefined;
  const refusals = new Set<string>();

  /** Nothing is known of what happened before the first look. */
  function restarted(found: Found): Happening[] {
    const before = restarts;
    restarts = new Map(found.containers.map((one) => [one.id, isCounted(one) ? one.restartCount : (before?.get(one.id) ?? 0)]));
    return found.containers.filter(isCounted).flatMap((container): Happening[] => {
      const owner = ownerOf(container);
      const times = container.restartCount - (before?.get(container.id) ?? (before === undefined ? container.restartCount : 0));
      if (owner === undefined || times <= 0) return [];
      const service = container.labels[Label.service] ?? '';
      return [{ kind: 'restart', ...owner, fields: { service, times, ofContainer: container.id.slice(0, 12) } }];
    });
  }

  function drifted(drifts: readonly DriftEvent[]): Happening[] {
    const fresh = drifts.slice(lastDrift === undefined ? 0 : drifts.lastIndexOf(lastDrift) + 1);
    lastDrift = drifts.at(-1);
    return fresh.map(({ app, revision, service, what, sentence }) => ({
      kind: 'drift',
      app,
      revision,
      fields: { service, what, sentence },
    }));
  }

  function refused(wanted: Wanted | undefined): Happening[] {
    return (wanted?.apps ?? []).flatMap(({ app, current: { revision, refusal } }): Happening[] => {
      if (refusal === undefined || refusals.has(`${app} ${revision}`)) return [];
      refusals.add(`${app} ${revision}`);
      return [{ kind: 'refusal', app, revision, fields: { sentence: refusal } }];
    });
  }

  return { looked: (found, wanted, drifts) => [...restarted(found), ...drifted(drifts), ...refused(wanted)] };
}

/** Of one that the engine lists and cannot inspect no count is known, nor since when it runs. */
function isCounted({ state, startedAtMs }: FoundContainer): boolean {
  return state !== 'running' || startedAtMs !== undefined;
}
