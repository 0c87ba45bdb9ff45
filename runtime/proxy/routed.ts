import type { Service } from '../manifest/index.ts';

/**
 * The service that answers for an app whose services name no route: the first, by name, that has ports.
 * `undefined` if one names a route, or none has ports.
 */
export function routedService(services: Readonly<Record<string, Service>>): string | undefined {
  const names = Object.keys(services).sort();
  if (names.some((name) => services[name]!.route !== undefined)) return undefined;
  return names.find((name) => services[name]!.ports !== undefined);
}
