import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { virtualContainers } from '../emulator/containers.ts';
import type { DockerEngine } from '../firmware-bridge/docker/index.ts';
import { type Clock, EngineError } from '../runtime/ports/index.ts';

/** Containers that are only pretended, on real time: `engine: virtual`, for trying out a cluster without a Docker Engine. */
export function virtualEngine(device: string): DockerEngine {
  const containers = virtualContainers({ device, clock: quietClock, random: Math.random });
  const doors = new Map<string, Promise<Server>>();
  const reach = async (containerId: string, port: number) => {
    const key = `${containerId}:${port}`;
    if (!containers.answer(containerId, port, { method: 'HEAD', path: '/' }))
      throw new EngineError('not-found', `container ${containerId.slice(0, 12)} does not answer on port ${port}`);
    const door = doors.get(key) ?? openDoor((path, method) => containers.answer(containerId, port, { method, path }));
    doors.set(key, door);
    return { host: '127.0.0.1', port: ((await door).address() as AddressInfo).port };
  };
  const close = () => {
    for (const door of doors.values()) door.then((server) => server.close().closeAllConnections()).catch(() => {});
  };
  return { containers, reach, ensureHelloImage: async () => {}, clear: async () => close(), close };
}

/** A port of this machine behind which the container answers. */
function openDoor(
  answer: (path: string, method: string) => ReturnType<ReturnType<typeof virtualContainers>['answer']>,
): Promise<Server> {
  const server = createServer((request, response) => {
    const answered = answer(request.url ?? '/', request.method ?? 'GET');
    if (!answered) return void response.destroy();
    response.writeHead(answered.status, { 'content-type': answered.contentType });
    response.end(request.method === 'HEAD' ? undefined : answered.body);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}

/** What is pretended keeps no process from its end. */
const quietClock: Clock = {
  nowMs: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.max(0, delayMs)).unref();
    return () => clearTimeout(timer);
  },
};
