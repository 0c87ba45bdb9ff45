import { memo } from 'preact/compat';
import type { Detail, DeviceView, LogLine } from '../protocol.ts';
import { useTakeAway } from './add.tsx';
import { Faults } from './faults.tsx';
import { useHands } from './hands.ts';
import { LogView } from './log.tsx';
import { Mark, StateTag } from './marks.tsx';
import { bytesText, elapsedParts, grouped, hostOf, spanText } from './words.ts';

interface Props {
  readonly device: DeviceView;
  readonly index: number;
  readonly head: number;
  readonly detail: Detail | undefined;
}

const MEMORY_LIMIT = 64 * 1024 ** 2;

/** The chosen device: what the world knows of it, and word for word what its LCD says. */
export const DevicePanel = memo(function DevicePanel({ device, index, head, detail }: Props) {
  const { setup, open } = useHands();
  const takeAway = useTakeAway();
  const site = setup.sites.find(({ from, to }) => index >= from && index < to);
  const own = detail?.device === device.name ? detail : undefined;
  return (
    <section class="panel device" aria-label={`Chosen device: ${device.name}`}>
      <header>
        <h2>{device.name}</h2>
        <StateTag state={device.state} text={device.stateText} />
        <span class="buttons">
          {device.isStranger && <Enrol device={device} />}
          <Power device={device} />
          <Faults device={device} />
          <button type="button" class="button" title="True size, 320 × 528" onClick={() => open('zoom')}>
            Open
          </button>
        </span>
      </header>
      <p class="quiet where">
        {[
          site?.name,
          device.release,
          device.sequencer && 'makes the blocks',
          device.isStranger && 'not of the fleet',
          !device.powered && 'without power',
        ]
          .filter(Boolean)
          .join(', ')}
        {!device.sequencer && (
          <button type="button" class="link" title="For good (delete)" onClick={() => takeAway(device.name)}>
            Take away
          </button>
        )}
      </p>
      <Meters device={device} head={head} />
      <Containers detail={own} device={device} />
      <h3>
        Log <span class="quiet">{own && own.log.length > 0 ? 'newest below' : ''}</span>
      </h3>
      <LogView lines={own?.log ?? NO_LINES} />
      <Requests detail={own} device={device} />
      <h3 id="screen-says">Its screen says</h3>
      <ul class="screen-text" aria-labelledby="screen-says">
        {device.screen.map((line, at) => (
          <li key={at}>{line}</li>
        ))}
        {device.screen.length === 0 && <li>nothing: it is dark</li>}
      </ul>
    </section>
  );
});

const NO_LINES: readonly LogLine[] = [];

/** For who came while nobody could sign, or was there before there was a fleet. */
function Enrol({ device: { name } }: { device: DeviceView }) {
  const { ask } = useHands();
  return (
    <button type="button" class="button" onClick={() => void ask({ do: 'enrol', device: name })}>
      Enrol
    </button>
  );
}

function Power({ device: { name, powered } }: { device: DeviceView }) {
  const { ask } = useHands();
  const fault = powered ? 'cut-power' : 'restore-power';
  return (
    <button type="button" class="button" onClick={() => void ask({ do: 'fault', fault, devices: [name] })}>
      {powered ? 'Power off' : 'Power on'}
    </button>
  );
}

function Meters({ device, head }: { device: DeviceView; head: number }) {
  const { memoryBytes, battery, skewMs, head: own } = device;
  const behind = head - own;
  return (
    <dl class="meters">
      <Meter
        name="memory"
        value={memoryBytes === 0 ? 'none' : bytesText(memoryBytes)}
        share={memoryBytes / MEMORY_LIMIT}
        isBad={memoryBytes > MEMORY_LIMIT * 0.9}
      />
      <Meter
        name="battery"
        value={battery === undefined ? 'mains' : `${battery}%`}
        share={(battery ?? 100) / 100}
        isBad={battery !== undefined && battery < 15}
      />
      <Meter
        name="clock skew"
        value={skewMs === 0 ? 'none' : spanText(skewMs)}
        share={Math.min(1, Math.abs(skewMs) / 60_000)}
        isBad={Math.abs(skewMs) > 60_000}
      />
      <Meter
        name="head"
        value={behind > 0 ? `${grouped(behind)} behind` : grouped(own)}
        share={head === 0 ? 0 : own / head}
        isBad={behind > 20}
      />
    </dl>
  );
}

function Meter({ name, value, share, isBad }: { name: string; value: string; share: number; isBad: boolean }) {
  return (
    <div class={isBad ? 'bad' : ''}>
      <dt>{name}</dt>
      <dd>
        {value}
        <i class="meter" style={{ '--share': Math.max(0, Math.min(1, share)) }} />
      </dd>
    </div>
  );
}

function Containers({ detail, device }: { detail: Detail | undefined; device: DeviceView }) {
  return (
    <table class="containers">
      <caption class="unseen">Containers</caption>
      <tbody>
        {(detail?.containers ?? []).map(({ name, state, stateText, image, restarts }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>
              <StateTag state={state} text={stateText} />
              {restarts > 0 && <span class="quiet"> {restarts} restarts</span>}
            </td>
            <td title={image}>{image.split('@')[0]}</td>
          </tr>
        ))}
        {device.steps.map((step) => (
          <tr key={step}>
            <th scope="row">doing</th>
            <td colSpan={2}>
              <StateTag state="changing" text={step} />
            </td>
          </tr>
        ))}
        {(detail?.containers.length ?? 0) === 0 && device.steps.length === 0 && (
          <tr>
            <td class="quiet">No containers.</td>
          </tr>
        )}
      </tbody>
    </table>
  );
}

function Requests({ detail, device }: { detail: Detail | undefined; device: DeviceView }) {
  const rows = detail?.requests.slice(-4) ?? [];
  return (
    <>
      <h3>
        Requests through the proxy{' '}
        <span class="quiet">
          {detail && detail.requestCount > rows.length && `last ${rows.length} of ${grouped(detail.requestCount)}`}
          {device.proxyUrl && (
            <a href={device.proxyUrl} target="_blank" rel="noreferrer">
              {hostOf(device.proxyUrl)}
            </a>
          )}
        </span>
      </h3>
      <table class="requests">
        <caption class="unseen">Requests</caption>
        <tbody>
          {rows.map(({ id, at, method, path, status, tookMs, release }) => (
            <tr key={id}>
              <td class="quiet">{momentText(at)}</td>
              <td>
                {method} {path}
              </td>
              <td>
                <Mark state={status < 500 ? 'healthy' : 'failed'} size={11} /> {status} {release}
              </td>
              <td>{tookMs} ms</td>
            </tr>
          ))}
          {rows.length === 0 && (
            <tr>
              <td class="quiet">None yet.</td>
            </tr>
          )}
        </tbody>
      </table>
    </>
  );
}

function momentText(ms: number): string {
  const [clock, rest] = elapsedParts(ms);
  return `${clock.slice(3)}${rest}`;
}
