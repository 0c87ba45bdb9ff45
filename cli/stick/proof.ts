import { createHash } from 'node:crypto';
import { parseReference } from '../../firmware-bridge/docker/pull.ts';
import { Failure } from '../command.ts';

interface Blob {
  readonly digest?: string;
}
interface Manifest {
  readonly config?: Blob;
  readonly manifests?: readonly Blob[];
}

const ACCEPTED = [
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
].join(', ');
const MANIFEST_LIMIT_BYTES = 4 * 1024 * 1024;
const TIMEOUT_MS = 30_000;
const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** Why the manifests do not lead from the name to the id; `undefined` if they do. Without a network. */
export function wrongProof(image: string, id: string, proof: readonly string[]): string | undefined {
  let expected = image.split('@').at(-1)!;
  for (const text of proof) {
    if (digestOf(text) !== expected) return `its manifests do not have the digest ${expected}`;
    const next = nextOf(JSON.parse(text) as Manifest, proof, text);
    if (next === undefined) return 'its manifests do not lead to an image';
    expected = next;
  }
  return expected === id ? undefined : `its name leads to ${expected}, and it is ${id}`;
}

/** Of an index the manifest that follows in the proof; of a manifest its configuration. */
function nextOf({ config, manifests }: Manifest, proof: readonly string[], text: string): string | undefined {
  if (manifests === undefined) return config?.digest;
  const following = proof[proof.indexOf(text) + 1];
  return manifests.map(({ digest }) => digest).find((digest) => following !== undefined && digest === digestOf(following));
}

/** Asks the registry for the manifests that lead from an image's digest to its id. Throws {@link Failure}. */
export async function fetchProof(image: string, id: string): Promise<string[]> {
  if (image === id) return [];
  const digest = image.split('@').at(-1)!;
  const first = await fetchManifest(image, digest);
  const { manifests } = JSON.parse(first) as Manifest;
  if (manifests === undefined) return checked(image, id, [first]);
  for (const { digest: next } of manifests) {
    const second = await fetchManifest(image, next!);
    if ((JSON.parse(second) as Manifest).config?.digest === id) return checked(image, id, [first, second]);
  }
  throw new Failure(`${image}: its registry tells of no image ${id}`);
}

function checked(image: string, id: string, proof: string[]): string[] {
  const wrong = wrongProof(image, id, proof);
  if (wrong) throw new Failure(`${image}: ${wrong}`);
  return proof;
}

async function fetchManifest(image: string, digest: string): Promise<string> {
  const { registry, repository } = placeOf(image);
  const url = `${registry}/v2/${repository}/manifests/${digest}`;
  const ask = (headers: Record<string, string>) =>
    fetch(url, { headers: { accept: ACCEPTED, ...headers }, signal: AbortSignal.timeout(TIMEOUT_MS) });
  try {
    let answer = await ask({});
    if (answer.status === 401) answer = await ask(await credentials(answer.headers.get('www-authenticate') ?? '', repository));
    const text = await answer.text();
    if (answer.ok && text.length <= MANIFEST_LIMIT_BYTES) return text;
    throw new Error(`status ${answer.status}`);
  } catch (error) {
    throw new Failure(`${image}: its registry does not give the manifest ${digest}: ${(error as Error).message}`);
  }
}

/** As the engine reads a name: without a host it is one of Docker Hub; a registry on the loopback has no TLS. */
function placeOf(image: string): { readonly registry: string; readonly repository: string } {
  const { name } = parseReference(image);
  const [host = '', ...rest] = name.split('/');
  const hasHost = rest.length > 0 && (/[.:]/.test(host) || host === 'localhost');
  if (!hasHost) return { registry: 'https://registry-1.docker.io', repository: name.includes('/') ? name : `library/${name}` };
  const scheme = /^(localhost|127\.)/.test(host) ? 'http' : 'https';
  return { registry: `${scheme}://${host}`, repository: rest.join('/') };
}

/** A token for everyone (Distribution, "Token Authentication"). */
async function credentials(challenge: string, repository: string): Promise<Record<string, string>> {
  const field = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1];
  const realm = field('realm');
  if (!realm?.startsWith('https://')) return {};
  const query = new URLSearchParams({ service: field('service') ?? '', scope: `repository:${repository}:pull` });
  const answer = await fetch(`${realm}?${query}`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  const { token, access_token } = (await answer.json()) as { token?: string; access_token?: string };
  return { authorization: `Bearer ${token ?? access_token ?? ''}` };
}
