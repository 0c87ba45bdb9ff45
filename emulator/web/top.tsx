import { memo } from 'preact/compat';
import type { Snapshot } from '../protocol.ts';
import { useHands } from './hands.ts';
import { toHash } from './link.ts';
import { switchTheme } from './theme.ts';
import { elapsedParts, grouped, reach } from './words.ts';
import { WorldMenu } from './world-menu.tsx';

export const SPEEDS: readonly (number | 'max')[] = [0.25, 1, 8, 64, 'max'];

interface Props {
  readonly snapshot: Snapshot;
  readonly silentSeconds: number | undefined;
}

/** Who speaks, at what time, and how fast it passes; whether the ledger can decide. */
export function TopBar({ snapshot, silentSeconds }: Props) {
  const { setup, open } = useHands();
  return (
    <header class="top">
      <span class="brand">
        <svg width="13" height="21" viewBox="0 0 13 21" aria-hidden="true">
          <rect width="13" height="21" rx="3" />
          <rect class="hole" x="2.5" y="3" width="8" height="10.5" rx="1" />
          <rect class="hole" x="4.5" y="16" width="4" height="2" rx="1" />
        </svg>
        <span>classpad</span>
      </span>
      <span class="pair wide" title={`version ${setup.version}`}>
        {setup.containers}
      </span>
      <span class="pair wide">
        <span>seed</span> <code>{setup.seed}</code>
      </span>
      <Transport snapshot={snapshot} silentSeconds={silentSeconds} />
      <span class="spring" />
      <span class="pair" title={snapshot.head.hash}>
        <span>head</span> <b class="head">{grouped(snapshot.head.number)}</b>
      </span>
      <Quorum snapshot={snapshot} />
      <WorldMenu snapshot={snapshot} />
      <span class="icons">
        <CopyLink snapshot={snapshot} />
        <IconButton
          label="Light or dark (T)"
          onClick={switchTheme}
          path="M8 .5a7.5 7.5 0 1 1 0 15 7.5 7.5 0 0 1 0-15ZM8 2v12A6 6 0 0 0 8 2Z"
        />
        <button type="button" class="icon-button wide" aria-label="Keys (?)" title="Keys (?)" onClick={() => open('help')}>
          ?
        </button>
      </span>
    </header>
  );
}

function IconButton({
  label,
  path,
  onClick,
  isMain = false,
}: {
  label: string;
  path: string;
  onClick: () => void;
  isMain?: boolean;
}) {
  return (
    <button type="button" class={isMain ? 'icon-button main' : 'icon-button'} aria-label={label} title={label} onClick={onClick}>
      <svg width="14" height="14" viewBox="0 0 16 16" aria-hidden="true">
        <path fill-rule="evenodd" d={path} />
      </svg>
    </button>
  );
}

/** The clock and its keys. */
function Transport({ snapshot, silentSeconds }: Props) {
  const { ask } = useHands();
  const { elapsedMs, paused, speed, pausedBecause, pauseAt } = snapshot.clock;
  const [clock, rest] = elapsedParts(elapsedMs);
  return (
    <span class="transport">
      <time class={silentSeconds === undefined ? 'clock' : 'clock lost'} dateTime={`PT${elapsedMs / 1000}S`}>
        {clock}
        <i>{rest}</i>
      </time>
      {silentSeconds !== undefined && (
        <span class="heard" role="status">
          last heard {silentSeconds} s ago
        </span>
      )}
      <IconButton
        label="Back one block (,)"
        path="M2 2h2v12H2zM14 2v12L5 8z"
        onClick={() => void ask({ do: 'back', block: Math.max(0, snapshot.head.number - 1) })}
      />
      <IconButton
        isMain
        label={paused ? 'Run (space)' : 'Pause (space)'}
        path={paused ? 'M4 2v12l10-6z' : 'M3 2h4v12H3zM9 2h4v12H9z'}
        onClick={() => void ask({ do: paused ? 'run' : 'pause' })}
      />
      <IconButton label="Forward one block (.)" path="M12 2h2v12h-2zM2 2v12l9-6z" onClick={() => void ask({ do: 'step' })} />
      <fieldset class="speeds">
        <legend class="unseen">Speed</legend>
        {SPEEDS.map((one) => (
          <button key={one} type="button" aria-pressed={one === speed} onClick={() => void ask({ do: 'speed', speed: one })}>
            {one === 0.25 ? '¼' : one === 'max' ? 'max' : `${one}×`}
          </button>
        ))}
      </fieldset>
      {pausedBecause !== undefined && <span class="heard paused">paused: {pausedBecause}</span>}
      {pauseAt !== undefined && <span class="quiet wide">pauses at {pauseAt}</span>}
    </span>
  );
}

/** Copies an address that shows this world at this moment as it is looked at now. */
function CopyLink({ snapshot }: { snapshot: Snapshot }) {
  const { setup, say, viewNow } = useHands();
  const copy = async () => {
    const hash = toHash({ ...viewNow(), seed: setup.seed, at: snapshot.head.number });
    history.replaceState(null, '', hash);
    const done = await navigator.clipboard.writeText(location.href).then(
      () => true,
      () => false,
    );
    say(done ? 'The link to this view is copied' : 'The address of this page is the link to this view', false);
  };
  return (
    <IconButton
      label="Copy a link to this view"
      onClick={() => void copy()}
      path="M6.5 9.5 9.5 6.5M5 7 3 9a2.8 2.8 0 0 0 4 4l2-2M11 9l2-2a2.8 2.8 0 0 0-4-4L7 5"
    />
  );
}

/** A box for each device, hollow where it is out of reach, with the line that the ledger needs to reach. */
function Quorum({ snapshot }: { snapshot: Snapshot }) {
  const { reachable, total, quorum, isLost } = reach(snapshot);
  if (total === 0) return null;
  return (
    <span class="pair">
      <Boxes reachable={reachable} total={total} quorum={quorum} />
      <b>
        {reachable} of {total}
      </b>
      <span class="wide">
        quorum {quorum}, {isLost ? 'lost' : 'holding'}
      </span>
    </span>
  );
}

const Boxes = memo(function Boxes({ reachable, total, quorum }: { reachable: number; total: number; quorum: number }) {
  const width = Math.min(12, 72 / Math.max(1, total));
  return (
    <svg class="tiny-quorum" width={total * width} height="18" aria-hidden="true">
      {Array.from({ length: total }, (_, index) => (
        <rect
          key={index}
          class={index < reachable ? 'in' : 'out'}
          x={index * width + width / 8}
          y="5"
          width={width * 0.75}
          height="8"
          rx={Math.min(1, width / 8)}
        />
      ))}
      <line x1={quorum * width} x2={quorum * width} y1="0" y2="18" />
    </svg>
  );
});
