import { type Check, createScreen, screenModel, selfTestModel } from './display/index.ts';
import type { NodeStatus } from './node.ts';
import type { Ports } from './ports/index.ts';

/** Keeps the LCD in step with the node, a few times a second at most. */
export interface Painter {
  /** The status may have changed. */
  request(): void;
  /** The container engine's answer to the self-test; until then the self-test is shown. */
  selfTested(engine: { readonly ok: boolean; readonly found: string }): void;
  text(): string[];
  stop(): void;
}

const PAUSE_MS = 250;
/** So that the time of day and the battery move on by themselves. */
const IDLE_MS = 15_000;

type Status = Pick<NodeStatus, 'name' | 'address' | 'state' | 'head' | 'peers' | 'releases' | 'steps' | 'drifts'>;

export function createPainter(ports: Ports, version: string, status: () => Status): Painter {
  const { clock, device, display, vm } = ports;
  const screen = createScreen(display);
  const checks: Check[] = [
    { name: 'contract VM', state: 'healthy', found: vm.fork },
    { name: 'ledger', state: 'healthy', found: `block ${status().head.number}` },
    { name: 'containers', state: 'offline', found: 'waiting' },
  ];
  let isTested = false;
  let stopped = false;
  let paintedAtMs = Number.NEGATIVE_INFINITY;
  let dueAtMs = Number.POSITIVE_INFINITY;
  let cancel = () => {};

  function paint(): void {
    const nowMs = clock.nowMs();
    paintedAtMs = nowMs;
    dueAtMs = Number.POSITIVE_INFINITY;
    try {
      if (isTested) screen.show(screenModel({ ...status(), screen: [] }, device, nowMs));
      else screen.show(selfTestModel(device, version, checks, nowMs));
    } catch (error) {
      ports.log.write('warn', `the display shows nothing: ${(error as Error).message}`);
    }
    paintIn(IDLE_MS);
  }

  function paintIn(delayMs: number): void {
    const atMs = clock.nowMs() + delayMs;
    if (stopped || atMs >= dueAtMs) return;
    cancel();
    dueAtMs = atMs;
    cancel = clock.after(delayMs, paint);
  }

  paint();
  return {
    request: () => paintIn(Math.max(0, paintedAtMs + PAUSE_MS - clock.nowMs())),
    selfTested({ ok, found }) {
      if (isTested) return;
      checks[2] = { name: 'containers', state: ok ? 'healthy' : 'failed', found: found.replace('Docker Engine', 'Docker') };
      paint();
      isTested = true;
      paintIn(PAUSE_MS);
    },
    text: () => screen.text(),
    stop() {
      stopped = true;
      cancel();
    },
  };
}
