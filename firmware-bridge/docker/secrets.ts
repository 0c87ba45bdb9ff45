import { chmodSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '../../runtime/ports/index.ts';

/** Where a container finds its secrets. */
export const SECRETS_PATH = '/run/secrets';

/** File systems that live in memory alone, by their magic numbers (statfs(2)): tmpfs and ramfs. */
const IN_MEMORY = new Set([0x01021994, 0x858458f6]);

/**
 * Secrets on their way into containers: files in memory on the host, in a folder of this user's own, one folder for each
 * container, which is mounted into it read-only. No secret passes through the engine, so none can be inspected there.
 */
export interface Secrets {
  /** The folder of a container, as the engine is told to mount it. */
  folderOf(name: string): string;
  /** These files and no others; each is replaced at once. */
  place(name: string, secrets: Readonly<Record<string, Uint8Array>>): void;
  /** Names of the secrets that lie ready. */
  placed(name: string): readonly string[];
  forget(name: string): void;
  /** Forgets all but these containers. */
  sweep(names: readonly string[]): void;
}

/** @param root A folder on a file system in memory, of this device alone. Nothing is made there before it is needed. */
export function hostSecrets(root: string): Secrets {
  const folderOf = (name: string) => join(root, name);
  const forget = (name: string) => rmSync(folderOf(name), { recursive: true, force: true });
  return {
    folderOf,
    forget,
    place(name, secrets) {
      const names = Object.keys(secrets);
      // The folder itself stays as long as its container, which has it mounted.
      const folder = names.length === 0 ? folderOf(name) : open(root, name);
      for (const [file, bytes] of Object.entries(secrets)) replace(folder, file, bytes);
      for (const file of list(folder)) if (!names.includes(file)) rmSync(join(folder, file));
    },
    placed: (name) => list(folderOf(name)),
    sweep: (names) => {
      for (const name of list(root)) if (!names.includes(name)) forget(name);
    },
  };
}

/** The host's other users are kept out by the root's own mode; in the container its user, whoever that is, may read. */
function open(root: string, name: string): string {
  const folder = join(root, name);
  try {
    mkdirSync(root, { recursive: true, mode: 0o700 });
    // Where everybody may make folders, somebody may have been there first.
    const found = lstatSync(root);
    if (!found.isDirectory() || found.uid !== process.getuid?.())
      throw new EngineError('failed', `secrets: ${root} is not this user's own folder; remove it or name another`);
    if ((found.mode & 0o077) !== 0) chmodSync(root, 0o700);
    if (!IN_MEMORY.has(statfsSync(root).type))
      throw new EngineError('failed', `secrets: ${root} is not in memory; name a folder on a tmpfs, such as /run/classpad`);
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    return folder;
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError('failed', `secrets: ${root} cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
}

function replace(folder: string, file: string, bytes: Uint8Array): void {
  const fresh = join(folder, `.${file}`);
  rmSync(fresh, { force: true });
  writeFileSync(fresh, bytes, { mode: 0o444, flag: 'wx' });
  renameSync(fresh, join(folder, file));
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
