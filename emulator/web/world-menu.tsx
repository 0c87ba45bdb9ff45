import { useRef, useState } from 'preact/hooks';
import type { Snapshot } from '../protocol.ts';
import { useHands } from './hands.ts';
import { Menu } from './menu.tsx';

const CONDITIONS = ['failed any', 'fault any', 'changing any', 'offline any', 'failed pad-02'];
const DEVICES_MOST = 256;

/** What can be done to the whole world: kept, loaded, begun again, told how it came about, paused at a condition. */
export function WorldMenu({ snapshot }: { snapshot: Snapshot }) {
  const { setup, ask, say, open } = useHands();
  const file = useRef<HTMLInputElement>(null);
  const [devices, setDevices] = useState(snapshot.devices.length);
  const load = async (chosen: File | undefined) => {
    if (!chosen) return;
    const answer = await ask({ do: 'load', world: await chosen.text() });
    if (answer.ok) say(`${chosen.name} is lived again`, false);
  };
  return (
    <Menu title="World" name="world-menu">
      <PauseAt snapshot={snapshot} />
      <p>
        <SaveWorld />
        <button type="button" class="button" onClick={() => file.current?.click()}>
          Load world…
        </button>
        <input
          ref={file}
          type="file"
          accept=".json,application/json"
          hidden
          aria-label="File of a saved world"
          onChange={(event) => void load(event.currentTarget.files?.[0])}
        />
        <CopySteps />
      </p>
      <p>
        <button type="button" class="button" onClick={() => open('add')}>
          Add a board…
        </button>
        <span class="quiet"> It joins this world as it is. One that is chosen can be taken away.</span>
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void ask({ do: 'restart', seed: setup.seed, devices });
        }}
      >
        <label>
          Devices{' '}
          <input
            type="number"
            min={1}
            max={DEVICES_MOST}
            required
            value={devices}
            onInput={(event) => setDevices(Number(event.currentTarget.value))}
          />
        </label>
        <button type="submit" class="button">
          Begin again with {devices}
        </button>
        <span class="quiet">
          How many there are is part of a world's beginning: this one ends, and another begins at block 0 from the same seed. Save
          it first to keep it.
        </span>
      </form>
    </Menu>
  );
}

/** Pauses right after the moment that makes something hold. */
function PauseAt({ snapshot: { clock, head } }: { snapshot: Snapshot }) {
  const { ask } = useHands();
  const [condition, setCondition] = useState('');
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void ask({ do: 'pause at', condition });
      }}
    >
      <label>
        Pause at{' '}
        <input
          list="conditions"
          placeholder={`block ${head.number + 10}`}
          value={condition}
          required
          onInput={(event) => setCondition(event.currentTarget.value)}
        />
      </label>
      <datalist id="conditions">
        {[`block ${head.number + 10}`, ...CONDITIONS].map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
      <button type="submit" class="button">
        Set
      </button>
      {clock.pauseAt !== undefined && (
        <p>
          Will pause at <b>{clock.pauseAt}</b>{' '}
          <button type="button" class="link" onClick={() => void ask({ do: 'pause at', condition: '' })}>
            Forget
          </button>
        </p>
      )}
    </form>
  );
}

/** Everything that is needed to live this world again, as a file. */
function SaveWorld() {
  const { setup, ask, now } = useHands();
  const save = async () => {
    const answer = await ask({ do: 'save' });
    if (!answer.ok) return;
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([JSON.stringify(answer.value)], { type: 'application/json' }));
    link.download = `${setup.seed.replace(/[^\w-]+/g, '-')}-block-${now().head.number}.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  };
  return (
    <button type="button" class="button" onClick={() => void save()}>
      Save world
    </button>
  );
}

/** Seed, what was done and when, for a report. */
function CopySteps() {
  const { ask, say } = useHands();
  const copy = async () => {
    const answer = await ask({ do: 'steps' });
    if (!answer.ok) return;
    const done = await navigator.clipboard.writeText(String(answer.value)).then(
      () => true,
      () => false,
    );
    say(done ? 'The steps that led here are copied' : 'The browser does not let this page copy; save the world instead', !done);
  };
  return (
    <button type="button" class="button" onClick={() => void copy()}>
      Copy steps
    </button>
  );
}

/** After a stop: how to get away from it, and what a report needs. */
export function WayOut({ head }: { head: number }) {
  const { ask } = useHands();
  return (
    <p class="way-out">
      {head > 1 && (
        <button type="button" class="button primary" onClick={() => void ask({ do: 'back', block: head - 1 })}>
          Go back one block
        </button>
      )}
      <CopySteps />
      <SaveWorld />
    </p>
  );
}
