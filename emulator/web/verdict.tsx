import { memo } from 'preact/compat';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Snapshot } from '../protocol.ts';
import { Mark } from './marks.tsx';
import { countOf, STATES } from './words.ts';
import { WayOut } from './world-menu.tsx';

const HOLD_MS = 500;

/** The one sentence on what is changing, and the fleet counted in four shapes. */
export const Verdict = memo(function Verdict({
  snapshot,
}: {
  snapshot: Pick<Snapshot, 'verdict' | 'devices' | 'clock' | 'head'>;
}) {
  const { devices, clock } = snapshot;
  const head = snapshot.head.number;
  const verdict = useHeld(snapshot.verdict);
  // With the sentence itself, not a moment later.
  useLayoutEffect(() => {
    document.title = `${verdict.sentence} · classpad`;
  }, [verdict.sentence]);
  return (
    <section class="verdict" aria-label="Verdict">
      <div>
        <h1 aria-live="polite">
          <Mark state={verdict.state} size={26} />
          <span>{verdict.sentence}</span>
        </h1>
        <p>
          <Stressed text={verdict.detail} />
        </p>
        {(clock.crashed !== undefined || devices.some(({ stateText }) => stateText === 'stopped')) && <WayOut head={head} />}
      </div>
      <ul class="tally">
        {STATES.map((state) => (
          <li key={state}>
            <Mark state={state} size={18} />
            <b>{countOf(snapshot.devices, state)}</b>
            <span>{state}</span>
          </li>
        ))}
      </ul>
    </section>
  );
});

/** What counts in a sentence: who, and how many. */
const COUNTS = /(\bpad-[\w-]+|\b\d+ (?:un)?healthy\b|\b\d+ of \d+\b)/;

function Stressed({ text }: { text: string }) {
  return <>{text.split(COUNTS).map((part, at) => (at % 2 ? <b key={at}>{part}</b> : part))}</>;
}

/** The newest value, but none that lasted less than half a second: those are found in the ledger, not on screen. */
function useHeld<T extends { readonly sentence: string }>(value: T): T {
  const [shown, setShown] = useState(value);
  const newest = useRef(value);
  const sinceMs = useRef(0);
  newest.current = value;
  useEffect(() => {
    const wait = Math.max(0, sinceMs.current + HOLD_MS - performance.now());
    const timer = setTimeout(() => {
      sinceMs.current = performance.now();
      setShown(newest.current);
    }, wait);
    return () => clearTimeout(timer);
  }, [value.sentence]);
  return shown.sentence === value.sentence ? value : shown;
}
