import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Everything the emulator serves is for this machine alone. */
export const LOCAL_HOST = '127.0.0.1';
const CONNECTIONS_LIMIT = 512;

export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * A server on this machine's loopback address. Requests that name another host are refused, so that no web page can
 * reach it under a name of its own (DNS rebinding). What a handler throws becomes a sentence with status 500.
 */
export function localServer(handle: Handler): Server {
  const server = createServer((request, response) => {
    if (!isLocalName(request.headers.host)) {
      sendText(response, 403, `this server answers to ${LOCAL_HOST} and localhost only`);
      return;
    }
    handle(request, response).catch((error: Error) => sendText(response, 500, error.message));
  });
  server.maxConnections = CONNECTIONS_LIMIT;
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  server.on('clientError', (_, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\nthis is not HTTP\n');
  });
  return server;
}

/** Listens and answers the port; 0 takes any free one. Rejects with a sentence that names the option to change. */
export function listen(server: Server, port: number, option: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(new Error(portSentence(port, option, error)));
    });
    server.listen(port, LOCAL_HOST, () => resolve((server.address() as AddressInfo).port));
  });
}

/** Ends a server with all its connections. */
export function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

export function isLocalName(host: string | undefined): boolean {
  return host !== undefined && /^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/i.test(host);
}

/** The body of a request; `undefined` if it is longer than the limit. */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += (chunk as Buffer).length;
    if (length > limitBytes) return undefined;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

export function sendText(response: ServerResponse, status: number, sentence: string): void {
  if (response.headersSent) response.destroy();
  else
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' }).end(`${sentence}\n`);
}

function portSentence(port: number, option: string, { code, message }: NodeJS.ErrnoException): string {
  if (code === 'EADDRINUSE') return `port ${port} is already taken on ${LOCAL_HOST}; choose another with ${option}`;
  if (code === 'EACCES') return `port ${port} is not for ordinary users; choose one above 1023 with ${option}`;
  return `cannot listen on port ${port} (${message}); choose another with ${option}`;
}
