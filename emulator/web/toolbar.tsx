import type { Snapshot } from '../protocol.ts';
import { useHands, useView } from './hands.ts';
import { toolsOn } from './tools.ts';

/** What one can do to the boards, and what is broken by it. */
export function Tools({ snapshot }: { snapshot: Pick<Snapshot, 'devices' | 'trunks' | 'broken'> }) {
  const { look, setup, ask } = useHands();
  const view = useView();
  const wounds = woundsOf(
    snapshot,
    setup.sites.map(({ name }) => name),
  );
  return (
    <nav class="tools" aria-label="Tools">
      <h2>Tools</h2>
      {toolsOn(setup.faults).map(({ id, title, key, icon }) => (
        <button
          key={id}
          type="button"
          class="tool"
          aria-pressed={view.tool === id}
          title={`${title} (${key})`}
          onClick={() => look({ tool: id })}
        >
          <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
            <path d={icon} />
          </svg>
          <span>{title}</span>
          <kbd>{key}</kbd>
        </button>
      ))}
      <div class="wounds">
        {wounds.length > 0 && (
          <>
            <b>
              {wounds.length} {wounds.length === 1 ? 'fault' : 'faults'}
            </b>
            {wounds.slice(0, 3).map((text) => (
              <span key={text}>{text}</span>
            ))}
            {wounds.length > 3 && <span>and {wounds.length - 3} more</span>}
            <button type="button" class="link" onClick={() => void ask({ do: 'mend', id: 'all' })}>
              Mend all
            </button>
          </>
        )}
      </div>
    </nav>
  );
}

/** What is broken now, in a few words each. */
function woundsOf(
  { devices, trunks, broken }: Pick<Snapshot, 'devices' | 'trunks' | 'broken'>,
  sites: readonly string[],
): readonly string[] {
  return [
    ...devices.filter(({ cable }) => cable === 'cut').map(({ name }) => `${name} cut`),
    ...trunks.flatMap((state, at) => (state === 'cut' ? [`${sites[at]} to ${sites[at + 1]} cut`] : [])),
    ...broken.map(
      ({ title, devices: names }) =>
        `${names.length === devices.length ? 'all' : names.slice(0, 2).join(', ')}: ${title.toLowerCase()}`,
    ),
  ];
}
