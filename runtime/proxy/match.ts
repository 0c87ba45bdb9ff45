import type { Route } from '../ports/index.ts';

/** The first route that fits; routes stand in the order in which they are tried. Pure. */
export function findRoute(routes: readonly Route[], host: string, target: string): Route | undefined {
  const name = hostName(host);
  return routes.find((route) => fitsHost(route, name) && fitsPath(route.path, target));
}

/** Whether a path lies under a prefix, part by part: `/shop` holds `/shop/a` and `/shop?b`, not `/shops`. */
function fitsPath(prefix: string, path: string): boolean {
  if (prefix.endsWith('/')) return path.startsWith(prefix);
  if (!path.startsWith(prefix)) return false;
  const next = path[prefix.length];
  return next === undefined || next === '/' || next === '?';
}

/** The name of a Host header: without port and brackets, in lower case, without the root's dot. */
export function hostName(header: string): string {
  return header
    .replace(/:\d*$/, '')
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
}

/** Names first, then longer paths first. */
export function byPrecision(a: Route, b: Route): number {
  const named = Number(b.hosts !== undefined) - Number(a.hosts !== undefined);
  return named || b.path.length - a.path.length || (a.path < b.path ? -1 : 1);
}

/** Why nothing is served there, in a sentence for people. */
export function absence(device: string, routes: readonly Route[]): string {
  if (routes.length === 0) return `${device} serves nothing yet.`;
  const places = routes.flatMap(({ hosts = [''], path }) => hosts.map((host) => `${host}${path}`));
  return `${device} serves nothing under this name and path; it serves ${places.join(', ')}.`;
}

function fitsHost({ hosts }: Route, name: string): boolean {
  return hosts === undefined || hosts.includes(name);
}
