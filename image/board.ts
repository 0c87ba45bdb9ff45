import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** What an image is made for: one file of `image/boards`. */
export interface Board {
  readonly name: string;
  readonly summary: string;
  /** Whether a test boots it; the others are built and nothing more. */
  readonly isTested: boolean;
  /** As Debian calls it. */
  readonly architecture: 'amd64' | 'arm64' | 'armhf';
  /** Package of the kernel. */
  readonly kernel: string;
  /** Serial console, as the kernel takes it. */
  readonly console: string;
  /** What its kernel is told besides what every board's is. */
  readonly kernelArguments?: readonly string[];
  readonly grub: { readonly platform: string; readonly package: string; readonly file: string };
  /** A package of the npm registry that holds Node's binary for the board. */
  readonly node: { readonly package: string; readonly integrity: string };
  /** The package with lmdb's binary. */
  readonly lmdb: string;
  /** What must be there to reach the disk. */
  readonly initrdModules: readonly string[];
  /** Drivers that stay, as regular expressions for paths below the modules' folder. */
  readonly modules: readonly string[];
  /** Drivers of hardware watchdogs, the best first; the software one is the last resort. */
  readonly watchdog: readonly string[];
  /** Largest coordinates that the touch panel reports. */
  readonly touch: { readonly mostX: number; readonly mostY: number };
  readonly qemu?: QemuBoard;
}

export interface QemuBoard {
  readonly program: string;
  readonly machine: readonly string[];
  readonly cpu: string;
  readonly firmware: readonly [code: string, variables: string];
  readonly display: readonly string[];
  /** With less its loader does not get the kernel started. */
  readonly leastMemoryMib: number;
}

/** A board by its name. Throws a sentence with all names. */
export function readBoard(folder: string, name: string): Board {
  const path = join(folder, `${name}.json`);
  if (!/^[a-z0-9_-]+$/.test(name) || !existsSync(path))
    throw new Error(`there is no board "${name}"; there are ${boardNames(folder).join(', ')}`);
  return { name, ...(JSON.parse(readFileSync(path, 'utf8')) as Omit<Board, 'name'>) };
}

export function boardNames(folder: string): string[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
  return files.map((file) => basename(file, '.json')).sort();
}
