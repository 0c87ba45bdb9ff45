import type { IncomingMessage } from 'node:http';

/** Names and values in turn, as Node has them raw: order, case and repetitions stay. */
export type RawHeaders = string[];

/** Headers between two neighbours that are not passed on (RFC 9110, 7.6.1). */
const HOP_BY_HOP: readonly string[] = [
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];
/** What only this proxy says of a request: a client's own word on it would be believed by the app. */
const OURS: readonly string[] = [
  'host',
  // How long the body is says our own reading of the request, whatever Connection names: the app must find the same end.
  'content-length',
  'expect',
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-real-ip',
];
/** What must stand before a body to mean anything (RFC 9110, 6.5.1): behind it, it would be believed too late. */
const NOT_BEHIND_A_BODY: readonly string[] = [
  'authorization',
  'cache-control',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'cookie',
  'set-cookie',
];
/** What an answer may say only if we do. */
const OURS_OF_ANSWERS: readonly string[] = ['classpad-device', 'classpad-revision'];

/** Where a request came in: by which name, and from whom. */
export interface Origin {
  readonly device: string;
  readonly host: string;
}

/** The headers of a request as they go on to the container. `upgrade`: the protocol asked for, which is passed on. */
export function onward(request: IncomingMessage, { device, host }: Origin, upgrade?: string): RawHeaders {
  const { socket, headers } = request;
  const client = socket.remoteAddress ?? 'unknown';
  const before = headers['x-forwarded-for'];
  const via = headers.via;
  return [
    'Host',
    host,
    ...kept(request.rawHeaders, headers.connection, OURS),
    ...(headers['content-length'] === undefined ? [] : ['Content-Length', headers['content-length']]),
    // A body of unknown length stays one; without a body this header would promise one.
    ...(headers['transfer-encoding'] !== undefined ? ['Transfer-Encoding', 'chunked'] : []),
    ...(upgrade === undefined ? [] : ['Connection', 'Upgrade', 'Upgrade', upgrade]),
    ...(upgrade === undefined && takesTrailers(request) ? ['TE', 'trailers'] : []),
    'Via',
    `${via === undefined ? '' : `${via}, `}1.1 ${device}`,
    'X-Forwarded-For',
    before === undefined ? client : `${before}, ${client}`,
    'X-Forwarded-Host',
    host,
    'X-Forwarded-Port',
    String(socket.localPort ?? ''),
    'X-Forwarded-Proto',
    'http',
  ];
}

/** The headers of a container's answer as they go back to the client, with what the proxy adds. */
export function back(answer: IncomingMessage, added: readonly (readonly [string, string])[]): RawHeaders {
  return [...kept(answer.rawHeaders, answer.headers.connection, OURS_OF_ANSWERS), ...added.flat()];
}

/** The words behind an app's status, if they may be said again; they mean nothing. */
export function reasonOf({ statusMessage = '' }: IncomingMessage): string {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(statusMessage) ? statusMessage : '';
}

/** Whether an answer has a status that one may end with: parsers take any three digits. */
export function isFinal({ statusCode = 0 }: IncomingMessage): boolean {
  return statusCode >= 200;
}

/** Fields behind a body, either way, as pairs. */
export function behind(rawTrailers: readonly string[]): [name: string, value: string][] {
  const flat = kept(rawTrailers, undefined, [...OURS, ...OURS_OF_ANSWERS, ...NOT_BEHIND_A_BODY]);
  return flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1]!] as [string, string]] : []));
}

/** Whether who asks reads what comes behind a body (RFC 9110, 10.1.4). */
export function takesTrailers({ headers, httpVersion }: IncomingMessage): boolean {
  return httpVersion === '1.1' && /(^|,)\s*trailers\s*(,|;|$)/i.test(String(headers['te'] ?? ''));
}

function kept(raw: readonly string[], connection: string | undefined, others: readonly string[]): RawHeaders {
  const named = (connection ?? '').toLowerCase().split(/\s*,\s*/);
  const dropped = new Set([...HOP_BY_HOP, ...others, ...named]);
  const headers: RawHeaders = [];
  for (let at = 0; at < raw.length; at += 2) {
    if (!dropped.has(raw[at]!.toLowerCase())) headers.push(raw[at]!, raw[at + 1]!);
  }
  return headers;
}
