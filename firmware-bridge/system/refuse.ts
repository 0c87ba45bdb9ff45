import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** A status with its words, and a sentence for who reads it. */
export type Refusal = readonly [status: string, sentence: string];

const NO_HTTP: Refusal = ['400 Bad Request', 'This is not an HTTP request.'];
const TOO_LATE: Refusal = ['408 Request Timeout', 'The request did not come in time.'];
const NO_TUNNELS: Refusal = ['405 Method Not Allowed', 'No tunnels are opened here.'];
const TOO_MUCH: Refusal = ['431 Request Header Fields Too Large', 'The headers are longer than 16384 bytes.'];
const CLIENT_ERRORS: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: TOO_MUCH,
  ERR_HTTP_REQUEST_TIMEOUT: TOO_LATE,
};
/** A client that goes on sending is not read any more. */
const LINGER_MS = 1_000;

/** What is said to a request that could not be read. */
export function refusalOf({ code = '' }: NodeJS.ErrnoException): Refusal {
  return CLIENT_ERRORS[code] ?? NO_HTTP;
}

/** Says it on a connection for which there is no request, and ends that. */
export function refuseOn(socket: Duplex, [status, sentence]: Refusal): void {
  if (!socket.writable) return void socket.destroy();
  const body = `${sentence}\n`;
  const head = `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: text/plain; charset=utf-8`;
  socket.end(`${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

/** Where Node would say nothing, or close: requests for a tunnel, and those that expect what nobody does. */
export function refuseTheRest(server: Server): void {
  server.on('connect', (_request, socket) => {
    socket.on('error', () => socket.destroy());
    refuseOn(socket, NO_TUNNELS);
  });
  server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
    const sentence = 'Nothing but 100-continue can be expected here.\n';
    response.writeHead(417, { 'content-type': 'text/plain', 'content-length': sentence.length }).end(sentence);
  });
}
