import { memo } from 'preact/compat';
import type { ChangeView, RevisionView, Snapshot } from '../protocol.ts';
import { useHands } from './hands.ts';
import { Mark, StateTag } from './marks.tsx';
import { Sign } from './sign.tsx';
import { stateOf, Track } from './track.tsx';
import { decisionOn, likelyCause, type Release, reasonsOf, tallyOf, type Vote } from './votes.ts';
import { shortName } from './words.ts';

/** More boxes than this have no room for names. */
const NAMED_BOXES = 10;
const CHANGES_SHOWN = 5;

type Shown = Pick<Snapshot, 'release' | 'revisions' | 'ledger' | 'devices'>;

/** The latest release: how far it came, what it changes, who voted what; below it what waits for signatures. */
export const ReleasePanel = memo(function ReleasePanel({ snapshot }: { snapshot: Shown }) {
  const { open } = useHands();
  const { release, revisions } = snapshot;
  const waiting = revisions.filter(({ phase }) => phase === 'proposed');
  const shown = release && revisions.find(({ app, revision }) => app === release.app && revision === release.revision);
  return (
    <section class="panel release" aria-label="Release">
      <header>
        <h2>{release ? `${release.app} r${release.revision}` : 'No release yet'}</h2>
        {release && <StateTag state={stateOf(release)} text={release.phase} />}
        <button type="button" class="button" onClick={() => open('propose')}>
          Propose…
        </button>
      </header>
      {release ? (
        <>
          <Track release={release} snapshot={snapshot} />
          {shown && <Changes revision={shown} reasons={reasonsOf(release, snapshot.ledger).map(({ reason }) => reason)} />}
          <Votes release={release} snapshot={snapshot} />
          <Why release={release} snapshot={snapshot} />
        </>
      ) : (
        <p class="quiet">
          Nothing to decide. Propose a Compose file here, or with <code>npx classpad deploy</code>.
        </p>
      )}
      {waiting.map((revision) => (
        <Sign key={`${revision.app} ${revision.revision}`} revision={revision} revisions={revisions} />
      ))}
    </section>
  );
});

/** What differs from the active revision, the row that fits the complaint marked. */
function Changes({ revision: { changes }, reasons }: { revision: RevisionView; reasons: readonly string[] }) {
  if (changes.length === 0) return null;
  const cause = likelyCause(changes, reasons);
  return (
    <dl class="changes">
      {changes.slice(0, CHANGES_SHOWN).map((change) => (
        <Change key={change.field} change={change} isCause={change === cause} />
      ))}
    </dl>
  );
}

function Change({ change: { field, before, after }, isCause }: { change: ChangeView; isCause: boolean }) {
  return (
    <div class={isCause ? 'cause' : ''} title={`${field}: ${before || 'nothing'} → ${after || 'nothing'}`}>
      <dt>{field.split('.').at(-1)}</dt>
      <dd>
        {before && <del>{before} → </del>}
        <ins>{after || 'removed'}</ins>
      </dd>
      {isCause && (
        <dd>
          <em>likely cause</em>
        </dd>
      )}
    </div>
  );
}

/** A box for each voter; those who decided stand first, and the line is where the decision falls. */
function Votes({ release, snapshot }: { release: Release; snapshot: Shown }) {
  const { boxes, isBack, count, needed } = tallyOf(release, snapshot);
  const { healthyVotes, unhealthyVotes, voters } = release;
  const waiting = Math.max(0, voters - healthyVotes - unhealthyVotes);
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
        {boxes.map(({ device, vote }) => (
          <Box key={device.name} name={device.name} isAway={device.state === 'offline'} vote={vote} />
        ))}
        <i class="quorum-line" aria-hidden="true" />
      </ol>
      <p class="quiet">
        {healthyVotes} healthy, {unhealthyVotes} unhealthy
        {waiting > 0 && (release.phase === 'rolling out' ? `, ${waiting} waiting` : `, ${waiting} not needed`)}
      </p>
    </div>
  );
}

/** What the devices complain of, and what the ledger said last. */
function Why({ release, snapshot }: { release: Release; snapshot: Shown }) {
  const last = decisionOn(release, snapshot.ledger);
  const reasons = reasonsOf(release, snapshot.ledger);
  if (!last && reasons.length === 0) return null;
  return (
    <ul class="why">
      {reasons.slice(0, 3).map(({ reason, who }) => (
        <li key={reason}>
          <Mark state="failed" size={12} />
          <span>{reason}</span>
          <span class="quiet">{who.slice(0, 6).map(shortName).join(', ')}</span>
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

interface BoxProps {
  readonly name: string;
  /** Whether it cannot be reached. */
  readonly isAway: boolean;
  readonly vote: Vote | undefined;
}

const Box = memo(function Box({ name, isAway, vote }: BoxProps) {
  const word = vote ?? (isAway ? 'cut off' : 'not yet');
  const look = vote ? `voted ${vote}` : isAway ? 'cut-off' : 'waiting';
  return (
    <li class={look} title={`${name}: ${word}`}>
      {vote && <Mark state={vote === 'healthy' ? 'healthy' : 'failed'} size={13} />}
      <span>{shortName(name)}</span>
      <span class="unseen"> {word}</span>
    </li>
  );
});
