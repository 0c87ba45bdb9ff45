import { run } from './shell.ts';

/** Where Debian's packages come from: lines of a sources.list. */
export interface Sources {
  readonly suite: string;
  readonly lines: readonly string[];
}

export interface SourceOptions {
  /** Of Debian's archive; absent, this machine's apt says. */
  readonly mirror: string | undefined;
  /** Leaves the suite out that mends known holes. */
  readonly isWithoutSecurity: boolean;
}

/** What is asked where this machine is no Debian, or `--mirror` says where. */
const DEFAULT_SUITE = 'bookworm';
/** What mirrors of the archive do not hold. */
const SECURITY = 'http://deb.debian.org/debian-security';

/**
 * Debian's archives as this machine's own apt is told to use them, or the given mirror. Others (a vendor's, a local one)
 * stay out: an image holds Debian's packages and ours.
 */
export async function debianSources(options: SourceOptions, suite = DEFAULT_SUITE): Promise<Sources> {
  const lines = options.mirror === undefined ? await ownLines(suite) : mirrored(options.mirror, suite);
  return { suite, lines: options.isWithoutSecurity ? lines.filter((line) => !line.includes(` ${suite}-security `)) : lines };
}

async function ownLines(suite: string): Promise<string[]> {
  const format = '$(ORIGIN)|$(RELEASE)|$(REPO_URI)|$(COMPONENT)';
  const printed = await run('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']).catch(() => '');
  const lines = linesOf(printed, suite);
  if (lines.length > 0) return lines;
  throw new Error(`this machine's apt knows no Debian ${suite}; run apt-get update, or name a mirror with --mirror URL`);
}

function mirrored(mirror: string, suite: string): string[] {
  const archive = [suite, `${suite}-updates`].map((name) => `deb ${mirror} ${name} main`);
  return [...archive, `deb ${SECURITY} ${suite}-security main`];
}

/** `SUITE COMPONENT` of every line, wherever it comes from. */
export function suitesOf({ lines }: Sources): string[] {
  return lines.map((line) => line.split(' ').slice(2).join(' '));
}

/** From apt's own list of what it has fetched. */
export function linesOf(printed: string, suite: string): string[] {
  const rows = printed.split('\n').map((line) => line.split('|'));
  const ours = rows.filter(([origin, release, uri, component]) => {
    return origin === 'Debian' && component === 'main' && uri !== undefined && release?.split('-')[0] === suite;
  });
  return [...new Set(ours.map(([, release, uri]) => `deb ${uri} ${release} main`))].sort();
}

/** What apt said when it could not use a mirror's lists, as a sentence with a way out; nothing if it failed otherwise. */
export function mirrorTrouble(said: string): string | undefined {
  const [, list] = /Failed to fetch (\S+) .*(?:unexpected size|Hash Sum mismatch)/.exec(said) ?? [];
  if (list === undefined) return undefined;
  const suite = /\/dists\/([^/]+)\//.exec(list)?.[1] ?? '';
  const last = suite.endsWith('-security') ? ', or leave that suite out with --without-security (never for a release)' : '';
  return `the mirror is not of one piece: ${list} is not the list that its signed index names; try later, name another with --mirror URL${last}`;
}
