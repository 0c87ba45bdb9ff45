import type { Network } from '../../runtime/ports/index.ts';

/** A network on which nobody is and nothing happens. */
export const quietNetwork: Network = {
  peers: () => [],
  send: () => {},
  receive: () => {},
  serve: () => {},
  drained: () => Promise.resolve(),
  observe: () => {},
  sisters: () => [],
};
