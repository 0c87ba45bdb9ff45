import { type IncomingMessage, request as openRequest, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect, type Server as NetServer } from 'node:net';
import { createProxy, type ProxyOptions, type ReverseProxy } from '../../firmware-bridge/system/proxy/index.ts';
import type { Exchange, Route } from '../../runtime/ports/index.ts';

/** A proxy on a port of this machine, and the places where its containers are said to be. */
export interface Proxied {
  readonly proxy: ReverseProxy;
  readonly port: number;
  /** Ports, by container id; whoever is not here does not run. */
  readonly places: Map<string, number>;
  readonly exchanges: Exchange[];
  close(): Promise<void>;
}

export async function openProxy(options: Partial<ProxyOptions> = {}): Promise<Proxied> {
  const places = new Map<string, number>();
  const exchanges: Exchange[] = [];
  const proxy = createProxy({
    device: 'pad-1',
    reach: async (containerId) => {
      const port = places.get(containerId);
      if (port === undefined) throw new Error('does not run');
      return { host: '127.0.0.1', port };
    },
    ...options,
  });
  proxy.observe((exchange) => exchanges.push(exchange));
  return {
    proxy,
    port: await open(proxy.server),
    places,
    exchanges,
    close: async () => {
      proxy.close();
      await shut(proxy.server);
    },
  };
}

export function routeTo(containerId: string, change: Partial<Route> = {}): Route {
  return { path: '/', app: 'hello', revision: 1, containerId, port: 8080, ...change };
}

export function open(server: Server | NetServer): Promise<number> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
}

export function shut(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** A request with headers that `fetch` lets nobody set. */
export function ask(
  port: number,
  path: string,
  headers: Record<string, string> = {},
): Promise<IncomingMessage & { body: string }> {
  return new Promise((resolve, reject) => {
    const request = openRequest({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve(Object.assign(response, { body })));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end();
  });
}

/** Sends bytes as they are. Answers all that comes back until the other side closes, or for so long. */
export function pour(port: number, bytes: string | Buffer, withinMs = 1_000): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    const end = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(text);
    };
    const timer = setTimeout(end, withinMs);
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('close', end);
    socket.on('error', end);
  });
}

/** An app that answers in the ways apps do, by path. */
export const app: RequestListener = (request, response) => {
  const answers: Readonly<Record<string, () => void>> = {
    '/break': () => response.writeHead(200, { 'content-length': 99 }).write('half', () => response.destroy()),
    '/drop': () => void response.destroy(),
    '/slow': () => response.write('first', () => setTimeout(() => response.end('second'), 50)),
    '/never': () => {},
    '/stall': () => void response.write('first'),
    '/missing': () => response.writeHead(404).end(),
    '/cookies': () => response.writeHead(200, ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'X-Case', 'Kept']).end(),
    '/trailers': () => {
      response.writeHead(200, { trailer: 'x-sum, set-cookie' }).write('body');
      request.resume().on('end', () => {
        const said = {
          'x-sum': '42',
          'set-cookie': 'a=1',
          'classpad-device': 'other',
          'x-from-client': JSON.stringify(request.rawTrailers),
        };
        response.addTrailers(said);
        response.end();
      });
    },
    '/empty': () => response.writeHead(204).end(),
    '/impostor': () => response.writeHead(200, { 'classpad-revision': 'bank r9', 'classpad-device': 'other' }).end(),
  };
  const answer = answers[request.url ?? ''];
  if (answer) return void answer();
  response.setHeader('connection', 'x-private');
  response.setHeader('x-private', 'hop');
  response.setHeader('x-seen', JSON.stringify(request.rawHeaders));
  request.pipe(response);
};
