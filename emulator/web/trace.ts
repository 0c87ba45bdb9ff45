import type { TracePoint, ViewState } from '../protocol.ts';

/** A stretch of the ledger in which a device ran one revision in one state; bounds in blocks, with fractions. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly revision: number;
  readonly state: ViewState;
}

/** The stretches of a trace between two bounds; what happened inside one block is spread evenly over its column. */
export function stretchesOf(trace: readonly TracePoint[], from: number, to: number): Stretch[] {
  const starts = startsOf(trace);
  return trace.flatMap((point, index) => {
    const left = Math.max(from, starts[index]!);
    const right = Math.min(to, starts[index + 1] ?? to);
    return left < right ? [{ from: left, to: right, revision: point.revision, state: point.state }] : [];
  });
}

function startsOf(trace: readonly TracePoint[]): number[] {
  const counts = new Map<number, number>();
  for (const { block } of trace) counts.set(block, (counts.get(block) ?? 0) + 1);
  const seen = new Map<number, number>();
  return trace.map(({ block }) => {
    const before = seen.get(block) ?? 0;
    seen.set(block, before + 1);
    return block + before / counts.get(block)!;
  });
}

/** A level line with square dips: a failing line is told from others without its colour. */
export function notched(from: number, to: number, y: number): string {
  const parts = [`M${round(from)} ${y}`];
  for (let x = from + 8; x + 4 < to; x += 12) parts.push(`H${round(x)}V${y + 4}H${round(x + 4)}V${y}`);
  return `${parts.join('')}H${round(to)}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
