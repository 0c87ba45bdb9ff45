import type { IncomingMessage, ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { Exchange, Route } from '../../../runtime/ports/index.ts';
import type { Admitted } from './admission.ts';

/** A request that is being served, from its head to the end of its answer. */
export interface Visit {
  readonly request: IncomingMessage;
  readonly admitted: Admitted;
  readonly atMs: number;
  readonly startedMs: number;
  /** Of the answer, as it goes on. */
  headMs: number | undefined;
  bytes: number;
  failure: Exchange['failure'];
}

export function beginVisit(request: IncomingMessage, admitted: Admitted): Visit {
  const startedMs = performance.now();
  return { request, admitted, atMs: Date.now(), startedMs, headMs: undefined, bytes: 0, failure: undefined };
}

/** What is remembered of it. @param status 0: the client went away before the answer. */
export function toExchange(visit: Visit, { app, revision }: Route, status: number): Exchange {
  const { request, admitted, atMs, startedMs, headMs = performance.now(), bytes, failure } = visit;
  return {
    app,
    revision,
    atMs,
    tookUs: Math.round((headMs - startedMs) * 1000),
    method: request.method ?? 'GET',
    host: admitted.host,
    path: admitted.target.split('?')[0]!,
    status,
    ...(failure !== undefined && { failure }),
    bytes,
  };
}

/** A sentence of the proxy's own; too late for one, the connection just ends. */
export function sayTo(
  response: ServerResponse,
  status: number,
  sentence: string,
  added: readonly (readonly [string, string])[] = [],
): void {
  if (response.headersSent || response.destroyed) return void response.destroy();
  const body = Buffer.from(`${sentence}\n`);
  response.writeHead(status, [
    ...['content-type', 'text/plain; charset=utf-8', 'content-length', String(body.length), 'cache-control', 'no-store'],
    ...(status === 503 ? ['retry-after', '1'] : []),
    // What is left of the request is not read: the next one could not be found.
    ...(isUnread(response.req) ? ['connection', 'close'] : []),
    ...added.flat(),
  ]);
  response.end(body);
}

function isUnread(request: IncomingMessage): boolean {
  const { headers } = request;
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  return hasBody && !request.complete;
}
