import type { Snapshot, ViewState } from '../protocol.ts';
import { type Release, rowsOn } from './votes.ts';

const STATIONS = [
  { label: 'proposed', event: 'Proposed', x: 8 },
  { label: 'approved', event: 'Approved', x: 114 },
  { label: 'rolling out', event: 'RollingOut', x: 216 },
  { label: 'active', event: 'Promoted', x: 316 },
] as const;

/** How a release stands, as one of the four states. */
export function stateOf(release: Release): ViewState {
  const states: Readonly<Record<string, ViewState>> = { active: 'healthy', 'rolled back': 'failed', superseded: 'offline' };
  return states[release.phase] ?? 'changing';
}

/** The way of a release, as a line with stations; a rollback bends back before the last. */
export function Track({ release, snapshot }: { release: Release; snapshot: Pick<Snapshot, 'ledger' | 'devices'> }) {
  const rows = rowsOn(release, snapshot.ledger);
  const blockOf = (event: string) => rows.findLast((row) => row.what === event)?.block;
  const blocks = STATIONS.map((station) => blockOf(station.event));
  const reached = reachedOf(release, blocks);
  const isBack = release.phase === 'rolled back';
  return (
    <figure class="track">
      <svg viewBox="0 0 356 74" role="img" aria-label={textOf(release, blocks, blockOf('RolledBack'))}>
        <path class="ahead" d="M8 34H316" />
        <path class="done" d={`M8 34H${STATIONS[reached]!.x}`} />
        {isBack && <WayBack to={release.previous ?? runningOf(release, snapshot)} />}
        {STATIONS.map(({ label, x }, index) => (
          <g key={label} class={index < reached ? 'past' : index === reached ? `now ${stateOf(release)}` : 'coming'}>
            <rect x={x - 5} y="29" width="10" height="10" rx="2" />
            <text x={x - 5} y="56">
              {label}
            </text>
            <text class="block" x={x - 5} y="71">
              {index > reached ? '' : (blocks[index] ?? '')}
            </text>
          </g>
        ))}
      </svg>
    </figure>
  );
}

function WayBack({ to }: { to: number | undefined }) {
  return (
    <>
      <path class="back" d="M216 34H262a9 9 0 0 0 9-9V21a9 9 0 0 0-9-9H118" />
      <path class="back" d="M124 6.5 118 12l6 5.5" />
      <path class="back-ahead" d="M110 12H10" />
      <text class="back-text" x="280" y="16">
        {to === undefined ? 'back' : `to r${to}`}
      </text>
    </>
  );
}

/** Index of the last station it came to; a release that was superseded had been active, or never left. */
function reachedOf(release: Release, blocks: readonly (number | undefined)[]): number {
  if (release.phase === 'active') return 3;
  if (release.phase === 'superseded')
    return Math.max(
      0,
      blocks.findLastIndex((block) => block !== undefined),
    );
  return release.phase === 'proposed' ? 0 : 2;
}

/** The revision that devices run instead. */
function runningOf(release: Release, { devices }: Pick<Snapshot, 'devices'>): number | undefined {
  return devices.find(({ revision }) => revision > 0 && revision !== release.revision)?.revision;
}

function textOf(release: Release, blocks: readonly (number | undefined)[], back: number | undefined): string {
  const passed = STATIONS.flatMap(({ label }, index) =>
    blocks[index] === undefined ? [] : [`${label} in block ${blocks[index]}`],
  );
  const end = release.phase === 'rolled back' ? [`rolled back${back === undefined ? '' : ` in block ${back}`}`] : [];
  return `${release.app} r${release.revision}: ${[...passed, ...end].join(', ')}`;
}
