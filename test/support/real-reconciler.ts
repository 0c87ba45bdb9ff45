import { systemClock } from '../../firmware-bridge/system/clock.ts';
import type { Containers } from '../../runtime/ports/index.ts';
import { Reconciler } from '../../runtime/reconcile/reconciler.ts';
import type { Wanted } from '../../runtime/reconcile/wanted.ts';
import { DEVICE, plainHome } from './model-engine.ts';

/** A reconciler by itself, on this machine's clock; it looks again every second, and what it says goes into `lines`. */
export function realReconciler(containers: Containers, wanted: () => Wanted | undefined, lines: string[]): Reconciler {
  return new Reconciler({
    ...plainHome(),
    device: DEVICE,
    containers,
    clock: systemClock(),
    log: { write: (_, line) => void lines.push(line) },
    intervalMs: 1000,
    wanted,
    onLook: () => {},
    draining: () => new Map(),
    onChange: () => {},
  });
}
