import type { TracePoint, ViewState } from '../protocol.ts';

/** A stretch of the ledger in which a device ran one revision in one state; bounds in blocks, with fractions. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly revision: number;
  readonly state: ViewState;
  /** Whether it begins inside of the bounds. */
  readonly begins: boolean;
  /** The revision before it, where it begins inside of the bounds after another. */
  readonly before?: number;
}

/** The stretches of a trace between two bounds; what happened inside one block is spread evenly over its column. */
export function stretchesOf(trace: readonly TracePoint[], from: number, to: number): Stretch[] {
  const starts = startsOf(trace);
  return trace.flatMap(({ revision, state }, index) => {
    const left = Math.max(from, starts[index]!);
    const right = Math.min(to, starts[index + 1] ?? to);
    const begins = starts[index]! >= from;
    const before = begins ? trace[index - 1]?.revision : undefined;
    return left < right ? [{ from: left, to: right, revision, state, begins, ...(before !== undefined && { before }) }] : [];
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
