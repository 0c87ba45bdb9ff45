import { equalBytes, utf8Decode } from '../bytes.ts';
import { nestsDeeper } from '../nesting.ts';
import { routeWords } from '../proxy/labels.ts';
import { namesRoute, pathOf } from '../proxy/routed.ts';
import { type Check, gather, object, record, refuse, whole } from './check.ts';
import { encodeManifest, tooLong } from './encode.ts';
import { service, serviceName } from './fields.ts';
import { CONTAINERS_LIMIT, MANIFEST_LIMIT_BYTES, type Manifest, ManifestRefused, type Path, SERVICES_LIMIT } from './manifest.ts';
import { unfoldImages } from './pins.ts';
import { unknownKey } from './refused.ts';

/** Lists and objects in one another; a manifest has five. */
const NESTING_LIMIT = 16;

/**
 * Reads manifest bytes as they stand on the ledger. Throws {@link ManifestRefused} for anything but the canonical bytes
 * of a manifest this device is willing to run: what operators approved is not trusted with more than a Compose file is.
 */
export function parseManifest(bytes: Uint8Array): Manifest {
  if (bytes.length > MANIFEST_LIMIT_BYTES) refuse([], tooLong(bytes.length));
  const manifest = checkManifest(unfoldImages(json(bytes)), []);
  // Also catches bytes that are not UTF-8: they do not come back as they were.
  if (!equalBytes(encodeManifest(manifest), bytes))
    refuse([], 'the manifest is not canonical JSON: keys sorted, each written once, no whitespace');
  return manifest;
}

/** Checks a value that claims to be a manifest. `dependsOn` is what the file at hand calls that key, for messages. */
const checkManifest: Check<Manifest> = (value, path) => {
  const manifest = fields(value, path);
  checkDependencies(manifest, 'dependsOn');
  checkRoutes(manifest, ['route']);
  checkMounts(manifest);
  checkSize(manifest);
  return manifest;
};

const fields = object<Manifest>(
  { version: whole(1, 1, 'the form of the manifest') as Check<1>, services: record(serviceName, service, 1, SERVICES_LIMIT) },
  ['version', 'services'],
  unknownKey,
);

/** Every dependency exists and none leads back to where it began. `key`: what the file at hand calls it. */
export function checkDependencies({ services }: Manifest, key: string): void {
  const jobs = Object.entries(services).flatMap(([name, { dependsOn }]) =>
    Object.keys(dependsOn ?? {}).map((other) => () => {
      const at = ['services', name, key, other];
      if (!Object.hasOwn(services, other)) refuse(at, `there is no service "${other}" to depend on`);
      if (reaches(services, other, name)) refuse(at, `"${name}" and "${other}" wait for each other; neither could ever start`);
    }),
  );
  gather(jobs);
}

function reaches(services: Manifest['services'], from: string, to: string): boolean {
  const seen = new Set<string>();
  const queue = [from];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (name === to) return true;
    if (seen.has(name) || !Object.hasOwn(services, name)) continue;
    seen.add(name);
    queue.push(...Object.keys(services[name]!.dependsOn ?? {}));
  }
  return false;
}

/** A route leads to a port, and to one service only. `keys`: where the file at hand writes a route, below the service. */
export function checkRoutes({ services }: Manifest, keys: Path): void {
  const owners = new Map<string, string>();
  const jobs = Object.entries(services).map(([name, service]) => () => {
    const { hosts = [''], port } = routeWords(service.labels);
    const at = ['services', name, ...(service.route === undefined ? ['labels'] : keys)];
    if (port !== undefined && service.ports?.includes(port) !== true)
      refuse(at, `the port ${port} of the route is not among the ports of "${name}"`);
    if (!namesRoute(service)) return;
    if (service.ports === undefined) refuse(at, `a route leads to a port; write the port of "${name}" under ports`);
    for (const place of hosts.map((host) => `${host}${pathOf(service) ?? '/'}`)) {
      const owner = owners.get(place);
      if (owner !== undefined) refuse(at, `the route ${place} already leads to "${owner}"`);
      owners.set(place, name);
    }
  });
  gather(jobs);
}

/** Where a container finds its secrets: nothing else lies there. */
const SECRETS = '/run/secrets';

/** Every path of a container is covered once. */
export function checkMounts({ services }: Manifest): void {
  const jobs = Object.entries(services).map(([name, { volumes = [], tmpfs = [], secrets = [] }]) => () => {
    const covered = new Set(secrets.length > 0 ? [SECRETS] : []);
    const mounts = [
      ...tmpfs.map((entry, index) => [['tmpfs', index], entry.split(':')[0]!] as const),
      ...volumes.map((entry, index) => [['volumes', index], entry.split(':')[1]!] as const),
    ];
    for (const [at, path] of mounts) {
      const isTaken = covered.has(path) || (secrets.length > 0 && path.startsWith(`${SECRETS}/`));
      if (isTaken) refuse(['services', name, ...at], `${path} is covered twice`);
      covered.add(path);
    }
  });
  gather(jobs);
}

export function checkSize({ services }: Manifest): void {
  const total = Object.values(services).reduce((sum, { replicas }) => sum + (replicas ?? 1), 0);
  if (total > CONTAINERS_LIMIT)
    refuse(['services'], `the release asks for ${total} containers; a device runs at most ${CONTAINERS_LIMIT} of one release`);
}

function json(bytes: Uint8Array): unknown {
  const text = utf8Decode(bytes);
  // A parser calls itself for each level, and a device's stack ends before a hostile text does.
  if (nestsDeeper(text, NESTING_LIMIT)) throw new ManifestRefused([{ path: [], sentence: 'the manifest is nested too deep' }]);
  try {
    return JSON.parse(text);
  } catch {
    // The engine's own words differ from one to the next, and everyone's reason must read alike.
    throw new ManifestRefused([{ path: [], sentence: 'the manifest is not JSON' }]);
  }
}
