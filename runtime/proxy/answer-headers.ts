import type { Route } from '../ports/index.ts';

/** Where a node says who it is. */
export const WELL_KNOWN = '/.well-known/classpad';

/** What the proxy adds to an answer: who gave it, of which release, and where the ledger's word on that release is. */
export function answerHeaders(
  device: string,
  { app, revision }: Pick<Route, 'app' | 'revision'>,
): [name: string, value: string][] {
  return [
    ['classpad-device', device],
    ['classpad-revision', `${app} r${revision}`],
    ['link', `<${proofPath(app)}>; rel="describedby"; type="application/json"`],
  ];
}

export function proofPath(app: string): string {
  return `${WELL_KNOWN}/proof?app=${app}`;
}
