import type { Service } from '../manifest/index.ts';
import { routeWords } from './labels.ts';

/**
 * The service that answers for an app whose services name no route: the first, by name, that has ports.
 * `undefined` if one names a route, or none has ports.
 */
export function routedService(services: Readonly<Record<string, Service>>): string | undefined {
  const names = Object.keys(services).sort();
  if (names.some((name) => namesRoute(services[name]!))) return undefined;
  return names.find((name) => services[name]!.ports !== undefined);
}

/** Whether a service says itself where it is reached: by a path or by a name. */
export function namesRoute(service: Service): boolean {
  return pathOf(service) !== undefined || routeWords(service.labels).hosts !== undefined;
}

/** The path prefix a service names. */
export function pathOf({ route, labels }: Service): string | undefined {
  return route ?? routeWords(labels).path;
}
