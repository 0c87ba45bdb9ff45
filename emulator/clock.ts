import type { Clock } from '../runtime/ports/index.ts';

/** Time that moves only when told. */
export interface VirtualClock extends Clock {
  /**
   * Moves to `timeMs` and runs on the way whatever falls due, moment by moment, with everything that follows from one moment
   * settled before the next: so two runs that ask for the same things do them in the same order. Stops on the way, right after
   * a moment, when there has been `enough`. Of the moments at `timeMs` itself it lets pass all, or until there were so many.
   */
  advanceTo(timeMs: number, enough?: () => boolean, moments?: number): Promise<void>;
  /** How many moments have passed at the present instant. */
  moments(): number;
  /** When the next callback is due; `undefined` if none waits. */
  nextDueMs(): number | undefined;
}

interface Alarm {
  /** The end of the tick in which it is due. */
  readonly tickMs: number;
  readonly dueMs: number;
  /** Order among alarms of one instant: first asked, first called. */
  readonly order: number;
  callback: (() => void) | undefined;
}

/**
 * A clock that stands at `startMs`, in milliseconds since 1970. `idle` resolves when nothing is left to happen at one moment.
 * Time passes in ticks: what falls due within one happens at its end, in the order in which it is due, then in that in which it was
 * asked for.
 */
export function virtualClock(startMs: number, idle: () => Promise<void> = settled, everyMs = 1): VirtualClock {
  const alarms: Alarm[] = [];
  let nowMs = startMs;
  let moments = 0;
  let orders = 0;

  const moveTo = (timeMs: number): void => {
    if (timeMs <= nowMs) return;
    nowMs = timeMs;
    moments = 0;
  };
  const runNext = async (untilMs: number, most: number): Promise<boolean> => {
    dropCancelled(alarms);
    const tickMs = alarms[0]?.tickMs;
    if (tickMs === undefined || tickMs > untilMs) return false;
    if (tickMs >= untilMs && (nowMs < untilMs ? 0 : moments) >= most) return false;
    moveTo(tickMs);
    moments += 1;
    const last = orders;
    // What is asked for from now on has its turn after these.
    while (alarms[0] && alarms[0].tickMs <= nowMs && alarms[0].order < last) {
      const { callback } = alarms[0];
      removeFirst(alarms);
      callback?.();
    }
    await idle();
    return true;
  };

  return {
    nowMs: () => nowMs,
    after(delayMs, callback) {
      const dueMs = nowMs + Math.max(0, Math.ceil(delayMs));
      // Without a delay it is the next moment of this instant, wherever in a tick that is.
      const tickMs = dueMs === nowMs ? nowMs : startMs + Math.ceil((dueMs - startMs) / everyMs) * everyMs;
      const alarm: Alarm = { tickMs, dueMs, order: orders++, callback };
      insert(alarms, alarm);
      return () => {
        alarm.callback = undefined;
      };
    },
    moments: () => moments,
    async advanceTo(timeMs, enough = () => false, most = Number.POSITIVE_INFINITY) {
      await idle();
      while (!enough()) {
        if (await runNext(timeMs, most)) continue;
        moveTo(timeMs);
        return;
      }
    },
    nextDueMs() {
      dropCancelled(alarms);
      return alarms[0]?.tickMs;
    },
  };
}

/** Resolves when no promise is left that could settle by itself. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const isBefore = (a: Alarm, b: Alarm): boolean => (a.tickMs - b.tickMs || a.dueMs - b.dueMs || a.order - b.order) < 0;

function dropCancelled(heap: Alarm[]): void {
  while (heap[0] && !heap[0].callback) removeFirst(heap);
}

/** A binary heap, the earliest alarm first. */
function insert(heap: Alarm[], alarm: Alarm): void {
  let at = heap.length;
  heap.push(alarm);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!isBefore(alarm, heap[parent]!)) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = alarm;
}

function removeFirst(heap: Alarm[]): void {
  const last = heap.pop()!;
  if (heap.length === 0) return;
  let at = 0;
  while (true) {
    let child = 2 * at + 1;
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
    if (child >= heap.length || !isBefore(heap[child]!, last)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
}
