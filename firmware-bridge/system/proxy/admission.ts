import type { IncomingMessage } from 'node:http';

/** Why a request is not passed on. */
export interface Refusal {
  readonly status: number;
  readonly sentence: string;
}

/** A request that may go on: its target is a path, its host is one name. */
export interface Admitted {
  readonly target: string;
  readonly host: string;
}

const LONGEST_TARGET = 8_192;
const HOST = /^(?:\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::\d{1,5})?$/;
const PATH = /^\/[\x21-\x7e]*$/;

/**
 * What two servers in a row could read in two ways is refused here (RFC 9112, 3.2, 6.1 and 11.2). Node's parser has already
 * refused broken chunks, a length beside chunks, two lengths, and line ends that are none.
 */
export function admit(request: IncomingMessage): Admitted | Refusal {
  const { rawHeaders, headers, httpVersion } = request;
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return refusal(505, 'This proxy speaks HTTP/1.1.');
  const hosts = countOf(rawHeaders, 'host');
  if (hosts > 1 || (hosts === 0 && httpVersion === '1.1')) return refusal(400, 'A request names one host.');
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && (httpVersion === '1.0' || headers['content-length'] !== undefined))
    return refusal(400, 'A body has one length.');
  if (coding !== undefined && coding.toLowerCase() !== 'chunked')
    return refusal(501, 'A body comes as it is or in chunks; other transfer codings are not understood.');
  const { target, host = headers.host ?? '' } = split(request.url ?? '/');
  if (target.length > LONGEST_TARGET) return refusal(414, 'The path is too long.');
  if (!PATH.test(target)) return refusal(400, 'A path begins with "/" and has neither blanks nor control characters.');
  if (!HOST.test(host) && !(host === '' && httpVersion === '1.0')) return refusal(400, 'The Host header is not a name.');
  return { target, host };
}

export function isRefusal(answer: Admitted | Refusal): answer is Refusal {
  return 'status' in answer;
}

/** The absolute form names the host itself and is obeyed (RFC 9112, 3.2.2). */
function split(url: string): { readonly target: string; readonly host?: string } {
  const match = /^http:\/\/([^/?#]*)(.*)$/i.exec(url);
  if (match === null) return { target: url };
  const rest = match[2]!;
  return { host: match[1]!, target: rest.startsWith('/') ? rest : `/${rest}` };
}

function countOf(raw: readonly string[], name: string): number {
  return raw.filter((text, index) => index % 2 === 0 && text.toLowerCase() === name).length;
}

function refusal(status: number, sentence: string): Refusal {
  return { status, sentence };
}
