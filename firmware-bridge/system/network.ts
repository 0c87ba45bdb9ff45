import type { Network } from '../../runtime/ports/index.ts';
import type { Peers } from './peers.ts';
import type { ReverseProxy } from './proxy/index.ts';

/** The {@link Network} port: peers on one side, the proxy on the other. */
export function systemNetwork(peers: Peers, proxy: ReverseProxy): Network {
  return {
    peers: () => peers.names(),
    send: (peer, message) => peers.send(peer, message),
    receive: (handler) => peers.receive(handler),
    serve: (routes) => proxy.serve(routes),
    drained: (containerId) => proxy.drained(containerId),
    observe: (handler) => proxy.observe(handler),
    sisters: () => peers.sisters(),
  };
}
