import { type Check, gather, object, refuse, show, tree } from './check.ts';
import { readDeploy, readHealthcheck, readPorts } from './compose-blocks.ts';
import { capNames, checkDeclared, readDeclared, readLogging, readNetworks, readVolumes, signalName } from './compose-own.ts';
import { checkSecrets, readDeclaredSecrets, readSecrets } from './compose-secrets.ts';
import { byName, dollars, duration, pairs, scalarText, wordList } from './compose-values.ts';
import { encodeManifest } from './encode.ts';
import { serviceFields, serviceName } from './fields.ts';
import { type Condition, type Manifest, ManifestRefused, type Path, SERVICES_LIMIT, type Service } from './manifest.ts';
import { checkDependencies, checkMounts, checkRoutes, checkSize } from './parse.ts';
import { pinnedSomehow } from './pins.ts';
import { refusedTopKeys, unknownKey, whyRefused } from './refused.ts';

/** The line, from 1, on which the value at a path of the file stands; `undefined` if nothing is there. */
export type LineOf = (path: Path) => number | undefined;

/**
 * The manifest of a Compose file that a YAML parser has already read into plain values (aliases and merges resolved).
 * Throws {@link ManifestRefused} with every problem found and its line. Pure.
 */
export function composeToManifest(file: unknown, lineOf: LineOf): Manifest {
  try {
    const manifest = readFile(dollars(file, []));
    checkDependencies(manifest, 'depends_on');
    checkRoutes(manifest, ['x-classpad', 'route']);
    checkMounts(manifest);
    checkSize(manifest);
    encodeManifest(pinnedSomehow(manifest));
    return manifest;
  } catch (error) {
    if (!(error instanceof ManifestRefused)) throw error;
    throw new ManifestRefused(error.problems.map((problem) => ({ ...problem, ...line(problem.path, lineOf) })));
  }
}

/** What is missing has no line of its own: that of what it is missing from serves. */
function line(path: Path, lineOf: LineOf): { line?: number } {
  for (let length = path.length; length > 0; length--) {
    const found = lineOf(path.slice(0, length));
    if (found !== undefined) return { line: found };
  }
  return {};
}

function readFile(file: unknown): Manifest {
  const top = tree(file, []);
  const [services] = gather([() => readServices(top['services']), ...Object.keys(top).map((key) => () => checkTopKey(key))]);
  const manifest: Manifest = { version: 1, services: services as Manifest['services'] };
  const [volumes, networks, secrets] = gather([
    () => readDeclared('volumes', top['volumes']),
    () => readDeclared('networks', top['networks']),
    () => readDeclaredSecrets(top['secrets']),
  ]);
  checkDeclared(manifest, { volumes: volumes!, networks: networks! });
  checkSecrets(manifest, secrets!);
  return manifest;
}

/** `name` and `version` say nothing about what runs, and `x-` keys are where YAML anchors live. */
function checkTopKey(key: string): undefined {
  if (['services', 'volumes', 'networks', 'secrets', 'name', 'version'].includes(key) || key.startsWith('x-')) return;
  refuse([key], Object.hasOwn(refusedTopKeys, key) ? refusedTopKeys[key]! : unknownKey(key));
}

function readServices(value: unknown): Manifest['services'] {
  if (value === undefined) refuse(['services'], 'is missing; a release has at least one service');
  const entries = Object.entries(tree(value, ['services']));
  if (entries.length < 1 || entries.length > SERVICES_LIMIT)
    refuse(['services'], `there are ${entries.length} services; a release has 1 to ${SERVICES_LIMIT}`);
  const read = entries.map(([name, service]) => () => {
    const path = ['services', name];
    return [serviceName(name, path), readService(service, path)] as const;
  });
  return Object.fromEntries(gather(read));
}

function readService(value: unknown, path: Path): Service {
  const written = tree(value, path);
  const jobs = Object.entries(written).map(([key, inner]) => () => {
    const at = [...path, key];
    if (!Object.hasOwn(serviceKeys, key)) refuse(at, whyRefused(key));
    // A key with nothing after it is as good as absent.
    return inner === null ? {} : serviceKeys[key]!(inner, at);
  });
  const image = () => (Object.hasOwn(written, 'image') ? {} : refuse([...path, 'image'], whyNoImage(written)));
  return Object.assign({}, ...gather<Partial<Service>>([image, ...jobs])) as Service;
}

function whyNoImage(written: Readonly<Record<string, unknown>>): string {
  return 'build' in written ? 'is missing; build the image first and name it here' : 'is missing; name the image to run';
}

type Key = Check<Partial<Service>>;

/** Reads a value into one field, and checks it by that field's own rule, at the place where the operator wrote it. */
function into<K extends keyof Service>(field: K, read: (value: unknown, path: Path) => unknown): Key {
  return (value, path) => ({ [field]: serviceFields[field](read(value, path), path) }) as Partial<Service>;
}

const asWritten = (value: unknown): unknown => value;

/** One row per key of the documented subset. */
const serviceKeys: Readonly<Record<string, Key>> = {
  image: into('image', asWritten),
  command: into('command', wordList),
  entrypoint: into('entrypoint', wordList),
  environment: into('environment', pairs('environment')),
  ports: into('ports', readPorts),
  expose: into('expose', readPorts),
  healthcheck: into('healthcheck', readHealthcheck),
  restart: into('restart', (value) => (value === 'unless-stopped' ? 'always' : value === false ? 'no' : value)),
  depends_on: into('dependsOn', readDependencies),
  deploy: (value, path) => readDeploy(value, path),
  labels: into('labels', pairs('labels')),
  tmpfs: into('tmpfs', (value) => (typeof value === 'string' ? [value] : value)),
  read_only: into('readOnly', asWritten),
  user: into('user', scalarText),
  stop_grace_period: into('stopGraceMs', duration),
  init: into('init', asWritten),
  volumes: into('volumes', readVolumes),
  networks: into('networks', readNetworks),
  secrets: into('secrets', readSecrets),
  logging: into('logging', readLogging),
  working_dir: into('workingDir', asWritten),
  hostname: into('hostname', asWritten),
  stop_signal: into('stopSignal', signalName),
  cap_drop: into('capDrop', capNames),
  'x-classpad': object<{ route?: string }>({ route: serviceFields.route }, [], unknownKey),
};

const conditions: Readonly<Record<string, Condition>> = { service_started: 'started', service_healthy: 'healthy' };

function readDependencies(value: unknown, path: Path): unknown {
  if (Array.isArray(value)) return byName(value, path, () => 'started');
  const read = Object.entries(tree(value, path)).map(([name, inner]) => () => {
    const at = [...path, name];
    const condition = dependency(inner, at).condition;
    const known = typeof condition === 'string' && Object.hasOwn(conditions, condition);
    if (!known) refuse([...at, 'condition'], `${show(condition)} does not fit; it must be service_started or service_healthy`);
    return [name, conditions[condition]] as const;
  });
  return Object.fromEntries(gather(read));
}

const dependency = object<{ condition: unknown }>({ condition: asWritten }, ['condition'], unknownKey);
