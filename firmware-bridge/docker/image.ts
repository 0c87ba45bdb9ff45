import { EngineError } from '../../runtime/ports/index.ts';
import { accept, type Engine, part, readJson, text } from './engine.ts';
import { parseReference } from './pull.ts';
import { type TarFile, tar } from './tar.ts';

const IMPORT_DEADLINE_MS = 120_000;

/**
 * Makes an image of one layer from files, without a registry and without a builder.
 * @param changes Dockerfile lines such as `CMD ["/bin/hello"]`.
 */
export async function importImage(
  engine: Engine,
  image: string,
  files: readonly TarFile[],
  changes: readonly string[],
): Promise<void> {
  const { name, tag } = parseReference(image);
  const query = new URLSearchParams({ fromSrc: '-', repo: name, tag });
  for (const change of changes) query.append('changes', change);
  const answer = await engine.send({
    method: 'POST',
    path: '/images/create',
    query,
    tar: tar(files),
    deadlineMs: IMPORT_DEADLINE_MS,
  });
  failInside(accept(answer, [200], `import ${image}`).body, `import ${image}`);
}

/** Builds an image from a Dockerfile and its files; the base image is pulled if it is not there. */
export async function buildImage(engine: Engine, image: string, files: readonly TarFile[]): Promise<void> {
  const answer = await engine.send({
    method: 'POST',
    path: '/build',
    query: { t: image, rm: '1', forcerm: '1' },
    tar: tar(files),
    deadlineMs: IMPORT_DEADLINE_MS,
  });
  failInside(accept(answer, [200], `build ${image}`).body, `build ${image}`);
}

/** These endpoints answer 200 and tell of a failure in one of the JSON lines that follow. */
function failInside(body: Buffer, doing: string): void {
  for (const line of body.toString().split('\n')) {
    if (line.trim() === '') continue;
    const failure = text(part(readJson(line)['errorDetail'])['message']);
    if (failure !== '') throw new EngineError('failed', `${doing}: ${failure.slice(0, 500)}`);
  }
}
