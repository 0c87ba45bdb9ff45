import type { Change, Snapshot } from './protocol.ts';

const FIELDS = ['clock', 'head', 'verdict', 'release', 'revisions', 'trunks', 'delays', 'broken'] as const;

/** All of a snapshot, for a page that knows nothing yet. */
export function whole({ devices, ledger, samples, ...fields }: Snapshot): Change {
  return { ...fields, fresh: true, devices: devices.map((view, index) => [index, view]), rows: ledger, samples };
}

/** What a page that knows `before` must be told; with nothing in it if it knows all. Rows and samples only ever grow at their end. */
export function changeOf(before: Snapshot, now: Snapshot): Change {
  const lastRow = before.ledger.at(-1);
  const lastNow = now.ledger.at(-1);
  // Time went back, so rows that were told have not happened.
  if (lastRow && (!lastNow || isBefore(lastNow, lastRow))) return whole(now);
  const change: Record<string, unknown> = {};
  for (const field of FIELDS) if (differ(before[field], now[field])) change[field] = now[field];
  const devices = now.devices
    .map((view, index) => [index, view] as const)
    .filter(([index, view]) => differ(before.devices[index], view));
  const rows = now.ledger.filter((row) => !lastRow || isBefore(lastRow, row));
  const lastAt = before.samples.at(-1)?.at ?? -1;
  const samples = now.samples.filter(({ at }) => at > lastAt);
  return {
    ...change,
    ...(devices.length > 0 && { devices }),
    ...(rows.length > 0 && { rows }),
    ...(samples.length > 0 && { samples }),
  };
}

interface Place {
  readonly block: number;
  readonly index: number;
}

const isBefore = (a: Place, b: Place): boolean => a.block < b.block || (a.block === b.block && a.index < b.index);

const differ = (a: unknown, b: unknown): boolean => a !== b && JSON.stringify(a) !== JSON.stringify(b);
