import { useEffect, useRef, useState } from 'preact/hooks';
import type { RevisionView } from '../protocol.ts';
import { useHands } from './hands.ts';
import { appWord, keepOwnKey, read, readRelease, type ShownRelease, type Signer, signersOf, transact } from './wallet.ts';

const HEALTH_WINDOW_S = 300n;
/** A node without power does not answer. */
const ASK_AGAIN_MS = 1000;

/** A call that is signed only after it was asked for twice. */
interface Intent {
  readonly title: string;
  readonly call: string;
  /** Asked for when it is signed: some have to be read from the ledger first. */
  readonly args: readonly unknown[] | (() => Promise<readonly unknown[]>);
}

/** A proposal that waits: who signed it, and the buttons to sign or to answer it with the active revision. */
export function Sign({ revision, revisions }: { revision: RevisionView; revisions: readonly RevisionView[] }) {
  const { app, signed, needed } = revision;
  const active = revisions.find((one) => one.app === app && one.phase === 'active');
  const [signer, chooser] = useSigner(signed);
  const [intent, setIntent] = useState<Intent | undefined>();
  const { state, send } = useSending();
  const shown = useRelease(revision);
  return (
    <div class="sign">
      <Proposal revision={revision} />
      {shown && <Facts shown={shown} />}
      <Signatures signed={signed} needed={needed} />
      <div class="signing">
        {chooser}
        {intent ? (
          <Confirm
            intent={intent}
            signer={signer}
            isBusy={state.isBusy}
            cancel={() => setIntent(undefined)}
            go={() => void send(signer, intent).then((done) => done && setIntent(undefined))}
          />
        ) : (
          <Choices revision={revision} shown={shown} active={active} isReady={signer !== undefined} choose={setIntent} />
        )}
      </div>
      <p class="quiet">{whatRejectingIs(revision, active)}</p>
      <Outcome state={state} />
    </div>
  );
}

const nameOf = ({ app, revision }: RevisionView): string => `${app} r${revision}`;

function whatRejectingIs(revision: RevisionView, active: RevisionView | undefined): string {
  const { needed } = revision;
  if (!active)
    return 'The contract knows no veto, and nothing is active that could be proposed instead: unsigned, it never runs.';
  return `The contract knows no veto: to reject is to propose what r${active.revision} runs once more. With ${
    needed || 'enough'
  } signatures that rolls out, and ${nameOf(revision)} never runs.`;
}

function Proposal({ revision }: { revision: RevisionView }) {
  const [change] = revision.changes;
  return (
    <p>
      <b>{nameOf(revision)}</b> proposed
      {change && (
        <span class="quiet">
          {' '}
          {change.field.split('.').at(-1)} {change.before} → {change.after}
        </span>
      )}
    </p>
  );
}

function Signatures({ signed, needed }: Pick<RevisionView, 'signed' | 'needed'>) {
  const { setup } = useHands();
  return (
    <p class="signed">
      {setup.operators.map(({ name }) => (
        <span key={name} class={signed.includes(name) ? 'has' : ''}>
          {signed.includes(name) && <Tick />}
          {name}
        </span>
      ))}
      <span class="quiet">
        {signed.length} of {needed || '?'} signed
      </span>
    </p>
  );
}

/** What the ledger has of it; nothing until the node that is asked has shown it. */
function useRelease({ app, revision }: RevisionView): ShownRelease | undefined {
  const { setup } = useHands();
  const [shown, setShown] = useState<ShownRelease | undefined>();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isWanted = true;
    const look = () =>
      readRelease(setup, app, revision).then(
        (release) => isWanted && setShown(release),
        () => {
          if (isWanted) timer = setTimeout(look, ASK_AGAIN_MS);
        },
      );
    void look();
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [setup, app, revision]);
  return shown;
}

/** All that an approval is of. */
function Facts({ shown: { facts, manifest, releaseHash } }: { shown: ShownRelease }) {
  return (
    <>
      <dl class="changes facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <details>
        <summary>
          Release <code>{releaseHash.slice(0, 18)}…</code>
        </summary>
        <code class="whole">{releaseHash}</code>
        <pre class="whole">{manifest}</pre>
      </details>
    </>
  );
}

interface ChoicesProps {
  readonly revision: RevisionView;
  readonly shown: ShownRelease | undefined;
  readonly active: RevisionView | undefined;
  readonly isReady: boolean;
  readonly choose: (intent: Intent) => void;
}

/** To approve, or to reject by a proposal of what is active. */
function Choices({ revision, shown, active, isReady, choose }: ChoicesProps) {
  const { setup } = useHands();
  const name = nameOf(revision);
  const word = appWord(revision.app);
  const approve: Intent | undefined = shown && {
    title: `Approve ${name}`,
    call: 'approve',
    args: [word, BigInt(revision.revision), shown.releaseHash],
  };
  const reject: Intent | undefined = active && {
    title: `Answer ${name} with r${active.revision}`,
    call: 'propose',
    args: async () => [word, await read(setup, 'manifest', [word, BigInt(active.revision)]), HEALTH_WINDOW_S],
  };
  const title = active
    ? `Proposes what r${active.revision} runs once more; with enough signatures it takes the place of ${name}`
    : 'Nothing is active to go back to';
  return (
    <>
      <button
        type="button"
        class="button primary sign-it"
        data-sign
        disabled={!isReady || !approve}
        onClick={() => approve && choose(approve)}
      >
        Approve…
      </button>
      <button type="button" class="button" disabled={!isReady || !reject} title={title} onClick={() => reject && choose(reject)}>
        Reject…
      </button>
    </>
  );
}

function Tick() {
  return (
    <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
      <path d="M1.5 5.5 4 8l4.5-6" />
    </svg>
  );
}

export interface Sending {
  readonly isBusy: boolean;
  readonly said: string;
  readonly isWrong: boolean;
}

/** Signing and sending, with what came of it: the reason of a refusal stands where the button is. */
export function useSending() {
  const { setup } = useHands();
  const [state, setState] = useState<Sending>({ isBusy: false, said: '', isWrong: false });
  const send = async (signer: Signer | undefined, { title, call, args }: Intent): Promise<boolean> => {
    if (!signer) return false;
    setState({ isBusy: true, said: 'Signing…', isWrong: false });
    try {
      setState({
        isBusy: false,
        said: `${title}: ${await transact(setup, signer, call, typeof args === 'function' ? await args() : args)}`,
        isWrong: false,
      });
      return true;
    } catch (error) {
      setState({ isBusy: false, said: (error as Error).message, isWrong: true });
      return false;
    }
  };
  return { state, send };
}

export function Outcome({ state: { said, isWrong } }: { state: Sending }) {
  return (
    <p class={isWrong ? 'outcome wrong' : 'outcome'} role="status">
      {said}
    </p>
  );
}

/** Asks once more, saying who signs what. */
function Confirm({
  intent,
  signer,
  isBusy,
  cancel,
  go,
}: {
  intent: Intent;
  signer: Signer | undefined;
  isBusy: boolean;
  cancel: () => void;
  go: () => void;
}) {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => button.current?.focus(), []);
  return (
    <span class="confirm">
      <button ref={button} type="button" class="button primary" disabled={isBusy} onClick={go}>
        {intent.title} as {signer?.name}
      </button>
      <button type="button" class="button" onClick={cancel}>
        No
      </button>
    </span>
  );
}

/** Who signs: an operator of the emulator, or a key of one's own for this tab. The first who has not signed yet is offered. */
export function useSigner(signed: readonly string[]) {
  const { setup } = useHands();
  const [count, setCount] = useState(0);
  const [name, setName] = useState('');
  const [problem, setProblem] = useState<string | undefined>();
  const signers = signersOf(setup);
  const fallback = signers.find((one) => !signed.includes(one.name)) ?? signers[0];
  const signer = signers.find((one) => one.name === name) ?? fallback;
  const isOwn = name === 'own key';
  const chooser = (
    <>
      <select
        aria-label="Sign as"
        value={isOwn ? name : (signer?.name ?? '')}
        onChange={(event) => setName(event.currentTarget.value)}
      >
        {signers
          .filter((one) => one.name !== 'own key')
          .map((one) => (
            <option key={one.name} value={one.name}>
              {one.name}
            </option>
          ))}
        <option value="own key">own key…</option>
      </select>
      {isOwn && (
        <input
          class="own-key"
          type="password"
          autocomplete="off"
          placeholder="0x… kept in this tab only"
          aria-label="Private key, kept in this tab only"
          onChange={(event) => {
            setProblem(keepOwnKey(event.currentTarget.value.trim()));
            setCount(count + 1);
          }}
        />
      )}
      {isOwn && problem && <span class="wrong">{problem}</span>}
    </>
  );
  return [isOwn && signer?.name !== 'own key' ? undefined : signer, chooser] as const;
}
