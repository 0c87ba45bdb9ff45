import { Label, type ServiceSpec } from '../ports/index.ts';
import { isStopFirst, OwnLabel } from '../reconcile/labels.ts';
import type { Revision, Wanted, WantedApp, WantedContainer } from '../reconcile/wanted.ts';

/** One service of a revision, with what the reconciler must know of it. */
export interface WantedService {
  readonly spec: ServiceSpec;
  readonly app: string;
  readonly revision: number;
  readonly service: string;
  readonly needs: WantedContainer['needs'];
}

/** Longest name that a Swarm gives a service. */
const NAME_LIMIT = 63;

/** A revision as it may run in a Swarm; a refusal, where it asks for what only one device can give. */
export function forSwarm(revision: Revision, device: string): Revision {
  if (revision.refusal !== undefined) return revision;
  const services = toServices(revision, device);
  const reasons = revision.containers.flatMap((wanted) => {
    const { name } = services.find(({ service }) => service === wanted.service)!.spec;
    return REFUSALS.flatMap(([is, reason]) => (is(wanted, name) ? [`${wanted.service}: ${reason}`] : []));
  });
  return reasons[0] === undefined ? revision : { ...revision, containers: [], refusal: `not in a Swarm: ${reasons[0]}` };
}

const REFUSALS: readonly (readonly [is: (wanted: WantedContainer, name: string) => boolean, reason: string])[] = [
  [({ spec }) => spec.secrets !== undefined, 'a secret is sealed to one device, and a Swarm may move the task to another'],
  [({ spec }) => spec.volumes !== undefined, 'a volume stays on one device, and a Swarm may move the task to another'],
  [(_, name) => name.length > NAME_LIMIT, `the name of its service would be longer than ${NAME_LIMIT} characters; shorten it`],
];

/** All services that are wanted. One that makes way for another revision of itself is wanted with no tasks. Pure. */
export function wantedServices(wanted: Wanted, device: string): WantedService[] {
  return wanted.apps.flatMap(({ current, previous }) => {
    const now = toServices(current, device);
    const before = previous === undefined ? [] : toServices(previous, device);
    return [...now, ...before.map((service) => (makesWay(service, now) ? resting(service) : service))];
  });
}

/** The services of one revision, in the order of their names. */
export function toServices({ app, revision, containers }: Revision, device: string): WantedService[] {
  const names = [...new Set(containers.map(({ service }) => service))];
  return names.map((service) => {
    const tasks = containers.filter((one) => one.service === service);
    const { needs } = tasks[0]!;
    return { app, revision, service, needs, spec: toSpec(tasks, `classpad-${app}-r${revision}`, `classpad-${device}-${app}-`) };
  });
}

/** Names of the revisions' services that are not to run beside another's: they end first. */
export function makesWay({ service, spec }: WantedService, current: readonly WantedService[]): boolean {
  const theirs = current.find((one) => one.service === service);
  return theirs !== undefined && (isStopFirst(spec.container) || isStopFirst(theirs.spec.container));
}

export function revisionsOf({ current, previous }: WantedApp): Revision[] {
  return previous === undefined ? [current] : [current, previous];
}

function resting(wanted: WantedService): WantedService {
  return { ...wanted, spec: { ...wanted.spec, replicas: 0 } };
}

function toSpec(tasks: readonly WantedContainer[], own: string, ofDevice: string): ServiceSpec {
  const { spec, service, restart } = tasks[0]!;
  const { name: _, secrets: _s, volumes: _v, networks, alias: _a, neighbours: _n, ports: _p, ...container } = spec;
  const { [Label.device]: _d, [Label.replica]: _r, ...labels } = container.labels;
  const isChecked = spec.healthcheck !== undefined && spec.healthcheck.test[0] !== 'NONE';
  const names = (networks ?? [`${ofDevice}default`]).map((network) => network.slice(ofDevice.length));
  return {
    name: `${own}-${service}`,
    container: { ...container, labels: { ...labels, ...(isChecked && { [OwnLabel.checked]: 'yes' }) } },
    replicas: tasks.length,
    restart,
    networks: names.map((network) => `${own}-${network}`),
    alias: service,
  };
}
