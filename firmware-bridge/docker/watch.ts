import { Label } from '../../runtime/ports/index.ts';
import { count, type Engine, readJson } from './engine.ts';

/** Streams go silent without ending (moby#12023): after so long a silence the stream is opened anew. */
const SILENCE_MS = 300_000;
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 30_000;

/** The events after which a comparison may find something new; the probes of health checks are left out. */
export const EVENTS = [
  'create',
  'start',
  'die',
  'stop',
  'restart',
  'oom',
  'pause',
  'unpause',
  'destroy',
  'rename',
  'update',
  'health_status',
];

/** Which events of an engine: as `filters` of `GET /events`. */
export type Events = Readonly<Record<string, readonly string[]>>;

/** Those of this device's containers. */
export function ofDevice(device: string): Events {
  return { type: ['container'], event: EVENTS, label: [`${Label.device}=${device}`] };
}

/**
 * Calls back with the id of a container (or of whatever it is) about which the engine has an event, and with none after every
 * (re)connection, because something may have been missed. Answers how to stop.
 */
export function watchEvents(engine: Engine, events: Events, changed: (id?: string) => void): () => void {
  const state = { stopped: false, sinceSeconds: 0, retryMs: FIRST_RETRY_MS, close: () => {} };
  const connect = async () => {
    const controller = new AbortController();
    state.close = () => controller.abort();
    await follow(engine, events, state, changed, controller.signal).catch(() => {});
    if (state.stopped) return;
    const timer = setTimeout(() => {
      if (state.stopped) return;
      changed();
      void connect();
    }, state.retryMs);
    state.close = () => clearTimeout(timer);
    state.retryMs = Math.min(LAST_RETRY_MS, state.retryMs * 2);
  };
  void connect();
  return () => {
    state.stopped = true;
    state.close();
  };
}

async function follow(
  engine: Engine,
  events: Events,
  state: { sinceSeconds: number; retryMs: number },
  changed: (id?: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const filters = JSON.stringify(events);
  const query = { filters, ...(state.sinceSeconds > 0 ? { since: String(state.sinceSeconds) } : {}) };
  const call = { method: 'GET', path: '/events', query, deadlineMs: SILENCE_MS, maxBytes: 256 * 1024 } as const;
  await engine.stream(
    call,
    (line) => {
      const event = readJson(line);
      state.retryMs = FIRST_RETRY_MS;
      state.sinceSeconds = Math.max(state.sinceSeconds, count(event['time']));
      changed(typeof event['id'] === 'string' ? event['id'] : undefined);
    },
    signal,
  );
}
