import { createServer } from 'node:http';
import type { Outside } from '../emulator/main.ts';
import { canonical } from '../firmware-bridge/main.ts';
import { type Endpoint, listen } from '../firmware-bridge/system/listen.ts';
import { createPeers } from '../firmware-bridge/system/peers.ts';
import type { Genesis } from '../runtime/config.ts';

/** The sockets by which real nodes take part in an emulated ledger, under the name of the device that makes its blocks. */
export function outsideAt(endpoint: Endpoint) {
  return async ({ name, genesis }: { readonly name: string; readonly genesis: Genesis }): Promise<Outside> => {
    const server = createServer((_request, response) => void response.writeHead(426).end('This is for nodes, by WebSocket.\n'));
    const peers = createPeers({ name, ledger: canonical(genesis), connect: [], log: { write: () => {} } });
    const { host, port } = await listen(server, endpoint, '--peers');
    peers.open(server);
    const close = () => {
      peers.close();
      server.close();
    };
    return { url: `ws://${host}:${port}`, names: peers.names, send: peers.send, receive: peers.receive, close };
  };
}
