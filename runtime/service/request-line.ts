import type { Exchange } from '../ports/index.ts';

const LONGEST_PATH = 512;

/**
 * One request in one line, the same for everyone who saw it so: time, app, revision, method, host, path, status, how it failed,
 * microseconds until the answer, bytes of its body. No query, no address of a client, no headers.
 */
export function requestLine({ atMs, app, revision, method, host, path, status, failure, tookUs, bytes }: Exchange): string {
  const fields = [
    atMs,
    app,
    `r${revision}`,
    method,
    host || '-',
    path.slice(0, LONGEST_PATH),
    status,
    failure ?? '-',
    tookUs,
    bytes,
  ];
  return fields.map((field) => plain(String(field))).join(' ');
}

/** Neither blanks nor line ends: what a client wrote stays one field. */
function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return text.replace(/[\x00-\x20\x7f]/g, '_') || '-';
}
