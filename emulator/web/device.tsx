import type { ComponentChildren } from 'preact';
import type { DeviceView } from '../protocol.ts';
import { StateTag } from './marks.tsx';
import { grouped, hostOf } from './words.ts';

/** The chosen device: what the world knows of it, and word for word what its LCD says. */
export function DevicePanel({ device, head, open }: { device: DeviceView; head: number; open: () => void }) {
  const behind = head - device.head;
  return (
    <section class="panel device" aria-label={`Chosen device: ${device.name}`}>
      <header>
        <h2>{device.name}</h2>
        <StateTag state={device.state} text={device.stateText} />
        {device.sequencer && <span class="badge">sequencer</span>}
        <button type="button" class="button" onClick={open}>
          True size
        </button>
      </header>
      <dl class="facts">
        <Fact name="runs">{device.release || 'nothing'}</Fact>
        <Fact name="vote">{device.vote ?? 'not yet'}</Fact>
        <Fact name="head">
          {grouped(device.head)}
          {behind > 0 && <span class="behind"> {grouped(behind)} behind</span>}
        </Fact>
        <Fact name="peers">{device.peers}</Fact>
      </dl>
      <dl class="lines">
        <div>
          <dt>address</dt>
          <dd class="mono">{device.address}</dd>
        </div>
        <div>
          <dt>serves</dt>
          <dd>
            {device.proxyUrl ? (
              <a href={device.proxyUrl} target="_blank" rel="noreferrer">
                {hostOf(device.proxyUrl)}
              </a>
            ) : (
              'nothing'
            )}
          </dd>
        </div>
        <div>
          <dt>does now</dt>
          <dd>
            {device.steps.join(', ') || (device.state === 'healthy' ? 'nothing: it runs what the ledger wants' : 'it waits')}
          </dd>
        </div>
      </dl>
      <h3 id="screen-says">Its screen says</h3>
      <ul class="screen-text" aria-labelledby="screen-says">
        {device.screen.map((line, index) => (
          <li key={index}>{line}</li>
        ))}
        {device.screen.length === 0 && <li>nothing: it is dark</li>}
      </ul>
    </section>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
