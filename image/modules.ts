import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Beside the board's own drivers: what squashfs, overlays, Docker's networks, RAUC and compressed memory need. */
const COMMON = [
  'kernel/fs/(squashfs|overlayfs|ext4|jbd2|fat|nls|mbcache|efivarfs|fuse|autofs|configfs|binfmt)',
  'kernel/net/(bridge|netfilter|ipv4|ipv6|802|llc|packet|xfrm|sched/(sch_fq|cls_cgroup))',
  'kernel/(crypto|security|block)/',
  'kernel/lib/(?!test_)',
  'kernel/drivers/block/zram/',
  'kernel/arch/[^/]+/crypto',
];

/** Paths of modules by what they need, from `modules.dep`. */
export type Dependencies = ReadonlyMap<string, readonly string[]>;

export function readDependencies(text: string): Dependencies {
  const rows = text.split('\n').filter((line) => line.includes(':'));
  return new Map(
    rows.map((line) => {
      const [path = '', needs = ''] = line.split(':');
      return [path, needs.split(' ').filter((need) => need !== '')];
    }),
  );
}

/** The modules that fit one of the patterns, and all that those need. */
export function chosen(dependencies: Dependencies, patterns: readonly string[]): Set<string> {
  const forms = patterns.map((pattern) => new RegExp(`^${pattern}`));
  const queue = [...dependencies.keys()].filter((path) => forms.some((form) => form.test(path)));
  const keep = new Set<string>();
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (keep.has(path)) continue;
    keep.add(path);
    queue.push(...(dependencies.get(path) ?? []));
  }
  return keep;
}

/** Removes from a root all modules but those that the board keeps. Answers the kernel's version; `depmod` comes after. */
export function pruneModules(root: string, patterns: readonly string[]): string {
  const { version, folder, dependencies } = modulesOf(root);
  const keep = chosen(dependencies, [...COMMON, ...patterns]);
  for (const path of dependencies.keys()) if (!keep.has(path)) rmSync(join(folder, path));
  removeEmpty(join(folder, 'kernel'));
  return version;
}

/** Files of the named modules and of what they need, those that are needed first; names that the kernel lacks are left out. */
export function moduleFiles(root: string, names: readonly string[]): string[] {
  const { folder, dependencies } = modulesOf(root);
  const byName = new Map([...dependencies.keys()].map((path) => [nameOf(path), path]));
  const ordered: string[] = [];
  const visit = (path: string): void => {
    if (ordered.includes(path)) return;
    for (const need of dependencies.get(path) ?? []) visit(need);
    ordered.push(path);
  };
  for (const name of names) {
    const path = byName.get(name);
    if (path !== undefined) visit(path);
  }
  return ordered.map((path) => join(folder, path));
}

function modulesOf(root: string): { version: string; folder: string; dependencies: Dependencies } {
  const all = join(root, 'usr/lib/modules');
  const [version] = existsSync(all) ? readdirSync(all).sort() : [];
  if (version === undefined) throw new Error('the root holds no kernel modules');
  const folder = join(all, version);
  return { version, folder, dependencies: readDependencies(readFileSync(join(folder, 'modules.dep'), 'utf8')) };
}

function nameOf(path: string): string {
  return basename(path)
    .replace(/\.ko.*$/, '')
    .replaceAll('-', '_');
}

function removeEmpty(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) removeEmpty(path);
  }
  if (readdirSync(folder).length === 0) rmSync(folder, { recursive: true });
}
