import { type Check, flag, gather, object, refuse, show, tree } from './check.ts';
import { scalarText } from './compose-values.ts';
import { ownName } from './fields.ts';
import type { Logging, Manifest, Path } from './manifest.ts';
import { unknownKey, whyRefusedVolume } from './refused.ts';
import { sizeBytes } from './units.ts';

/** What a release has of its own beside containers: volumes and networks, and how much of the output is kept. */
type Kind = 'volumes' | 'networks';

/** `data:/path[:ro|rw]`, or `{ type: volume, source, target, read_only }`, as the manifest writes it. */
export function readVolumes(value: unknown, path: Path): unknown {
  if (!Array.isArray(value)) return value;
  return gather(value.map((volume, index) => () => readVolume(volume, [...path, index])));
}

function readVolume(value: unknown, path: Path): unknown {
  const reason = whyRefusedVolume(value);
  if (reason !== undefined) refuse(path, reason);
  if (typeof value === 'string') return value.replace(/:rw$/, '');
  const { source, target, read_only } = longVolume(value, path);
  return `${source}:${target}${read_only ? ':ro' : ''}`;
}

interface LongVolume {
  readonly type: string;
  readonly source: string;
  readonly target: string;
  readonly read_only?: boolean;
}

const asText: Check<string> = (value, path) => (typeof value === 'string' ? value : refuse(path, `${show(value)} is not a text`));

const longVolume = object<LongVolume>(
  { type: asText, source: asText, target: asText, read_only: flag },
  ['type', 'source', 'target'],
  unknownKey,
);

/** A list of names, or a map of names with nothing to say about them. */
export function readNetworks(value: unknown, path: Path): unknown {
  if (Array.isArray(value)) return value;
  const entries = Object.entries(tree(value, path));
  return gather(
    entries.map(([name, inner]) => () => {
      const said = inner === null ? [] : Object.keys(tree(inner, [...path, name]));
      if (said[0] !== undefined)
        refuse([...path, name, said[0]], 'a service is found by its name; nothing else is honoured here');
      return name;
    }),
  );
}

interface WrittenLogging {
  readonly driver?: string;
  readonly options?: Readonly<Record<string, unknown>>;
}

const driver: Check<string> = (value, path) =>
  value === 'json-file' ? value : refuse(path, `${show(value)} does not fit; output is kept on the device: json-file`);

const logging = object<WrittenLogging>({ driver, options: tree }, [], unknownKey);

export function readLogging(value: unknown, path: Path): Logging {
  const { options = {} } = logging(value, path);
  const at = [...path, 'options'];
  const read = Object.entries(options).map(([key, inner]) => (): Logging => {
    if (key === 'max-size') return { maxSizeBytes: decimalBytes(inner, [...at, key]) };
    if (key === 'max-file') return { maxFiles: Number(scalarText(inner)) };
    return refuse([...at, key], 'only max-size and max-file are honoured');
  });
  return Object.assign({}, ...gather(read)) as Logging;
}

/** This size counts in powers of 1000 (Docker's json-file driver, `max-size`). */
function decimalBytes(value: unknown, path: Path): number {
  const match = typeof value === 'string' ? /^(\d{1,9})([kmg]?)b?$/i.exec(value) : null;
  if (match === null && (typeof value !== 'number' || sizeBytes(String(value)) === undefined))
    refuse(path, `${show(value)} is not a size; write one such as 10m`);
  if (match === null) return value as number;
  return Number(match[1]) * { '': 1, k: 1e3, m: 1e6, g: 1e9 }[match[2]!.toLowerCase() as '' | 'k' | 'm' | 'g'];
}

/** Names under `volumes:` or `networks:` at the top of a file. Only what the device makes itself can be said of them. */
export function readDeclared(kind: Kind, value: unknown): ReadonlySet<string> {
  if (value === undefined || value === null) return new Set();
  const read = Object.entries(tree(value, [kind])).map(([name, inner]) => () => {
    const at = [kind, name];
    for (const [key, said] of Object.entries(inner === null ? {} : tree(inner, at))) {
      const isHarmless = key === 'driver' && said === (kind === 'volumes' ? 'local' : 'bridge');
      if (!isHarmless && !(key === 'external' && said === false)) refuse([...at, key], whyNotSaid(kind, key));
    }
    return ownName(name, at);
  });
  return new Set(gather(read));
}

function whyNotSaid(kind: Kind, key: string): string {
  if (key === 'external' || key === 'name') return `${kind} are the release's own; those of others are never used`;
  if (key === 'driver_opts' && kind === 'volumes') return "options could make a volume of the host's files; leave them out";
  return `${key} is not honoured for ${kind}; the device makes them plainly: leave it out`;
}

/** Every volume and network that a service uses stands at the top of the file, as Compose has it. */
export function checkDeclared({ services }: Manifest, top: { readonly [K in Kind]: ReadonlySet<string> }): void {
  const jobs = Object.entries(services).flatMap(([service, { volumes = [], networks = [] }]) => [
    ...volumes.map((volume, index) => () => demand('volumes', volume.split(':')[0]!, [service, 'volumes', index], top)),
    ...networks.map((network, index) => () => demand('networks', network, [service, 'networks', index], top)),
  ]);
  gather(jobs);
}

function demand(kind: Kind, name: string, path: Path, top: { readonly [K in Kind]: ReadonlySet<string> }): void {
  if (top[kind].has(name) || (kind === 'networks' && name === 'default')) return;
  refuse(['services', ...path], `"${name}" is not declared; write it under ${kind}: at the top of the file`);
}

export const capNames = (value: unknown): unknown =>
  Array.isArray(value) ? value.map((name) => (typeof name === 'string' ? name.toUpperCase().replace(/^CAP_/, '') : name)) : value;

export const signalName = (value: unknown): unknown =>
  typeof value === 'string' && !value.startsWith('SIG') ? `SIG${value}` : value;
