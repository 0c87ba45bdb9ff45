import { EngineError } from '../../runtime/ports/index.ts';
import { accept, type Engine, part, readJson, sentence, text, texts } from './engine.ts';

/** Longest silence within a pull before it counts as wedged. */
const SILENCE_MS = 120_000;
const LONGEST_LINE_BYTES = 256 * 1024;

/** What registries and the engine say when there is no such image, in their own words. */
const ABSENT = /not found|manifest unknown|no such image|pull access denied|does not exist|name unknown|repository name must/i;

/**
 * Pulls by `POST /images/create` and looks afterwards whether the image is there: the engine answers 200 first and then
 * fails inside the stream, or the stream breaks off.
 */
export async function pullImage(engine: Engine, image: string): Promise<void> {
  if (image.startsWith('sha256:')) {
    if (await hasImage(engine, image)) return;
    throw new EngineError('no-image', `image ${image}: an image id cannot be pulled; import it or name a registry's digest`);
  }
  const { name, tag } = parseReference(image);
  const progress = { failure: '' };
  const answer = await engine.stream(
    {
      method: 'POST',
      path: '/images/create',
      query: { fromImage: name, tag },
      deadlineMs: SILENCE_MS,
      maxBytes: LONGEST_LINE_BYTES,
    },
    (line) => note(line, progress),
  );
  if (answer.status !== 200) throw pullError(image, sentence(answer));
  if (progress.failure !== '') throw pullError(image, progress.failure);
  if (!(await hasImage(engine, image))) throw pullError(image, 'the engine said it was pulled, but it is not there');
}

export async function hasImage(engine: Engine, image: string): Promise<boolean> {
  return (await localName(engine, image)) !== undefined;
}

/** By which name the engine knows an image: its own, or that under which it came on a stick. `undefined`: it is not here. */
export async function localName(engine: Engine, image: string): Promise<string | undefined> {
  return (await findImage(engine, image))?.name;
}

/** `sha256:<hex>` of an image; `undefined` if it is not here. */
export async function imageId(engine: Engine, image: string): Promise<string | undefined> {
  return (await findImage(engine, image, [image]))?.id;
}

/** An image as the engine has it. */
export interface LocalImage {
  readonly name: string;
  readonly id: string;
  /** What whoever made it wrote on it; every container of it has these, too, where its own labels say nothing. */
  readonly labels: Readonly<Record<string, string>>;
}

export async function findImage(
  engine: Engine,
  image: string,
  names: readonly (string | undefined)[] = [image, carriedName(image)],
): Promise<LocalImage | undefined> {
  for (const name of names) {
    if (name === undefined) continue;
    const answer = await engine.send({ method: 'GET', path: `/images/${encodeReference(name)}/json` });
    // 400: what no engine takes for a name cannot be here.
    if (accept(answer, [200, 400, 404], `image ${image}`).status !== 200) continue;
    const json = readJson(answer.body);
    return { name, id: text(json['Id']), labels: texts(part(json['Config'])['Labels']) };
  }
  return undefined;
}

/**
 * An engine takes a registry's digest as a name only from a registry. An image that came on a stick, and was checked against
 * that digest, has it as a tag instead: `name:sha256-<hex>`.
 */
export function carriedName(image: string): string | undefined {
  const { name, tag } = parseReference(image);
  return /^sha256:[0-9a-f]{64}$/.test(tag) && !image.startsWith('sha256:') ? `${name}:${tag.replace(':', '-')}` : undefined;
}

/** Splits a reference; without a tag the engine would pull every tag there is. The digest counts as a tag in the API. */
export function parseReference(image: string): { readonly name: string; readonly tag: string } {
  const [beforeDigest = '', digest] = image.split('@');
  const slash = beforeDigest.lastIndexOf('/');
  const colon = beforeDigest.indexOf(':', slash + 1);
  const name = colon < 0 ? beforeDigest : beforeDigest.slice(0, colon);
  return { name, tag: digest ?? (colon < 0 ? 'latest' : beforeDigest.slice(colon + 1)) };
}

/** A reference inside a path keeps its slashes and colons. */
export function encodeReference(image: string): string {
  return encodeURIComponent(image).replace(/%2F/g, '/').replace(/%3A/g, ':').replace(/%40/g, '@');
}

function note(line: string, progress: { failure: string }): void {
  const message = readJson(line);
  const failure = text(part(message['errorDetail'])['message']) || text(message['error']);
  if (failure !== '') progress.failure = failure.replace(/[\p{Cc}\s]+/gu, ' ').slice(0, 500);
}

function pullError(image: string, reason: string): EngineError {
  return new EngineError(ABSENT.test(reason) ? 'no-image' : 'failed', `pull ${image}: ${reason}`);
}
