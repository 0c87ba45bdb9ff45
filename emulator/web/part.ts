import { useRef } from 'preact/hooks';
import type { Snapshot } from '../protocol.ts';

/** The same object for as long as none of these fields has changed: what is drawn from it alone need not be drawn again. */
export function usePart<K extends keyof Snapshot>(snapshot: Snapshot, ...fields: readonly K[]): Pick<Snapshot, K> {
  const kept = useRef(snapshot);
  if (fields.some((field) => kept.current[field] !== snapshot[field])) kept.current = snapshot;
  return kept.current;
}
