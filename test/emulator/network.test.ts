import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { virtualClock } from '../../emulator/clock.ts';
import { type VirtualNetwork, virtualNetwork } from '../../emulator/network.ts';
import { seededRandom } from '../../emulator/random.ts';
import { MAX_MESSAGE_BYTES } from '../../runtime/consensus/messages.ts';
import type { Network } from '../../runtime/ports/index.ts';
import { quietNetwork } from '../support/network.ts';

const test = suite('emulator/network');

interface Bench {
  readonly cables: VirtualNetwork;
  readonly a: Network;
  readonly b: Network;
  readonly heard: string[];
  wait(ms: number): Promise<void>;
}

function bench(seed = 'net'): Bench {
  const clock = virtualClock(0);
  const cables = virtualNetwork(clock, seededRandom(seed));
  const heard: string[] = [];
  const join = (name: string): Network => {
    const network = cables.join(name, quietNetwork);
    network.receive((peer, message) => heard.push(`${clock.nowMs()} ${peer}>${name} ${[...message]}`));
    return network;
  };
  return { cables, a: join('a'), b: join('b'), heard, wait: (ms) => clock.advanceTo(clock.nowMs() + ms) };
}

const send = (network: Network, to: string, count: number): void => {
  for (let index = 0; index < count; index += 1) network.send(to, Uint8Array.of(index));
};

test('a message arrives, a little later', async () => {
  const { a, heard, wait } = bench();
  a.send('b', Uint8Array.of(1, 2));
  await wait(1);
  assert.equal(heard, []);
  await wait(20);
  assert.match(heard[0]!, /^([2-9]|1[0-2]) a>b 1,2$/);
});

test('a message is copied: what the sender does to it later changes nothing', async () => {
  const { a, heard, wait } = bench();
  const message = Uint8Array.of(1);
  a.send('b', message);
  message[0] = 9;
  await wait(20);
  assert.match(heard[0]!, /a>b 1$/);
});

test('the same seed brings the same delays', async () => {
  const both = [bench(), bench()];
  for (const { a, wait } of both) {
    send(a, 'b', 20);
    await wait(50);
  }
  assert.equal(both[0]!.heard, both[1]!.heard);
  assert.is(new Set(both[0]!.heard.map((line) => line.split(' ')[0])).size > 3, true);
});

const say = ({ a }: Bench): void => a.send('b', Uint8Array.of(1));
const cut = ({ cables }: Bench): void => cables.setLink('b', 'a', { cut: true });
const lose = ({ cables }: Bench): void => cables.setLink('a', 'b', { lossRate: 1 });
const leave = ({ cables }: Bench): void => cables.leave('b');

const silent: [name: string, steps: ((bench: Bench) => void)[]][] = [
  ['a cut cable', [cut, say]],
  ['a cable cut on the way', [say, cut]],
  ['a cable that loses all', [lose, say]],
  ['nobody of that name', [({ a }) => a.send('z', Uint8Array.of(1))]],
  ['a device that has left', [say, leave]],
  ['too much at once', [({ a }) => a.send('b', new Uint8Array(MAX_MESSAGE_BYTES + 1))]],
];

for (const [name, steps] of silent) {
  test(`nothing arrives through or at ${name}`, async () => {
    const own = bench();
    for (const step of steps) step(own);
    await own.wait(100);
    assert.equal(own.heard, []);
  });
}

test('peers are those in reach, in order', () => {
  const { cables, a } = bench();
  cables.join('c', quietNetwork);
  assert.equal(a.peers(), ['b', 'c']);
  cables.setLink('a', 'b', { cut: true });
  assert.equal(a.peers(), ['c']);
  cables.heal();
  cables.leave('c');
  assert.equal(a.peers(), ['b']);
});

test('a lossy cable loses about its share', async () => {
  const { cables, a, heard, wait } = bench();
  cables.setLink('a', 'b', { lossRate: 0.3 });
  send(a, 'b', 1000);
  await wait(100);
  assert.ok(heard.length > 640 && heard.length < 760, `${heard.length} of about 700`);
});

test.run();
