import { statfsSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { EngineError, type FoundImage, type Space } from '../../runtime/ports/index.ts';
import { accept, count, type Engine, readJson, sentence, text } from './engine.ts';
import { carriedName, encodeReference, imageId, parseReference } from './pull.ts';

/** Longest silence of an engine that writes or reads an archive. */
const ARCHIVE_SILENCE_MS = 120_000;
const MANY_IMAGES_BYTES = 16 * 1024 * 1024;

/** Every image of the engine, whoever's it is. */
export async function listImages(engine: Engine): Promise<FoundImage[]> {
  const answer = await engine.send({ method: 'GET', path: '/images/json', maxBytes: MANY_IMAGES_BYTES });
  const rows: unknown = readJson(accept(answer, [200], 'list of images').body);
  return Array.isArray(rows) ? rows.map(readImage) : [];
}

function readImage(row: Record<string, unknown>): FoundImage {
  const names = [row['RepoTags'], row['RepoDigests']].flatMap((list) => (Array.isArray(list) ? list.map(text) : []));
  return {
    id: text(row['Id']),
    // An image without a name is listed as `<none>:<none>`.
    references: names.filter((name) => name !== '' && !name.includes('<none>')),
    sizeBytes: count(row['Size']),
  };
}

/** Never by force: an image that a container is made of stays, whoever's container it is. */
export async function removeImage(engine: Engine, image: string): Promise<void> {
  for (const name of [image, carriedName(image)]) {
    if (name === undefined) continue;
    const answer = await engine.send({ method: 'DELETE', path: `/images/${encodeReference(name)}` });
    accept(answer, [200, 404], `image ${image}`);
  }
}

/** The archive of an image, by its id: so it holds no name. */
export function saveImage(engine: Engine, id: string): Promise<Readable> {
  return engine.download({ method: 'GET', path: `/images/${encodeReference(id)}/get`, deadlineMs: ARCHIVE_SILENCE_MS });
}

/** Takes in an archive that was checked, and gives the image the name under which a release finds it. */
export async function loadImage(engine: Engine, archive: Readable, image: string, id: string): Promise<void> {
  const call = { method: 'POST', path: '/images/load', query: { quiet: '1' }, deadlineMs: ARCHIVE_SILENCE_MS } as const;
  const answer = accept(await engine.upload(call, archive), [200], `load ${image}`);
  if ((await imageId(engine, id)) === undefined)
    throw new EngineError('failed', `load ${image}: the engine took it and does not have it: ${sentence(answer)}`);
  const name = carriedName(image);
  if (name === undefined) return;
  const { name: repo, tag } = parseReference(name);
  const tagged = await engine.send({ method: 'POST', path: `/images/${encodeReference(id)}/tag`, query: { repo, tag } });
  accept(tagged, [201], `load ${image}`);
}

/** Asked of the file system that holds the engine's data, where that is one of this machine. */
export async function space(engine: Engine): Promise<Space | undefined> {
  if (!engine.url.startsWith('unix:')) return undefined;
  const answer = await engine.send({ method: 'GET', path: '/info' });
  const folder = text(readJson(accept(answer, [200], 'the engine').body)['DockerRootDir']);
  try {
    const { bavail, blocks, bsize } = statfsSync(folder);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  } catch {
    return undefined;
  }
}
