import { run } from './shell.ts';

/** Where Debian's packages come from: lines of a sources.list. */
export interface Sources {
  readonly suite: string;
  readonly lines: readonly string[];
}

/** What is asked where this machine is no Debian, or `--mirror` says where. */
const DEFAULT_SUITE = 'bookworm';

/**
 * Debian's archives as this machine's own apt is told to use them, or the given mirror. Others (a vendor's, a local one)
 * stay out: an image holds Debian's packages and ours.
 */
export async function debianSources(mirror: string | undefined, suite = DEFAULT_SUITE): Promise<Sources> {
  if (mirror !== undefined) return { suite, lines: [suite, `${suite}-updates`].map((name) => `deb ${mirror} ${name} main`) };
  const format = '$(ORIGIN)|$(RELEASE)|$(REPO_URI)|$(COMPONENT)';
  const printed = await run('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']).catch(() => '');
  const lines = linesOf(printed, suite);
  if (lines.length > 0) return { suite, lines };
  throw new Error(`this machine's apt knows no Debian ${suite}; run apt-get update, or name a mirror with --mirror URL`);
}

/** From apt's own list of what it has fetched. */
export function linesOf(printed: string, suite: string): string[] {
  const rows = printed.split('\n').map((line) => line.split('|'));
  const ours = rows.filter(([origin, release, uri, component]) => {
    return origin === 'Debian' && component === 'main' && uri !== undefined && release?.split('-')[0] === suite;
  });
  return [...new Set(ours.map(([, release, uri]) => `deb ${uri} ${release} main`))].sort();
}
