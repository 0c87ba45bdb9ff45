import { MAX_MESSAGE_BYTES } from '../runtime/consensus/messages.ts';
import type { Clock, Network, Sister } from '../runtime/ports/index.ts';
import type { Random } from './random.ts';

/** How one direction between two devices behaves. */
export interface Link {
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  /** Share of messages that never arrive, 0 to 1. */
  readonly lossRate: number;
  /** Share that arrives twice. */
  readonly repeatRate: number;
  /** Share that is overtaken by others: it takes up to ten times as long. */
  readonly reorderRate: number;
  /** What passes in a second; messages queue. */
  readonly bytesPerSecond: number;
  /** Nothing passes. */
  readonly cut: boolean;
}

export const cable: Link = {
  minDelayMs: 2,
  maxDelayMs: 12,
  lossRate: 0,
  repeatRate: 0,
  reorderRate: 0,
  bytesPerSecond: Number.POSITIVE_INFINITY,
  cut: false,
};
/** A queue on a slow link longer than this loses what comes. */
const QUEUE_MS = 60_000;
const OVERTAKEN = 10;

/** What the network port has of the device's own proxy. */
export type ProxyEnd = Pick<Network, 'serve' | 'drained' | 'observe'>;

const NO_PROXY: ProxyEnd = { serve: () => {}, drained: () => Promise.resolve(), observe: () => {} };

/** The cables between the devices of one world. */
export interface VirtualNetwork {
  /** The network as one device sees it. Joining again, as after a reboot, replaces what stood there. */
  join(name: string, proxy?: ProxyEnd): Network;
  leave(name: string): void;
  /** Says where the proxy of a device is, to all others that it reaches. */
  announce(name: string, url: string): void;
  /** Sets both directions between two devices. */
  setLink(a: string, b: string, change: Partial<Link>): void;
  /** How the direction behaves now. */
  link(from: string, to: string): Link;
  /** How it behaves when nothing is wrong with it. */
  usual(from: string, to: string): Link;
  /** Both directions between two devices are as at the beginning. */
  mend(a: string, b: string): void;
  /** Everything is as at the beginning. */
  heal(): void;
  /** Counts up whenever a link, or who is there, has changed. */
  readonly changes: number;
}

type Handler = (peer: string, message: Uint8Array) => void;

/** Devices that all reach each other by cables; delays and losses are drawn from `random`. `usual`: how a whole cable is. */
export function virtualNetwork(clock: Clock, random: Random, usual: VirtualNetwork['link'] = () => cable): VirtualNetwork {
  const handlers = new Map<string, Handler>();
  const links = new Map<string, Link>();
  const carrier = createCarrier(clock, random);
  /** Who reaches whom; forgotten when that may have changed. */
  const reach = new Map<string, string[]>();
  const sisters = createSisters();
  const linkOf = (from: string, to: string): Link => links.get(`${from}>${to}`) ?? usual(from, to);

  let changes = 0;
  const changed = (): void => {
    reach.clear();
    changes += 1;
  };

  const peersOf = (name: string): string[] => {
    const known = reach.get(name);
    if (known) return known;
    const peers = [...handlers.keys()].filter((peer) => peer !== name && !linkOf(name, peer).cut).sort();
    reach.set(name, peers);
    return peers;
  };
  const send = (from: string, to: string, message: Uint8Array): void => {
    const arrive = (copy: Uint8Array) => {
      if (!linkOf(from, to).cut) handlers.get(to)?.(from, copy);
    };
    carrier.carry(`${from}>${to}`, linkOf(from, to), message, arrive);
  };

  return {
    join(name, proxy = NO_PROXY) {
      handlers.set(name, () => {});
      changed();
      return {
        peers: () => peersOf(name),
        send: (peer, message) => send(name, peer, message),
        receive: (handler) => void handlers.set(name, handler),
        serve: (routes) => proxy.serve(routes),
        drained: (containerId) => proxy.drained(containerId),
        observe: (handler) => proxy.observe(handler),
        sisters: () => sisters.of(peersOf(name)),
      };
    },
    announce: (name, url) => sisters.announce(name, url),
    leave(name) {
      handlers.delete(name);
      changed();
    },
    setLink(a, b, change) {
      links.set(`${a}>${b}`, { ...linkOf(a, b), ...change });
      links.set(`${b}>${a}`, { ...linkOf(b, a), ...change });
      changed();
    },
    link: linkOf,
    usual,
    mend(a, b) {
      links.delete(`${a}>${b}`);
      links.delete(`${b}>${a}`);
      changed();
    },
    heal() {
      links.clear();
      carrier.emptyQueues();
      changed();
    },
    get changes() {
      return changes;
    },
  };
}

/** What becomes of a message on its way: lost, late, overtaken, repeated, or behind others that wait for the same slow link. */
function createCarrier(clock: Clock, random: Random) {
  const freeAtMs = new Map<string, number>();
  /** When the last byte has left, on a link that takes its time for each. */
  const queuedMs = (way: string, link: Link, bytes: number): number => {
    if (link.bytesPerSecond === Number.POSITIVE_INFINITY) return 0;
    const nowMs = clock.nowMs();
    const doneMs = Math.max(nowMs, freeAtMs.get(way) ?? 0) + (bytes / link.bytesPerSecond) * 1000;
    if (doneMs - nowMs > QUEUE_MS) return Number.POSITIVE_INFINITY;
    freeAtMs.set(way, doneMs);
    return doneMs - nowMs;
  };
  return {
    carry(way: string, link: Link, message: Uint8Array, arrive: (copy: Uint8Array) => void): void {
      if (message.length > MAX_MESSAGE_BYTES) return;
      const flightMs = random.between(link.minDelayMs, link.maxDelayMs);
      const lost = random.chance(link.lossRate);
      if (lost || link.cut) return;
      const waitMs = queuedMs(way, link, message.length);
      if (waitMs === Number.POSITIVE_INFINITY) return;
      const slowness = link.reorderRate > 0 && random.chance(link.reorderRate) ? random.between(2, OVERTAKEN) : 1;
      const repeats = link.repeatRate > 0 && random.chance(link.repeatRate) ? 2 : 1;
      const copy = message.slice();
      for (let copies = 1; copies <= repeats; copies += 1) clock.after(waitMs + flightMs * slowness * copies, () => arrive(copy));
    },
    emptyQueues: () => freeAtMs.clear(),
  };
}

/** Where the proxies are. The same list for the same list of peers, until another proxy is announced. */
function createSisters() {
  const urls = new Map<string, string>();
  let known = new WeakMap<readonly string[], readonly Sister[]>();
  return {
    announce(name: string, url: string): void {
      urls.set(name, url);
      known = new WeakMap();
    },
    of(peers: readonly string[]): readonly Sister[] {
      const sisters = known.get(peers) ?? peers.filter((name) => urls.has(name)).map((name) => ({ name, url: urls.get(name)! }));
      known.set(peers, sisters);
      return sisters;
    },
  };
}
