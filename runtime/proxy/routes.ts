import { type FoundContainer, Label, type Route } from '../ports/index.ts';
import { conditionOfRevision } from '../reconcile/condition.ts';
import { isToBeRestarted } from '../reconcile/drift.ts';
import type { Found } from '../reconcile/found.ts';
import { ownerOf, routeOf } from '../reconcile/labels.ts';
import { yielding } from '../reconcile/order.ts';
import { isAnother, type Revision, type Wanted, type WantedApp } from '../reconcile/wanted.ts';
import { routeWords } from './labels.ts';
import { byPrecision } from './match.ts';

/**
 * Where the proxy sends what arrives, names first and longer paths first. Pure, and always looked at together with `plan`: whatever a plan
 * stops or removes, no route of the same picture leads to.
 *
 * The revision that answers for an app: the current one once all of it is good; before that the previous one, or whichever
 * older one still runs; at the very last what there is of the current one: of an active one anything that runs, of one that
 * is still rolling out only what is healthy.
 */
export function routes(wanted: Wanted, found: Found, nowMs: number): Route[] {
  const taken = new Map<string, Route>();
  const apps = [...wanted.apps].sort((a, b) => (a.app < b.app ? -1 : 1));
  for (const app of apps) {
    for (const replicas of byService(answering(app, wanted, found, nowMs))) {
      const container = replicas[0]!;
      const { hosts, limits } = routeWords(container.labels);
      const home = apps.length === 1 || hosts !== undefined ? '/' : `/${app.app}`;
      const { port, path = home } = routeOf(container)!;
      const { revision } = ownerOf(container)!;
      const rest = { app: app.app, revision, containerId: container.id, ...shared(replicas), port, ...(limits && { limits }) };
      for (const host of hosts ?? [undefined]) {
        // Two apps that claim one place: the first by name has it, the other keeps its own name.
        const free = [path, `/${app.app}`].find((place) => (taken.get(placeOf(host, place))?.app ?? app.app) === app.app);
        if (free === undefined || taken.has(placeOf(host, free))) continue;
        taken.set(placeOf(host, free), { path: free, ...(host !== undefined && { hosts: [host] }), ...rest });
      }
    }
  }
  return [...taken.values()].sort(byPrecision);
}

function placeOf(host: string | undefined, path: string): string {
  return `${host ?? ''}${path}`;
}

/** Those of one service and revision together, in the order in which they stand. */
function byService(containers: readonly FoundContainer[]): FoundContainer[][] {
  const groups = new Map<string, FoundContainer[]>();
  for (const container of containers) {
    const key = `${ownerOf(container)!.revision} ${container.labels[Label.service]}`;
    groups.set(key, [...(groups.get(key) ?? []), container]);
  }
  return [...groups.values()];
}

/** Replicas as good as the first share what comes. */
function shared(replicas: readonly FoundContainer[]): Pick<Route, 'replicas'> {
  const equals = replicas.filter((one) => rank(one) === rank(replicas[0]!));
  return equals.length > 1 ? { replicas: equals.map(({ id }) => id) } : {};
}

/** The containers a route leads to. */
export function containersOf({ containerId, replicas }: Route): readonly string[] {
  return replicas ?? [containerId];
}

/** The containers of an app that may be routed to, the best replica of each service first. */
function answering(app: WantedApp, wanted: Wanted, found: Found, nowMs: number): FoundContainer[] {
  const { ids } = yielding(app, wanted, found, nowMs);
  const restarting = new Set(
    app.current.containers.filter((one) => isToBeRestarted(one, app, found, nowMs)).map(({ spec }) => spec.name),
  );
  const routable = found.containers
    .filter((container) => ownerOf(container)?.app === app.app && routeOf(container) !== undefined && isUp(container))
    .filter(({ id, name }) => !ids.has(id) && !restarting.has(name))
    .sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
  for (const revision of [app.current, app.previous]) {
    if (revision !== undefined && conditionOfRevision(revision, found, nowMs).is === 'good')
      return ofRevision(revision, routable);
  }
  return leftOver(app, routable) ?? [];
}

/** Nothing wanted is good: the previous revision, then others, newest first, then what there is of the current one. */
function leftOver({ current, previous, phase }: WantedApp, routable: readonly FoundContainer[]): FoundContainer[] | undefined {
  const fit = routable.filter(({ health }) => health !== 'unhealthy');
  const others = [...new Set(fit.map((container) => ownerOf(container)!.revision))]
    .filter((revision) => revision !== current.revision && revision !== previous?.revision)
    .sort((a, b) => b - a)
    .map((revision) => fit.filter((container) => ownerOf(container)!.revision === revision));
  const before = previous === undefined ? [] : ofRevision(previous, fit);
  const healthy = fit.filter(({ health }) => health === 'healthy');
  const remains = phase === 'active' ? [fit, routable] : [healthy];
  return [before, ...others, ...remains.map((some) => ofRevision(current, some))].find((containers) => containers.length > 0);
}

function ofRevision({ containers }: Revision, routable: readonly FoundContainer[]): FoundContainer[] {
  const specs = new Map(containers.map(({ spec }) => [spec.name, spec]));
  return routable.filter((container) => {
    const spec = specs.get(container.name);
    return spec !== undefined && !isAnother(container, spec);
  });
}

function isUp({ state }: FoundContainer): boolean {
  return state === 'running';
}

/** Healthy before unchecked before starting before unhealthy. */
function rank({ health }: FoundContainer): number {
  return ['healthy', 'none', 'starting', 'unhealthy'].indexOf(health);
}

export function sameRoutes(a: readonly Route[], b: readonly Route[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
