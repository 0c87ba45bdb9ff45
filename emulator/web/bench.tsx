import type { ComponentChildren } from 'preact';
import type { DeviceView, Snapshot } from '../protocol.ts';
import type { Lcds } from './lcd.ts';
import { LcdCanvas } from './lcd-canvas.tsx';
import { StateTag } from './marks.tsx';
import { hostOf, reach } from './words.ts';

interface Props {
  readonly snapshot: Snapshot;
  readonly lcds: Lcds;
  readonly chosen: number;
  readonly choose: (index: number) => void;
  readonly open: (index: number) => void;
}

/** The boards on their bench, each with its cable to the ledger. */
export function Bench({ snapshot, lcds, chosen, choose, open }: Props) {
  const { devices, head } = snapshot;
  if (devices.length === 0) return <EmptyBench note="No devices yet." />;
  const density = densityOf(devices.length);
  const perRow = Math.ceil(devices.length / Math.ceil(devices.length / PER_ROW[density]));
  return (
    <section class="bench" data-density={density} aria-label="Bench" style={{ '--count': perRow }}>
      <div class="stage">
        {devices.map((device, index) => (
          <div class={`place ${device.state}`} key={device.name}>
            <Tag device={device} />
            <button
              type="button"
              class={`board ${device.state}`}
              aria-pressed={index === chosen}
              aria-label={`${device.name}, ${device.stateText}`}
              title={`${device.name}: double click or enter for true size`}
              data-device={index}
              onClick={() => choose(index)}
              onDblClick={() => open(index)}
            >
              <Looks>
                <LcdCanvas index={index} lcds={lcds} text={`LCD of ${device.name}`} />
              </Looks>
            </button>
            <Cable isCut={device.state === 'offline'} isSequencer={device.sequencer} head={head.number} />
            <div class="rail" aria-hidden="true">
              <i class={device.state === 'offline' ? 'port dead' : 'port'} />
            </div>
          </div>
        ))}
      </div>
      <Together snapshot={snapshot} />
    </section>
  );
}

/** What the bench looks like before there is a device. */
export function EmptyBench({ note }: { note: string }) {
  return (
    <section class="bench" data-density="few" aria-label="Bench">
      <div class="stage empty" aria-hidden="true">
        {[0, 1, 2, 3].map((index) => (
          <div class="place" key={index}>
            <div class="tag" />
            <div class="board outline">
              <Looks>
                <div class="lcd" />
              </Looks>
            </div>
          </div>
        ))}
      </div>
      <p class="together dashed">{note}</p>
    </section>
  );
}

type Density = keyof typeof PER_ROW;

/** Boards in a row, where the page is wide enough. */
const PER_ROW = { few: 8, many: 10, crowd: 16 };

/** More than eight boards are drawn smaller, more than 24 tiny and with a mark for a name tag. */
function densityOf(count: number): Density {
  return count <= 8 ? 'few' : count <= 24 ? 'many' : 'crowd';
}

function Tag({ device }: { device: DeviceView }) {
  return (
    <div class="tag">
      <b>{device.name}</b>
      <StateTag state={device.state} text={device.stateText} />
      <span class="runs">
        {device.release || 'no release'}
        {device.sequencer && <span class="badge">sequencer</span>}
      </span>
      {device.proxyUrl && (
        <a
          href={device.proxyUrl}
          target="_blank"
          rel="noreferrer"
          aria-label={`${hostOf(device.proxyUrl)}, served by ${device.name}`}
        >
          {hostOf(device.proxyUrl).replace(/^127\.0\.0\.1/, '')}
        </a>
      )}
    </div>
  );
}

/** A handheld: lamp, glass, three keys. Everything but the LCD is paper. */
function Looks({ children }: { children: ComponentChildren }) {
  return (
    <>
      <i class="lamp" />
      <span class="glass">{children}</span>
      <span class="keys-row">
        <i />
        <i />
        <i />
      </span>
      <i class="plug" />
    </>
  );
}

const WIRE = 'M30 0C30 15 24 18 25 28S30 39 30 46';

/** The cable to the ledger. A block runs out of the sequencer's and into the others'. */
function Cable({ isCut, isSequencer, head }: { isCut: boolean; isSequencer: boolean; head: number }) {
  return (
    <svg class="cable" width="60" height="46" viewBox="0 0 60 46" aria-hidden="true">
      {isCut ? (
        <>
          <path class="wire" d="M30 0C30 8 27 11 23 16" />
          <path class="fray" d="M23 16l-5 3M23 16l-3 6M23 16l1 6" />
          <path class="wire" d="M30 46C30 41 33 37 37 33" />
          <path class="fray" d="M37 33l5-2M37 33l3-6M37 33l-1-5" />
        </>
      ) : (
        <>
          <path class="wire" d={WIRE} />
          <circle
            key={head}
            class={isSequencer ? 'packet down' : 'packet up'}
            r="3.2"
            style={{ offsetPath: `path("${WIRE}")` }}
          />
        </>
      )}
    </svg>
  );
}

/** The bracket under the bench: which group can decide. */
function Together({ snapshot }: { snapshot: Snapshot }) {
  const { reachable, quorum, sentence } = reach(snapshot);
  const alone = snapshot.devices.filter((device) => device.state === 'offline').map((device) => device.name);
  const isLost = quorum !== undefined && reachable < quorum;
  return (
    <p class={isLost ? 'together dashed' : 'together'}>
      <span>
        <b>{sentence.split(',')[0]}</b>
        {sentence.slice(sentence.split(',')[0]!.length)}
        {alone.length > 0 && <em>. Cut off: {listed(alone)}</em>}
      </span>
    </p>
  );
}

/** The first three names, and how many more. */
function listed(names: readonly string[]): string {
  const more = names.length - 3;
  return `${names.slice(0, 3).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
