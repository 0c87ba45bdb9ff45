import type { Handler } from './http.ts';

/** A request that was answered. */
export interface Served {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly tookMs: number;
  /** Such as `hello r1`; empty if it reached no app. */
  readonly release: string;
}

/** The same handler, telling of each answer once it is sent. */
export function telling(handle: Handler, served: (request: Served) => void, nowMs: () => number): Handler {
  return (request, response) => {
    const startedMs = nowMs();
    response.once('finish', () => {
      const { method = 'GET', url: path = '/' } = request;
      const tookMs = Math.round((nowMs() - startedMs) * 10) / 10;
      const release = String(response.getHeader('classpad-revision') ?? '');
      served({ method, path, status: response.statusCode, tookMs, release });
    });
    return handle(request, response);
  };
}
