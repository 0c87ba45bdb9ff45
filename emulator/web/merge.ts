import type { Change, DeviceView, Snapshot } from '../protocol.ts';

const ROWS_KEPT = 1000;
const SAMPLES_KEPT = 600;

const NOTHING: Snapshot = {
  clock: { elapsedMs: 0, paused: false, speed: 1 },
  head: { number: 0, hash: '0x', timestamp: 0 },
  verdict: { state: 'offline', sentence: '', detail: '' },
  release: null,
  revisions: [],
  trunks: [],
  delays: { sites: [], trunks: [] },
  broken: [],
  devices: [],
  ledger: [],
  samples: [],
};

/** The snapshot after a change. What did not change is the same object as before, so that nothing of it is drawn again. */
export function merge(before: Snapshot | undefined, change: Change): Snapshot {
  const base = change.fresh || !before ? NOTHING : before;
  const { fresh: _, devices, rows, samples, ...fields } = change;
  return {
    ...base,
    ...fields,
    devices: devices ? replaced(base.devices, devices) : base.devices,
    ledger: rows ? [...base.ledger, ...rows].slice(-ROWS_KEPT) : base.ledger,
    samples: samples ? [...base.samples, ...samples].slice(-SAMPLES_KEPT) : base.samples,
  };
}

function replaced(devices: readonly DeviceView[], changed: NonNullable<Change['devices']>): readonly DeviceView[] {
  const out = [...devices];
  for (const [index, view] of changed) out[index] = view;
  return out;
}
