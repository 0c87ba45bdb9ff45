import { useState } from 'preact/hooks';
import { Dialog } from './dialog.tsx';
import { useHands } from './hands.ts';
import { Outcome, useSending, useSigner } from './sign.tsx';
import { appWord } from './wallet.ts';

/** A Compose file becomes a proposal: read by the emulator as a device would, signed here. */
export function Propose({ close }: { close: () => void }) {
  const { setup, ask } = useHands();
  const [app, setApp] = useState('hello');
  const [yaml, setYaml] = useState(setup.examples[0]?.yaml ?? '');
  const [seconds, setSeconds] = useState(300);
  const [problem, setProblem] = useState('');
  const [signer, chooser] = useSigner([]);
  const { state, send } = useSending();
  const submit = async (event: Event) => {
    event.preventDefault();
    const answer = await ask({ do: 'manifest', yaml });
    setProblem(answer.ok ? '' : answer.said);
    if (!answer.ok) return;
    const args = [appWord(app), answer.value, BigInt(seconds)];
    if (await send(signer, { title: `Propose ${app}`, call: 'propose', args })) close();
  };
  return (
    <Dialog title="Propose a release" close={close}>
      <form class="propose" onSubmit={(event) => void submit(event)}>
        <p>
          {setup.examples.map((example) => (
            <button key={example.name} type="button" class="button" onClick={() => setYaml(example.yaml)}>
              One that {example.name}
            </button>
          ))}
        </p>
        <label>
          Compose file
          <textarea
            class="mono"
            rows={14}
            value={yaml}
            spellcheck={false}
            onInput={(event) => setYaml(event.currentTarget.value)}
          />
        </label>
        <p class="row-of-fields">
          <label>
            App
            <input required pattern="[a-z0-9\-]{1,31}" value={app} onInput={(event) => setApp(event.currentTarget.value)} />
          </label>
          <label>
            Health window, seconds
            <input
              type="number"
              min={10}
              max={86400}
              value={seconds}
              onInput={(event) => setSeconds(Number(event.currentTarget.value))}
            />
          </label>
        </p>
        <p class="signing">
          {chooser}
          <button type="submit" class="button primary" disabled={!signer || state.isBusy}>
            Sign and propose
          </button>
        </p>
        {problem && <p class="outcome wrong">{problem}</p>}
        <Outcome state={state} />
      </form>
    </Dialog>
  );
}
