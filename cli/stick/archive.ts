import { readAgain, readTar, type Seal, type TarEntry } from './tar.ts';

type Entries = ReadonlyMap<string, TarEntry>;

/** What an engine looks for in an archive. Its readers take keys in any case: only those that are known may be there. */
const IMAGE_KEYS = ['Config', 'RepoTags', 'Layers', 'LayerSources', 'Parent'];
const INDEX_KEYS = ['schemaVersion', 'mediaType', 'manifests'];
const ROW_KEYS = ['mediaType', 'digest', 'size', 'annotations', 'platform'];
const MANIFEST_KEYS = ['schemaVersion', 'mediaType', 'config', 'layers', 'annotations'];

/**
 * Why the archive of an image is not that of this id; `wrong` is `undefined` if it is. By its content alone: the configuration hashes
 * to the id, and each layer to what the configuration says; and it brings no other image and no name, in any form that engines read.
 */
export async function checkArchive(
  path: string,
  id: string,
): Promise<{ readonly wrong: string | undefined; readonly seal: Seal }> {
  try {
    const { entries, seal } = await readTar(path);
    return { wrong: wrongImage(entries, id) ?? wrongIndex(entries, id), seal };
  } catch (error) {
    return { wrong: `it is no archive of an image: ${(error as Error).message}`, seal: { pieces: [] } };
  }
}

/** The bytes that were checked, whatever is on the medium by now: throws before it gives any other. */
export const readChecked = readAgain;

function wrongImage(entries: Entries, id: string): string | undefined {
  const list = parse(entries.get('manifest.json'));
  const image = Array.isArray(list) && list.length === 1 ? object(list[0]) : undefined;
  if (image === undefined) return 'it does not hold one image';
  const strange = strangeKey(image, IMAGE_KEYS);
  if (strange !== undefined) return `it tells "${strange}" of the image, which nobody knows`;
  const { Config, RepoTags, Layers } = image;
  if (RepoTags && !(Array.isArray(RepoTags) && RepoTags.length === 0)) return `it would take the name ${[RepoTags].flat()[0]}`;
  if (entries.has('repositories')) return 'it would take names';
  const config = resolve(entries, String(Config));
  if (config === undefined || `sha256:${config.sha256}` !== id) return `its configuration is not that of ${id}`;
  const diffs = object(object(parse(config))?.['rootfs'])?.['diff_ids'];
  if (!Array.isArray(diffs) || !Array.isArray(Layers) || diffs.length !== Layers.length)
    return 'its layers are not those it tells of';
  const wrong = diffs.findIndex((diff, index) => `sha256:${resolve(entries, String(Layers[index]))?.sha256}` !== diff);
  return wrong < 0 ? undefined : `its layer ${wrong + 1} is not what ${id} is made of`;
}

/** Some engines go by the OCI's index, where there is one: it must lead to the same image, and to no name. */
function wrongIndex(entries: Entries, id: string): string | undefined {
  if (!entries.has('index.json')) return undefined;
  const index = known(parse(entries.get('index.json')), INDEX_KEYS);
  const rows = index?.['manifests'];
  const row = Array.isArray(rows) && rows.length === 1 ? known(rows[0], ROW_KEYS) : undefined;
  const names = Object.keys(object(row?.['annotations']) ?? {}).filter((key) => /name/i.test(key));
  if (names.length > 0) return `its index would take a name (${names[0]})`;
  const digest = String(row?.['digest']);
  const blob = entries.get(digest.replace(/^sha256:/, 'blobs/sha256/'));
  const manifest = blob && `sha256:${blob.sha256}` === digest ? known(parse(blob), MANIFEST_KEYS) : undefined;
  return object(manifest?.['config'])?.['digest'] === id ? undefined : `its index does not lead to ${id}`;
}

function resolve(entries: Entries, path: string): TarEntry | undefined {
  const entry = entries.get(path);
  return entry?.target === undefined ? entry : entries.get(entry.target);
}

function parse(entry: TarEntry | undefined): unknown {
  return entry?.text === undefined ? undefined : JSON.parse(entry.text);
}

type Fields = Readonly<Record<string, unknown>>;

function object(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

/** `undefined` where it has keys that are not known. */
function known(value: unknown, keys: readonly string[]): Fields | undefined {
  const fields = object(value);
  return fields && strangeKey(fields, keys) === undefined ? fields : undefined;
}

function strangeKey(fields: Fields, keys: readonly string[]): string | undefined {
  return Object.keys(fields).find((key) => !keys.includes(key));
}
