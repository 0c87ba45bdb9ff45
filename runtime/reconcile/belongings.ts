import type { Manifest, Service } from '../manifest/manifest.ts';
import type { ContainerSpec } from '../ports/index.ts';
import type { Identity } from './wanted.ts';

type Belongings = Pick<ContainerSpec, 'volumes' | 'networks' | 'alias' | 'neighbours' | 'logging'>;

const LOGGING = { maxSizeBytes: 1_000_000, maxFiles: 2 } as const;

/**
 * What a service's containers share with others: volumes and networks of the app, which one revision hands to the next, and
 * the names of its neighbours. These are of its own revision only, so that two that run side by side never mix: on the
 * network each container has an alias that no other revision has, and each knows its neighbours' aliases by their service.
 */
export function belongings(who: Identity, name: string, services: Manifest['services']): Belongings {
  const { volumes, logging } = services[name]!;
  const own = `classpad-${who.device}-${who.app}`;
  const networks = networksOf(services[name]!, services);
  return {
    ...(volumes && { volumes: volumes.map((volume) => `${own}-${volume}`) }),
    ...(networks && { networks: networks.map((network) => `${own}-${network}`) }),
    ...(hasNeighbours(services) && { alias: aliasOf(who, name), neighbours: neighbours(who, networks, services) }),
    ...(logging && { logging: { ...LOGGING, ...logging } }),
  };
}

/** As soon as one service names networks, those that name none are on `default`. */
function networksOf({ networks }: Service, services: Manifest['services']): readonly string[] | undefined {
  const anyNames = Object.values(services).some((service) => service.networks !== undefined);
  return networks ?? (anyNames ? ['default'] : undefined);
}

function hasNeighbours(services: Manifest['services']): boolean {
  return Object.values(services).reduce((sum, { replicas }) => sum + (replicas ?? 1), 0) > 1;
}

function neighbours(
  who: Identity,
  networks: readonly string[] | undefined,
  services: Manifest['services'],
): Record<string, string> {
  const reached = Object.keys(services).filter((other) => {
    const theirs = networksOf(services[other]!, services);
    return networks === undefined || networks.some((network) => theirs!.includes(network));
  });
  return Object.fromEntries(reached.sort().map((other) => [other, aliasOf(who, other)]));
}

function aliasOf({ app, revision }: Identity, service: string): string {
  return `${service}.r${revision}.${app}`;
}
