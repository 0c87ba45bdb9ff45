import { useState } from 'preact/hooks';
import type { Looks } from '../protocol.ts';
import { Shell } from './board.tsx';
import { Dialog } from './dialog.tsx';
import { useHands } from './hands.ts';

/** One more board: how it looks, and at which site it stands. */
export function AddBoard({ close }: { close: () => void }) {
  const { setup, ask, choose, now, say, viewNow } = useHands();
  const [looks, setLooks] = useState(setup.looks.name);
  const [site, setSite] = useState(viewNow().site ?? setup.sites.at(-1)?.name ?? '');
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    const answer = await ask({ do: 'add', site, ...(looks !== setup.looks.name && { looks }) });
    setBusy(false);
    if (!answer.ok) return;
    say(`${answer.said}${now().clock.paused ? ' as soon as time passes' : ''}`, false);
    choose(String(answer.value));
    close();
  };
  return (
    <Dialog title="Add a board" close={close}>
      <form class="add" onSubmit={(event) => void submit(event)}>
        <fieldset class="choices">
          <legend>Board</legend>
          {setup.boards.map((one) => (
            <Choice key={one.name} looks={one} isChosen={one.name === looks} choose={() => setLooks(one.name)} />
          ))}
        </fieldset>
        <fieldset class="choices sites-of">
          <legend>Site</legend>
          {setup.sites.map(({ name, from, to }) => (
            <label key={name} class="choice">
              <input type="radio" name="site" value={name} checked={name === site} onChange={() => setSite(name)} />
              <span>
                <b>{name}</b> <span class="quiet">{to - from === 1 ? '1 device' : `${to - from} devices`}</span>
              </span>
            </label>
          ))}
        </fieldset>
        <p class="quiet">
          It boots, takes the ledger over from its neighbours, and the emulator's operators enrol it: two of them sign. From then
          on it runs what the fleet runs, and votes.
        </p>
        <p class="signing">
          <button type="submit" class="button primary" disabled={isBusy}>
            Add {setup.boards.find(({ name }) => name === looks)?.title.toLowerCase()}
          </button>
        </p>
      </form>
    </Dialog>
  );
}

function Choice({ looks, isChosen, choose }: { looks: Looks; isChosen: boolean; choose: () => void }) {
  return (
    <label class="choice looks-of">
      <input type="radio" name="looks" value={looks.name} checked={isChosen} onChange={choose} />
      <span class="board" style={{ aspectRatio: `${looks.width} / ${looks.height}` }}>
        <Shell looks={looks} />
      </span>
      <b>{looks.title}</b>
    </label>
  );
}

/** At the end of a site's rail. */
export function AddHere({ site }: { site: string }) {
  const { look, open } = useHands();
  const here = () => {
    look({ site });
    open('add');
  };
  return (
    <button type="button" class="add-here" aria-label={`Add a board at ${site}`} title={`Add a board at ${site}`} onClick={here}>
      <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
        <path d="M6 1.5v9M1.5 6h9" />
      </svg>
    </button>
  );
}

/** Asks first: what is taken away does not come back. */
export function useTakeAway(): (name: string) => void {
  const { ask, say, now } = useHands();
  return (name) => {
    if (!confirm(takeAwayQuestion(name))) return;
    void ask({ do: 'remove', device: name }).then(({ ok, said }) => {
      if (ok) say(`${said}${now().clock.paused ? ' as soon as time passes' : ''}`, false);
    });
  };
}

export const takeAwayQuestion = (name: string): string =>
  `Take ${name} away for good? Its containers and its store go with it, and the operators revoke it.`;
