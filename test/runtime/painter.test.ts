import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { virtualClock } from '../../emulator/clock.ts';
import { createPainter, type Painter } from '../../runtime/painter.ts';
import type { InputEvent, Ports } from '../../runtime/ports/index.ts';
import { stubPorts } from '../emulator/support.ts';
import { MemoryDisplay } from '../support/display.ts';
import { insight, NOW_MS, nodeStatus, release } from '../support/screens.ts';

const painters = suite('painter');

interface Hand {
  readonly painter: Painter;
  readonly display: MemoryDisplay;
  readonly press: (event: InputEvent) => void;
  readonly wait: (ms: number) => Promise<void>;
  readonly ports: Ports;
  readonly lines: string[];
}

function held(own: Partial<Ports> = {}): Hand {
  const clock = virtualClock(NOW_MS);
  const display = new MemoryDisplay();
  const lines: string[] = [];
  let press: (event: InputEvent) => void = () => {};
  const ports = stubPorts({
    clock,
    display,
    input: {
      receive: (handler) => {
        press = handler;
      },
    },
    log: { write: (_, message) => lines.push(message) },
    ...own,
  });
  const status = () => nodeStatus('healthy', [release()]);
  const painter = createPainter({ ports, version: '0.1.0', status, insight: insight() });
  const wait = (ms: number) => clock.advanceTo(clock.nowMs() + ms);
  return { painter, display, press: (event) => press(event), wait, ports, lines };
}

async function tested(own: Partial<Ports> = {}): Promise<Hand> {
  const hand = held(own);
  hand.painter.selfTested({ ok: true, found: 'Docker Engine 20.10.24' });
  await hand.wait(250);
  return hand;
}

painters('during the self-test a hand does nothing', () => {
  const { painter, press } = held();
  press({ kind: 'key', key: 'right' });
  assert.is(painter.text()[0], 'classpad');
});

painters('a touch is answered at once, by the pixels under the finger and then by a page', async () => {
  const { painter, display, press } = await tested();
  assert.ok(painter.text().includes('HEALTHY'));
  display.take();
  press({ kind: 'touch', phase: 'down', x: 50, y: 500 });
  const [rectangle, ...more] = display.take();
  assert.equal(more, []);
  assert.ok(rectangle && rectangle.y >= 480 && rectangle.x + rectangle.width <= 107, 'one cell changed');
  press({ kind: 'touch', phase: 'up', x: 60, y: 510 });
  assert.is(painter.text()[0], 'Releases 14:32');
});

for (const [name, ask, withinMs] of [
  ['what has changed', 'request', 250],
  ['a new head', 'requestHead', 2000],
] as const) {
  painters(`${name} is shown within ${withinMs} ms, and at once after a pause`, async () => {
    const clock = virtualClock(NOW_MS);
    let number = 1;
    const status = () => ({ ...nodeStatus('healthy', [release()]), head: { ...nodeStatus('healthy', []).head, number } });
    const painter = createPainter({ ports: stubPorts({ clock }), version: '0.1.0', status, insight: insight() });
    painter.selfTested({ ok: true, found: 'Docker Engine 20.10.24' });
    const shows = async (afterMs: number) => {
      await clock.advanceTo(clock.nowMs() + afterMs);
      return painter.text().includes(`head ${number}`);
    };
    assert.ok(await shows(250));
    number += 1;
    painter[ask]();
    painter[ask]();
    assert.not.ok(await shows(withinMs - 1));
    assert.ok(await shows(1));
    assert.ok(await shows(withinMs));
    number += 1;
    painter[ask]();
    assert.ok(await shows(0));
    painter.stop();
  });
}

painters('a page left alone gives way to the state of the device', async () => {
  const { painter, press, wait } = await tested();
  press({ kind: 'key', key: 'right' });
  await wait(119_000);
  assert.match(painter.text()[0]!, 'More');
  await wait(20_000);
  assert.match(painter.text()[0]!, 'pad-01');
});

painters('settings are shown at once and outlast a restart', async () => {
  const first = await tested();
  const keys = ['right', 'up', 'up', 'middle', 'middle'] as const;
  for (const key of keys) first.press({ kind: 'key', key });
  assert.ok(first.painter.text().includes('> Clock UTC+1'), first.painter.text().join());
  assert.is(first.painter.text()[0], 'Settings 15:32');
  const second = await tested({ store: first.ports.store });
  assert.is(second.painter.text()[0], 'pad-01 15:32');
});

painters('settings that cannot be read are as from the factory', async () => {
  const { store } = stubPorts();
  store.write([['lcd/settings', Uint8Array.of(1, 2, 3)]]);
  const { painter } = await tested({ store });
  assert.is(painter.text()[0], 'pad-01 14:32');
});

painters('a display that fails is told of and ends nothing', async () => {
  const failing = {
    draw: () => {
      throw new Error('no such device');
    },
  };
  const { press, lines } = await tested({ display: failing });
  press({ kind: 'key', key: 'right' });
  assert.match(lines.at(-1)!, 'the display shows nothing: no such device');
});

painters('after its end nothing is drawn', async () => {
  const { painter, display, press, wait } = await tested();
  painter.stop();
  display.take();
  press({ kind: 'key', key: 'right' });
  await wait(60_000);
  assert.equal(display.take(), []);
});

painters.run();
