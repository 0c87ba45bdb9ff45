import type { Network, Route } from '../../runtime/ports/index.ts';
import type { Peers } from './peers.ts';

/** The {@link Network} port: peers on one side, the proxy's routes on the other. */
export function systemNetwork(peers: Peers, serve: (routes: readonly Route[]) => void): Network {
  return {
    peers: () => peers.names(),
    send: (peer, message) => peers.send(peer, message),
    receive: (handler) => peers.receive(handler),
    serve,
  };
}
