import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { refusalOf, refuseOn, refuseTheRest } from './refuse.ts';

/** Where a server listens: `host:port`; port 0 lets the system choose. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Reads `host:port`, `[v6]:port` or `:port` (every interface). Answers `undefined` for anything else. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[\w.-]*):(\d{1,5})$/i.exec(text);
  const port = Number(match?.[2]);
  if (match?.[1] === undefined || port > 65_535) return undefined;
  return { host: match[1].replace(/^\[|\]$/g, '') || '0.0.0.0', port };
}

const LISTEN_ERRORS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is already taken; stop the other program or choose another port',
  EACCES: 'may not be opened by this user; choose one above 1023',
  EADDRNOTAVAIL: 'is not at an address of this machine',
  ENOTFOUND: 'is at a host that nobody knows',
};

/** Opens a server. Rejects with a sentence that names the field of the configuration. Answers the endpoint it got. */
export function listen(server: Server, { host, port }: Endpoint, field: string): Promise<Endpoint> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => {
      reject(
        new Error(`${field}: port ${port} of ${host} ${LISTEN_ERRORS[error.code ?? ''] ?? `cannot be opened: ${error.message}`}`),
      );
    };
    server.once('error', fail);
    server.listen(port, host, () => {
      server.removeListener('error', fail);
      resolve({ host, port: (server.address() as AddressInfo).port });
    });
  });
}

/** Bounds on what a client may take up before it has said anything. */
export function bound(server: Server, maxConnections: number): void {
  server.headersTimeout = 10_000;
  server.keepAliveTimeout = 5_000;
  server.maxConnections = maxConnections;
  server.maxHeadersCount = 100;
  server.on('clientError', (error, socket) => refuseOn(socket, refusalOf(error)));
  refuseTheRest(server);
}

/** Ends a server and every connection that is still open. */
export function shut(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
