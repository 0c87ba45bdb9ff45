import type { Snapshot } from '../protocol.ts';
import { Mark, StateTag } from './marks.tsx';
import { stateOf, Track } from './track.tsx';
import { decisionOn, type Release, reasonsOf, type Tally, tallyOf } from './votes.ts';
import { shortName } from './words.ts';

/** More boxes than this have no room for names. */
const NAMED_BOXES = 10;

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
          <Track release={release} snapshot={snapshot} />
          <Votes release={release} snapshot={snapshot} />
          <Why release={release} snapshot={snapshot} />
        </>
      ) : (
        <p class="quiet">
          Nothing to decide. <code>npx classpad deploy examples/hello/compose.yaml</code> proposes one.
        </p>
      )}
    </section>
  );
}

/** A box for each voter; those who decided stand first, and the line is where the decision falls. */
function Votes({ release, snapshot }: { release: Release; snapshot: Snapshot }) {
  const { boxes, isBack, count, needed } = tallyOf(release, snapshot);
  const { healthyVotes, unhealthyVotes, voters } = release;
  return (
    <div class="votes">
      <h3>
        {isBack ? 'Roll back' : 'Keep'}
        <span>
          <b>
            {count} of {voters}
          </b>
          , needs {needed}
        </span>
      </h3>
      <ol class={boxes.length > NAMED_BOXES ? 'slim' : ''} style={{ '--count': Math.max(1, boxes.length), '--quorum': needed }}>
        {boxes.map((box) => (
          <Box key={box.device.name} {...box} />
        ))}
        <i class="quorum-line" aria-hidden="true" />
      </ol>
      <p class="quiet">
        {healthyVotes} healthy, {unhealthyVotes} unhealthy, {Math.max(0, voters - healthyVotes - unhealthyVotes)} waiting
      </p>
    </div>
  );
}

/** What the devices complain of, and what the ledger said last. */
function Why({ release, snapshot }: { release: Release; snapshot: Snapshot }) {
  const last = decisionOn(release, snapshot.ledger);
  return (
    <ul class="why">
      {reasonsOf(release, snapshot.ledger).map(({ reason, who }) => (
        <li key={reason}>
          <Mark state="failed" size={12} />
          <span>{reason}</span>
          <span class="quiet">{who.map(shortName).join(', ')}</span>
        </li>
      ))}
      {last && (
        <li>
          <Mark state={last.state} size={12} />
          <span>{last.text}</span>
          <span class="quiet">block {last.block}</span>
        </li>
      )}
    </ul>
  );
}

function Box({ device, vote }: Tally['boxes'][number]) {
  const word = vote ?? (device.state === 'offline' ? 'cut off' : 'not yet');
  const look = vote ? `voted ${vote}` : device.state === 'offline' ? 'cut-off' : 'waiting';
  return (
    <li class={look} title={`${device.name}: ${word}`}>
      {vote && <Mark state={vote === 'healthy' ? 'healthy' : 'failed'} size={13} />}
      <span>{shortName(device.name)}</span>
      <span class="unseen"> {word}</span>
    </li>
  );
}
