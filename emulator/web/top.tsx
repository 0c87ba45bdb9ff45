import type { Snapshot } from '../protocol.ts';
import { switchTheme } from './theme.ts';
import { elapsedParts, grouped, reach } from './words.ts';

interface Props {
  readonly snapshot: Snapshot;
  readonly silentSeconds: number | undefined;
  readonly help: () => void;
}

/** Who speaks, for how long, and whether the ledger can decide. */
export function TopBar({ snapshot, silentSeconds, help }: Props) {
  const [clock, rest] = elapsedParts(snapshot.elapsedMs);
  return (
    <header class="top">
      <span class="brand">
        <svg width="13" height="21" viewBox="0 0 13 21" aria-hidden="true">
          <rect width="13" height="21" rx="3" />
          <rect class="hole" x="2.5" y="3" width="8" height="10.5" rx="1" />
          <rect class="hole" x="4.5" y="16" width="4" height="2" rx="1" />
        </svg>
        classpad
      </span>
      <span class="pair wide">
        <b>{snapshot.containers}</b> <span>version {snapshot.version}</span>
      </span>
      <time class={silentSeconds === undefined ? 'clock' : 'clock lost'} dateTime={`PT${snapshot.elapsedMs / 1000}S`}>
        {clock}
        <i>{rest}</i>
      </time>
      {silentSeconds !== undefined && (
        <span class="heard" role="status">
          last heard {silentSeconds} s ago
        </span>
      )}
      <span class="spring" />
      <span class="pair" title={snapshot.head.hash}>
        <span>head</span> <b class="head">{grouped(snapshot.head.number)}</b>
      </span>
      <Quorum snapshot={snapshot} />
      <button type="button" class="icon-button" aria-label="Light or dark (T)" title="Light or dark (T)" onClick={switchTheme}>
        <svg width="15" height="15" viewBox="0 0 16 16" aria-hidden="true">
          <path fill-rule="evenodd" d="M8 .5a7.5 7.5 0 1 1 0 15 7.5 7.5 0 0 1 0-15ZM8 2v12A6 6 0 0 0 8 2Z" />
        </svg>
      </button>
      <button type="button" class="icon-button wide" aria-label="Keys (?)" title="Keys (?)" onClick={help}>
        ?
      </button>
    </header>
  );
}

/** A box for each device, hatched where it is cut off, with the line that the ledger needs to reach. */
function Quorum({ snapshot }: { snapshot: Snapshot }) {
  const { reachable, total, quorum } = reach(snapshot);
  const width = Math.min(12, 72 / Math.max(1, total));
  return (
    <span class="pair">
      <svg class="tiny-quorum" width={total * width} height="18" aria-hidden="true">
        {snapshot.devices.map((_, index) => (
          <rect
            key={index}
            class={index < reachable ? 'in' : 'out'}
            x={index * width + 1.5}
            y="5"
            width={Math.max(1, width - 3)}
            height="8"
            rx="1"
          />
        ))}
        {quorum !== undefined && <line x1={quorum * width} x2={quorum * width} y1="0" y2="18" />}
      </svg>
      <b>
        {reachable} of {total}
      </b>
      <span class="wide">
        {quorum === undefined ? 'connected' : `quorum ${quorum}, ${reachable >= quorum ? 'holding' : 'lost'}`}
      </span>
    </span>
  );
}
