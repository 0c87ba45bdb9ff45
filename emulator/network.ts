import type { Clock, Network, Route } from '../runtime/ports/index.ts';
import type { Random } from './random.ts';

/** How one direction between two devices behaves. */
export interface Link {
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  /** Share of messages that never arrive, 0 to 1. */
  readonly lossRate: number;
  /** Nothing passes. */
  readonly cut: boolean;
}

const cable: Link = { minDelayMs: 2, maxDelayMs: 12, lossRate: 0, cut: false };
/** Larger messages are refused, as a real transport would. */
export const MESSAGE_LIMIT = 8 * 1024 * 1024;

/** The cables between the devices of one world. */
export interface VirtualNetwork {
  /** The network as one device sees it. Joining again, as after a reboot, replaces what stood there. */
  join(name: string, serve: (routes: readonly Route[]) => void): Network;
  leave(name: string): void;
  /** Sets both directions between two devices. */
  setLink(a: string, b: string, change: Partial<Link>): void;
  /** Everything is as at the beginning. */
  heal(): void;
}

type Handler = (peer: string, message: Uint8Array) => void;

/** Devices that all reach each other by cables; delays and losses are drawn from `random`. */
export function virtualNetwork(clock: Clock, random: Random): VirtualNetwork {
  const handlers = new Map<string, Handler>();
  const links = new Map<string, Link>();
  const linkOf = (from: string, to: string): Link => links.get(`${from}>${to}`) ?? cable;

  const send = (from: string, to: string, message: Uint8Array): void => {
    const link = linkOf(from, to);
    if (message.length > MESSAGE_LIMIT) return;
    const delayMs = random.between(link.minDelayMs, link.maxDelayMs);
    const lost = random.chance(link.lossRate);
    if (lost || link.cut) return;
    const copy = message.slice();
    clock.after(delayMs, () => {
      if (!linkOf(from, to).cut) handlers.get(to)?.(from, copy);
    });
  };

  return {
    join(name, serve) {
      handlers.set(name, () => {});
      return {
        peers: () => [...handlers.keys()].filter((peer) => peer !== name && !linkOf(name, peer).cut).sort(),
        send: (peer, message) => send(name, peer, message),
        receive: (handler) => void handlers.set(name, handler),
        serve,
      };
    },
    leave: (name) => void handlers.delete(name),
    setLink(a, b, change) {
      links.set(`${a}>${b}`, { ...linkOf(a, b), ...change });
      links.set(`${b}>${a}`, { ...linkOf(b, a), ...change });
    },
    heal: () => links.clear(),
  };
}
