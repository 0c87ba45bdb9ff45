import { custom, http, type Transport } from 'viem';
import { findRoute } from '../runtime/proxy/match.ts';
import { ask } from './rpc.ts';
import type { World } from './world.ts';

/** What a story needs of the world it plays in: on real ports in real time, or inside virtual time. */
export interface Stage {
  readonly world: World;
  /** JSON-RPC of the sequencer. */
  readonly transport: Transport;
  /** HTTP GET through a device's proxy. */
  get(device: number, path: string): Promise<{ readonly status: number; readonly body: string }>;
  sleep(durationMs: number): Promise<void>;
  nowMs(): number;
}

const REQUEST_DEADLINE_MS = 10_000;

/** Through the ports that the emulator has opened, as any client of this machine. */
export function liveStage(world: World, urls: { readonly rpcUrl: string; readonly proxyUrls: readonly string[] }): Stage {
  return {
    world,
    transport: http(urls.rpcUrl, { retryCount: 0, timeout: 30_000 }),
    async get(device, path) {
      const response = await fetch(`${urls.proxyUrls[device]}${path}`, { signal: AbortSignal.timeout(REQUEST_DEADLINE_MS) });
      return { status: response.status, body: await response.text() };
    },
    sleep: (durationMs) => new Promise((resolve) => setTimeout(resolve, durationMs)),
    nowMs: () => performance.now(),
  };
}

/** Without ports and without waiting: time passes only while the story sleeps. Needs virtual containers. */
export function virtualStage(world: World): Stage {
  return {
    world,
    transport: custom({
      request: ({ method, params }) => ask((request) => world.sequencer.rpc(request), method, params as unknown[] | undefined),
    }),
    async get(device, path) {
      const { routes, engine } = world.boards[device]!;
      const route = findRoute(routes, '', path);
      if (!route) return { status: 503, body: '' };
      return engine.answer?.(route.containerId, route.port, { method: 'GET', path }) ?? { status: 502, body: '' };
    },
    sleep: (durationMs) => world.advance(durationMs),
    nowMs: () => world.clock.nowMs(),
  };
}

/** Like {@link virtualStage}, in a world that somebody else drives: sleeping waits until so much virtual time has passed. */
export function drivenStage(world: World): Stage {
  return {
    ...virtualStage(world),
    sleep: (durationMs) => new Promise((resolve) => void world.clock.after(durationMs, resolve)),
  };
}
