import { useEffect } from 'preact/hooks';
import type { Snapshot } from '../protocol.ts';
import { useHands, useView } from './hands.ts';
import { Mark } from './marks.tsx';

export interface Said {
  readonly sentence: string;
  readonly isWrong: boolean;
}

const SHOWN_MS = 6000;

/** What the emulator answered, for a while. */
export function Toast({ said, close }: { said: Said | undefined; close: () => void }) {
  useEffect(() => {
    if (!said) return undefined;
    const timer = setTimeout(close, SHOWN_MS);
    return () => clearTimeout(timer);
  }, [said]);
  return (
    <div class="toast-place" role="status">
      {said && (
        <p class="toast">
          <Mark state={said.isWrong ? 'failed' : 'healthy'} />
          {said.sentence}
          <button type="button" class="link" onClick={close}>
            Close
          </button>
        </p>
      )}
    </div>
  );
}

/** A link made in another world, or at another moment of this one, says so and leads there. */
export function Notice({ snapshot }: { snapshot: Snapshot }) {
  const { setup, ask, look } = useHands();
  const view = useView();
  const { seed, at } = view;
  const forget = () => {
    // The address has forgotten it already; this forgets it here.
    look({ seed: setup.seed, at: snapshot.head.number });
  };
  if (seed !== undefined && seed !== setup.seed)
    return (
      <p class="notice">
        This link was made in the world of seed <b>{seed}</b>; this one runs seed <b>{setup.seed}</b>.
        <button type="button" class="button" onClick={() => void ask({ do: 'restart', seed }).then(forget)}>
          Restart with {seed}
        </button>
        <button type="button" class="link" onClick={forget}>
          Stay here
        </button>
      </p>
    );
  if (at === undefined || at >= snapshot.head.number) return null;
  return (
    <p class="notice">
      This link was made at block <b>{at}</b>; the world has gone on to {snapshot.head.number}.
      <button type="button" class="button" onClick={() => void ask({ do: 'back', block: at }).then(forget)}>
        Go back there
      </button>
      <button type="button" class="link" onClick={forget}>
        Stay here
      </button>
    </p>
  );
}
