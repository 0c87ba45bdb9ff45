import { imageResolver } from '../firmware-bridge/docker/index.ts';
import { encodeManifest, imagesOf, isPinned, type Manifest, pinImages } from '../runtime/manifest/index.ts';
import { Exit, Failure, type Input, type Io, type Option } from './command.ts';
import type { Connection } from './fleet/connection.ts';
import { progress } from './progress.ts';

export const pinOptions: Readonly<Record<string, Option>> = {
  engine: {
    value: 'SOCKET',
    env: 'CLASSPAD_ENGINE',
    help: 'a Docker Engine that says what tags mean, such as unix:///var/run/docker.sock; without it the node is asked',
  },
};

/** An image that was built and never pushed. */
const BY_ID =
  '; no registry knows it, so every device must hold this very image: bring it by docker save and docker load, or push it and name that';

/** Says which image a tag means now: `name:tag@sha256:…`, or an image id. Rejects with a sentence. */
type Resolver = (image: string) => Promise<string>;

/** A release whose images mean the same for ever, and what was found out for that. */
export interface Pinned {
  readonly manifest: Manifest;
  /** As they go onto the ledger. */
  readonly bytes: Uint8Array;
  /** Of each image that was named by a tag, what it is. */
  readonly pins: Readonly<Record<string, string>>;
}

/** Pins every image of a release and says to what. Throws {@link Failure} for one that nobody knows. */
export async function pinRelease(manifest: Manifest, connection: Connection, input: Input, io: Io): Promise<Pinned> {
  const loose = imagesOf(manifest).filter((image) => !isPinned(image));
  const resolve = resolverOf(connection, input);
  const pins: [string, string][] = [];
  const line = progress(io);
  for (const image of loose) {
    line.say(`asking what ${image} is`);
    pins.push([image, await resolved(image, resolve, input)]);
  }
  line.end();
  for (const [image, pinned] of pins) io.err(`${image} is pinned: ${pinned}${pinned.includes('@') ? '' : BY_ID}`);
  const fixed = pinImages(manifest, new Map(pins));
  return { manifest: fixed, bytes: encodeManifest(fixed), pins: Object.fromEntries(pins) };
}

function resolverOf({ client }: Connection, input: Input): Resolver {
  const engine = input.text('engine');
  if (engine !== undefined) return engineResolver(engine);
  const request = client.request as unknown as (call: { method: string; params: string[] }) => Promise<string>;
  return (image) => request({ method: 'classpad_pinImage', params: [image] });
}

function engineResolver(url: string): Resolver {
  try {
    return imageResolver(url);
  } catch (error) {
    throw new Failure(`--engine: ${(error as Error).message}`, Exit.badInput);
  }
}

async function resolved(image: string, resolve: Resolver, input: Input): Promise<string> {
  const pinned = await resolve(image).catch((error: Error & { details?: string }) => {
    throw new Failure(`${image} cannot be pinned: ${reasonOf(error)}; ${wayOut(input)}`);
  });
  if (isPinned(pinned)) return pinned;
  throw new Failure(`${image} cannot be pinned: "${String(pinned).slice(0, 80)}" is neither a digest nor an image id`);
}

/** viem's errors bring pages; what the node said is enough. */
function reasonOf({ details, message }: Error & { details?: string }): string {
  return (details ?? message).split('\n')[0]!.replace(/\.$/, '');
}

function wayOut(input: Input): string {
  const other = input.text('engine') ? '' : ', or ask an engine that knows it: --engine unix:///var/run/docker.sock';
  return `write its digest in the file${other}`;
}
