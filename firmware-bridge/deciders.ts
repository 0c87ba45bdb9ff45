import { engineChainId } from '../runtime/consensus/cometbft.ts';
import type { Node } from '../runtime/node.ts';
import type { Logger, Ports } from '../runtime/ports/index.ts';
import type { BridgeConfig } from './config.ts';

/** What is different on a node whose ledger several validators decide. */
export interface Deciders {
  readonly ports: Pick<Ports, 'ordering' | 'votes'>;
  /** Nodes of such a ledger say nothing to each other themselves. */
  readonly network: Partial<Pick<Ports['network'], 'peers' | 'send' | 'receive'>>;
  /** What light clients may read: `lightDocument`. */
  light(target: string): Promise<string | undefined>;
  /** The node can be asked now. */
  start(node: Node, ports: Ports): void;
}

const NONE: Deciders = { ports: {}, network: {}, light: async () => undefined, start() {} };

/** The engine beside this node, or the nodes that it follows. What is needed for it is loaded by those nodes only that have it. */
export async function openDeciders(config: BridgeConfig, log: Logger, closers: (() => unknown)[]): Promise<Deciders> {
  if (config.consensus === 'follow') return openFollowing(config, closers);
  return config.cometbft ? openBeside(config.cometbft, engineChainId(config.genesis.chainId), log, closers) : NONE;
}

async function openBeside(
  settings: NonNullable<BridgeConfig['cometbft']>,
  chain: string,
  log: Logger,
  closers: (() => unknown)[],
): Promise<Deciders> {
  const [{ openEngine }, { lightDocument }] = await Promise.all([import('./cometbft/index.ts'), import('./cometbft/door.ts')]);
  const engine = await openEngine(settings, chain, log);
  closers.push(() => engine.stop());
  return {
    ports: { ordering: engine.ordering },
    network: silent(() => engine.peers()),
    light: (target) => lightDocument(engine.rpc, target),
    start: () => engine.start(),
  };
}

async function openFollowing({ follow: urls, genesis }: BridgeConfig, closers: (() => unknown)[]): Promise<Deciders> {
  const [{ engineVotes: votes }, { follow }] = await Promise.all([import('./cometbft/votes.ts'), import('./follow.ts')]);
  let following: ReturnType<typeof follow> | undefined;
  closers.push(() => following?.stop());
  return {
    ...NONE,
    ports: { votes },
    network: silent(() => following?.peers() ?? []),
    start(node, { vm, clock, log }) {
      if (urls.length > 0) following = follow({ urls, own: (request) => node.rpc(request), genesis, vm, clock, log });
    },
  };
}

function silent(peers: () => string[]): Deciders['network'] {
  return { peers, send() {}, receive() {} };
}
