import type { DeviceView, LedgerRow, Snapshot, ViewState } from '../protocol.ts';
import { Mark, StateTag } from './marks.tsx';
import { reach } from './words.ts';

type Release = NonNullable<Snapshot['release']>;

/** The latest release: how far it came, and who voted what. */
export function ReleasePanel({ snapshot }: { snapshot: Snapshot }) {
  const { release } = snapshot;
  return (
    <section class="panel release" aria-label="Release">
      <header>
        <h2>{release ? `${release.app} r${release.revision}` : 'No release yet'}</h2>
        {release && <StateTag state={stateOf(release)} text={release.phase} />}
      </header>
      {release ? (
        <>
          <Track release={release} ledger={snapshot.ledger} />
          <Votes release={release} devices={snapshot.devices} />
        </>
      ) : (
        <p class="quiet">
          Nothing to decide. <code>npx classpad deploy examples/hello/compose.yaml</code> proposes one.
        </p>
      )}
      <p class="quiet foot">{reach(snapshot).sentence}.</p>
    </section>
  );
}

function stateOf(release: Release): ViewState {
  const states: Readonly<Record<string, ViewState>> = { active: 'healthy', 'rolled back': 'failed', superseded: 'offline' };
  return states[release.phase] ?? 'changing';
}

const STATIONS = [
  { label: 'proposed', event: 'Proposed', x: 8 },
  { label: 'approved', event: 'Approved', x: 114 },
  { label: 'rolling out', event: 'RollingOut', x: 216 },
  { label: 'active', event: 'Promoted', x: 316 },
] as const;

/** The way of a release, as a line with stations; a rollback bends back before the last. */
function Track({ release, ledger }: { release: Release; ledger: readonly LedgerRow[] }) {
  const from = ledger.findLastIndex((row) => row.what === 'Proposed');
  const rows = ledger.slice(Math.max(0, from));
  const blockOf = (event: string) => rows.findLast((row) => row.what === event)?.block;
  const blocks = STATIONS.map((station) => blockOf(station.event));
  const isBack = release.phase === 'rolled back';
  const reached =
    release.phase === 'active' || release.phase === 'superseded'
      ? 3
      : Math.max(
          0,
          blocks.findLastIndex((block) => block !== undefined),
        );
  const back = blockOf('RolledBack');
  return (
    <figure class="track">
      <svg viewBox="0 0 356 74" role="img" aria-label={trackText(release, blocks, back)}>
        <path class="ahead" d="M8 34H316" />
        <path class="done" d={`M8 34H${STATIONS[reached]!.x}`} />
        {isBack && (
          <>
            <path class="back" d="M216 34H262a9 9 0 0 0 9-9V21a9 9 0 0 0-9-9H118" />
            <path class="back" d="M124 6.5 118 12l6 5.5" />
            <path class="back-ahead" d="M110 12H10" />
            <text class="back-text" x="280" y="16">
              {release.previous ? `to r${release.previous}` : 'back'}
            </text>
          </>
        )}
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

function trackText(release: Release, blocks: readonly (number | undefined)[], back: number | undefined): string {
  const passed = STATIONS.flatMap(({ label }, index) =>
    blocks[index] === undefined ? [] : [`${label} in block ${blocks[index]}`],
  );
  const end = release.phase === 'rolled back' ? [`rolled back${back === undefined ? '' : ` in block ${back}`}`] : [];
  return `${release.app} r${release.revision}: ${[...passed, ...end].join(', ')}`;
}

/** A box for each voter; those who decided stand first, and the line is where a decision falls. */
function Votes({ release, devices }: { release: Release; devices: readonly DeviceView[] }) {
  const { healthyVotes, unhealthyVotes, quorum, voters } = release;
  const isBack = unhealthyVotes > healthyVotes;
  const leading = isBack ? 'unhealthy' : 'healthy';
  const weight = (device: DeviceView) => (device.vote === leading ? 0 : device.vote ? 1 : device.state === 'offline' ? 3 : 2);
  const sorted = [...devices].sort((a, b) => weight(a) - weight(b));
  const count = isBack ? unhealthyVotes : healthyVotes;
  return (
    <div class="votes">
      <h3>
        {isBack ? 'Roll back' : 'Keep'}
        <span>
          <b>
            {count} of {voters}
          </b>
          , needs {quorum}
        </span>
      </h3>
      <ol class={sorted.length > 10 ? 'slim' : ''} style={{ '--count': Math.max(1, sorted.length), '--quorum': quorum }}>
        {sorted.map((device) => (
          <li key={device.name} class={boxOf(device)} title={`${device.name}: ${wordOf(device)}`}>
            {device.vote && <Mark state={device.vote === 'healthy' ? 'healthy' : 'failed'} size={13} />}
            <span>{device.name.replace(/^.*-/, '')}</span>
            <span class="unseen"> {wordOf(device)}</span>
          </li>
        ))}
        <i class="quorum-line" aria-hidden="true" />
      </ol>
      <p class="quiet">
        {healthyVotes} healthy, {unhealthyVotes} unhealthy, {Math.max(0, voters - healthyVotes - unhealthyVotes)} waiting
      </p>
    </div>
  );
}

function boxOf(device: DeviceView): string {
  if (device.vote) return `voted ${device.vote}`;
  return device.state === 'offline' ? 'cut-off' : 'waiting';
}

function wordOf(device: DeviceView): string {
  return device.vote ?? (device.state === 'offline' ? 'cut off' : 'not yet');
}
