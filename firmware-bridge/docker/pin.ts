import { EngineError } from '../../runtime/ports/index.ts';
import { accept, type Engine, part, readJson, text } from './engine.ts';
import { encodeReference, parseReference } from './pull.ts';

/** A registry is asked through the engine, which has the credentials. */
const REGISTRY_DEADLINE_MS = 30_000;

/**
 * What a reference means on this engine now, so that it will mean it everywhere and always: with the digest under which its
 * registry knows it, else the image's id. Rejects with `no-image` where the engine has no such image.
 */
export async function pinImage(engine: Engine, image: string): Promise<string> {
  if (image.includes('@') || image.startsWith('sha256:')) return image;
  const answer = await engine.send({ method: 'GET', path: `/images/${encodeReference(image)}/json` });
  if (accept(answer, [200, 404], `image ${image}`).status === 404)
    throw new EngineError('no-image', `image ${image}: this device's engine does not have it, so it cannot say what it means`);
  const { Id, RepoDigests } = readJson(answer.body);
  const wanted = plainName(image);
  const names = Array.isArray(RepoDigests) ? RepoDigests.map(text) : [];
  const digest = names.find((name) => plainName(name) === wanted)?.split('@')[1];
  return digest === undefined ? text(Id) : `${image}@${digest}`;
}

/** The same, asking the image's registry where the engine does not have it. */
export async function resolveImage(engine: Engine, image: string): Promise<string> {
  try {
    return await pinImage(engine, image);
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'no-image') throw error;
  }
  const { name, tag } = parseReference(image);
  const path = `/distribution/${encodeReference(`${name}:${tag}`)}/json`;
  const answer = await engine.send({ method: 'GET', path, deadlineMs: REGISTRY_DEADLINE_MS });
  const found = text(part(readJson(accept(answer, [200], `what ${image} is in its registry`).body)['Descriptor'])['digest']);
  if (/^sha256:[0-9a-f]{64}$/.test(found)) return `${image}@${found}`;
  throw new EngineError('no-image', `image ${image}: its registry names no digest`);
}

/** The repository, without what the engine leaves out of names when it shows them. */
function plainName(image: string): string {
  return parseReference(image)
    .name.replace(/^(index\.)?docker\.io\//, '')
    .replace(/^library\//, '');
}
