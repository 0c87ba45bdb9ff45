import { durationMs, sizeBytes } from '../manifest/units.ts';
import type { RouteLimits } from '../ports/index.ts';

/** What a release says of a route, in labels of the service. */
export interface RouteWords {
  readonly hosts?: readonly string[];
  readonly path?: string;
  readonly port?: number;
  readonly limits?: RouteLimits;
}

const PREFIX = 'classpad.route.';
const HOUR_MS = 3_600_000;
const HOST = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;
const PATH = /^(?=.{1,128}$)\/(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*)?$/;

/** How one label is read: into what it means, or `undefined` if it does not fit `form`. */
interface Row {
  readonly form: string;
  readonly read: (text: string) => RouteWords | undefined;
}

const rows: Readonly<Record<string, Row>> = {
  host: {
    form: 'host names in lower case with commas between them, such as shop.local,www.shop.local; at most 8',
    read: (text) => {
      const hosts = text.split(',').map((name) => name.trim());
      return hosts.length <= 8 && hosts.every((name) => HOST.test(name)) ? { hosts } : undefined;
    },
  },
  path: { form: 'a path such as / or /shop', read: (text) => (PATH.test(text) ? { path: text } : undefined) },
  port: { form: "one of the service's ports", read: (text) => whole(text, 1, 65_535, (port) => ({ port })) },
  'connect-timeout': { form: 'a time such as 2s, at most 1m', read: time(60_000, (connectMs) => ({ connectMs })) },
  timeout: { form: 'a time such as 30s, at most 1h', read: time(HOUR_MS, (answerMs) => ({ answerMs })) },
  'idle-timeout': { form: 'a time such as 5m, at most 24h', read: time(24 * HOUR_MS, (idleMs) => ({ idleMs })) },
  'body-limit': {
    form: 'a size such as 10m, at most 16g',
    read: (text) => {
      const bodyBytes = sizeBytes(text);
      return bodyBytes !== undefined && bodyBytes <= 16 * 1024 ** 3 ? { limits: { bodyBytes } } : undefined;
    },
  },
};

/** What the labels of a service or of a container say of its route. What does not fit says nothing. */
export function routeWords(labels: Readonly<Record<string, string>> = {}): RouteWords {
  const words = Object.entries(labels).map(([name, text]) => (isRouteLabel(name) ? rowOf(name)?.read(text) : undefined));
  const limits = Object.assign({}, ...words.map((word) => word?.limits)) as RouteLimits;
  return { ...Object.assign({}, ...words), ...(Object.keys(limits).length > 0 && { limits }) } as RouteWords;
}

/** What is wrong with a label of a route, in a sentence; `undefined` for a right one, and for any other label. */
export function routeLabelFault(name: string, text: string): string | undefined {
  if (!isRouteLabel(name)) return undefined;
  const row = rowOf(name);
  if (row === undefined) return `there is no such word for a route; there are ${Object.keys(rows).join(', ')}`;
  return row.read(text) === undefined ? `${JSON.stringify(text.slice(0, 60))} does not fit; it must be ${row.form}` : undefined;
}

function isRouteLabel(name: string): boolean {
  return name.startsWith(PREFIX);
}

function rowOf(name: string): Row | undefined {
  const word = name.slice(PREFIX.length);
  return Object.hasOwn(rows, word) ? rows[word] : undefined;
}

function time(mostMs: number, make: (ms: number) => RouteLimits): Row['read'] {
  return (text) => {
    const ms = durationMs(text);
    return ms !== undefined && ms >= 1 && ms <= mostMs ? { limits: make(ms) } : undefined;
  };
}

function whole(text: string, least: number, most: number, make: (value: number) => RouteWords): RouteWords | undefined {
  const value = Number(text);
  return /^\d{1,5}$/.test(text) && value >= least && value <= most ? make(value) : undefined;
}
