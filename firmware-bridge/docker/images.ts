import { statfsSync } from 'node:fs';
import type { FoundImage, Space } from '../../runtime/ports/index.ts';
import { accept, count, type Engine, readJson, text } from './engine.ts';
import { encodeReference } from './pull.ts';

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
  const answer = await engine.send({ method: 'DELETE', path: `/images/${encodeReference(image)}` });
  accept(answer, [200, 404], `image ${image}`);
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
