import { createHash } from 'node:crypto';
import { EngineError } from '../../runtime/ports/index.ts';
import { accept, type Engine, part, readJson, text } from './engine.ts';
import { parseReference } from './pull.ts';
import { type TarFile, tar } from './tar.ts';

const IMPORT_DEADLINE_MS = 120_000;
/** Of everything in an image: when it was made is no part of what it is. */
const MADE = '1970-01-01T00:00:00Z';

/** How containers of an image begin, in the names that images have for it. */
export interface ImageSettings {
  readonly Env: readonly string[];
  readonly Cmd: readonly string[];
  /** `8080/tcp`. */
  readonly ExposedPorts: Readonly<Record<string, object>>;
}

/** For whom an image's programs are, in the names of images. */
export interface Platform {
  readonly architecture: string;
  readonly os: string;
}

/** Makes an image of one layer from files, without a registry and without a builder: equal files have one id on every engine of a kind. */
export async function importImage(
  engine: Engine,
  image: string,
  files: readonly TarFile[],
  settings: ImageSettings,
): Promise<void> {
  const { name, tag } = parseReference(image);
  const archive = imageArchive(`${name}:${tag}`, files, settings, await platformOf(engine));
  const call = { method: 'POST', path: '/images/load', query: { quiet: '1' }, deadlineMs: IMPORT_DEADLINE_MS } as const;
  const answer = await engine.send({ ...call, tar: archive });
  failInside(accept(answer, [200], `import ${image}`).body, `import ${image}`);
}

async function platformOf(engine: Engine): Promise<Platform> {
  const answer = await engine.send({ method: 'GET', path: '/version' });
  const { Arch, Os } = readJson(accept(answer, [200], "the engine's platform").body);
  return { architecture: text(Arch), os: text(Os) };
}

/** What `docker save` writes and `docker load` reads: a layer, its configuration, and a list that names both. */
export function imageArchive(
  name: string,
  files: readonly TarFile[],
  settings: ImageSettings,
  { architecture, os }: Platform,
): Uint8Array {
  const layer = tar(files);
  const config = Buffer.from(
    JSON.stringify({
      architecture,
      config: settings,
      created: MADE,
      history: [{ created: MADE, created_by: 'classpad' }],
      os,
      rootfs: { diff_ids: [`sha256:${sha256(layer)}`], type: 'layers' },
    }),
  );
  const configPath = `${sha256(config)}.json`;
  const manifest = [{ Config: configPath, RepoTags: [name], Layers: ['layer.tar'] }];
  return tar([
    { path: configPath, bytes: config, mode: 0o644 },
    { path: 'layer.tar', bytes: layer, mode: 0o644 },
    { path: 'manifest.json', bytes: Buffer.from(JSON.stringify(manifest)), mode: 0o644 },
  ]);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
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
