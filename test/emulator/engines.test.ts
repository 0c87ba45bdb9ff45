import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { enginesOf, type RealEngine } from '../../emulator/engines.ts';
import { noContainers } from './support.ts';

const test = suite('emulator/engines');

/** An engine that writes down what is asked of it. */
function fakeEngine(own: Partial<RealEngine> = {}) {
  const asked: string[] = [];
  const maker = (url: string, device: string): RealEngine => ({
    containers: { ...noContainers, describe: async () => `engine at ${url}` },
    reach: async () => ({ host: '10.0.0.2', port: 80 }),
    ensureHelloImage: async () => void asked.push(`${device} image`),
    clear: async () => void asked.push(`${device} clear`),
    close: () => void asked.push(`${device} close`),
    ...own,
  });
  return { asked, maker };
}

const said: string[] = [];
const out = { line: (text: string) => void said.push(text) };

test('without an address containers are virtual', async () => {
  const engines = enginesOf(undefined, undefined);
  assert.is(engines.make, undefined);
  assert.is(await engines.prepare(), 'virtual containers');
  await engines.cleanUp(out);
});

test('an address without a way there is refused', () => {
  assert.throws(() => enginesOf('unix:///x', undefined), /without a way to a Docker Engine/);
});

test('prepares the image once, and cleans up after every device that was made', async () => {
  const { asked, maker } = fakeEngine();
  const engines = enginesOf('unix:///x', maker);
  assert.is(await engines.prepare(), 'engine at unix:///x');
  engines.make!('pad-01');
  engines.make!('pad-02');
  await engines.cleanUp(out);
  assert.equal(asked.slice(0, 2), ['pad-01 image', 'pad-01 close']);
  assert.equal(asked.slice(2).sort(), ['pad-01 clear', 'pad-01 close', 'pad-02 clear', 'pad-02 close']);
});

test('cleans up only when nothing is being made any more', async () => {
  let finish: (id: string) => void = () => {};
  const create = () =>
    new Promise<string>((resolve) => {
      finish = resolve;
    });
  const { asked, maker } = fakeEngine({ containers: { ...noContainers, create } });
  const engines = enginesOf('unix:///x', maker);
  const creating = engines.make!('pad-01').containers.create({} as never);
  const cleaning = engines.cleanUp(out);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(asked, []);
  finish('id');
  await Promise.all([creating, cleaning]);
  assert.equal(asked, ['pad-01 clear', 'pad-01 close']);
});

test('what cannot be cleaned up is said, and the engine is closed all the same', async () => {
  const clear = async () => {
    throw new Error('it went away');
  };
  const { asked, maker } = fakeEngine({ clear });
  const engines = enginesOf('unix:///x', maker);
  engines.make!('pad-01');
  await engines.cleanUp(out);
  assert.equal(said, ['not all of unix:///x could be cleaned up: it went away']);
  assert.equal(asked, ['pad-01 close']);
});

test('an engine that does not answer is named', async () => {
  const { maker } = fakeEngine({ containers: noContainers });
  const refusal = await enginesOf('unix:///x', maker)
    .prepare()
    .catch((error: Error) => error.message);
  assert.is(refusal, '--docker unix:///x: not in this test');
});

test.run();
