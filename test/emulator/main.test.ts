import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type EmulateOptions, emulate } from '../../emulator/main.ts';
import { dockerEngine } from '../../firmware-bridge/docker/index.ts';
import { createRpcServer } from '../../firmware-bridge/system/rpc-server.ts';
import type { FoundContainer } from '../../runtime/ports/index.ts';
import { startDockerd } from '../support/dockerd.ts';
import { root } from '../support/need.ts';

const test = suite('emulator/main');

function options(own: Partial<EmulateOptions>): EmulateOptions {
  return { devices: 2, port: 0, rpcPort: 0, once: true, seed: 'main', paceMs: 0, root, version: '0', ...own };
}

interface Ended {
  readonly code: number;
  readonly text: string;
}

/** Runs the emulator; `onLine` may end it. */
async function run(own: Partial<EmulateOptions>, onLine?: (text: string, end: () => void) => void): Promise<Ended> {
  const lines: string[] = [];
  const ending = new AbortController();
  const line = (text: string): void => {
    lines.push(text);
    onLine?.(text, () => ending.abort());
  };
  const code = await emulate(
    options(own),
    { line },
    { engine: dockerEngine, makeRpcServer: createRpcServer, ending: ending.signal },
  );
  return { code, text: lines.join('\n') };
}

async function refusal(own: Partial<EmulateOptions>): Promise<string> {
  return run(own).then(
    ({ text }) => `no refusal:\n${text}`,
    (error: Error) => error.message,
  );
}

test('plays the story on real ports and ends with 0', async () => {
  const { code, text } = await run({});
  assert.is(code, 0, text);
  assert.match(text, /2 devices, virtual containers, seed "main"/);
  assert.is(text.match(/✓/g)?.length, 11);
  assert.match(text, /requests during the rollout, none failed/);
  assert.match(text, /All as told, in /);
});

test('stays up when not told otherwise, says what to try, and ends when asked', async () => {
  const { code, text } = await run({ once: false }, (line, end) => {
    if (line.includes('Ctrl-C')) end();
  });
  assert.is(code, 0, text);
  assert.match(text, /npx classpad status --rpc http:\/\/127\.0\.0\.1:\d+/);
});

for (const [once, expected] of [
  [true, 130],
  [false, 0],
] as const) {
  test(`ends in the middle of the story when asked, ${once ? 'which was to be played once' : 'and that is no failure'}`, async () => {
    const { code, text } = await run({ once }, (line, end) => {
      if (line.includes('are enrolled')) end();
    });
    assert.is(code, expected);
    assert.not.match(text, /✗/);
  });
}

const refused: [name: string, own: Partial<EmulateOptions>, sentence: RegExp][] = [
  ['no devices', { devices: 0 }, /^--devices takes a whole number from 1 to 256$/],
  ['too many devices', { devices: 257 }, /^--devices takes/],
  ['no number', { port: Number.NaN }, /^--port takes a whole number from 0 to 65535$/],
  ['no room after the port', { port: 65_534, devices: 4 }, /^--port 65534 leaves no room for 4 devices/],
  ['ports in each other’s way', { port: 4400, rpcPort: 4402 }, /^--rpc-port 4402 lies among the ports 4400 to 4402/],
  ['a negative pace', { paceMs: -1 }, /^--pace takes/],
  ['headless without a scenario', { headless: true }, /^--headless plays a scenario; name one/],
  ['a scenario on a real engine', { docker: 'unix:///x', scenario: 'x.yaml' }, /^a scenario breaks what it needs/],
  ['a speed that is none', { speed: 0 }, /^--speed takes a number from 0.1 to 1000, or max$/],
  ['a board that is none', { board: 'surf' }, /^there is no board "surf"; there are handheld, bare$/],
  ['no such scenario', { scenario: '/nowhere.yaml' }, /^there is no scenario file \/nowhere.yaml/],
  ['no seed', { seed: '' }, /^--seed takes/],
  ['no such socket', { docker: 'unix:///nowhere/docker.sock' }, /^--docker unix:\/\/\/nowhere\/docker\.sock: cannot reach/],
  ['no address of an engine', { docker: 'bogus' }, /"bogus" is no address/],
  ['a folder without a build', { root: '/nowhere' }, /"npm run build" makes it$/],
];

for (const [name, own, sentence] of refused) {
  test(`refuses ${name}`, async () => {
    assert.match(await refusal(own), sentence);
  });
}

const dockerd = await startDockerd();
if (dockerd) {
  const left = async (): Promise<FoundContainer[]> => {
    const engines = ['pad-01', 'pad-02'].map((device) => dockerEngine(dockerd.url, device));
    return (await Promise.all(engines.map(({ containers }) => containers.list()))).flat();
  };

  test('plays the story on a real Docker Engine and leaves nothing behind', async () => {
    const { code, text } = await run({ docker: dockerd.url });
    assert.is(code, 0, text);
    assert.match(text, /2 devices, Docker Engine /);
    assert.equal(await left(), []);
  });

  test('leaves nothing behind either when it ends in the middle of a rollout', async () => {
    const { code } = await run({ docker: dockerd.url }, (line, end) => {
      if (line.includes('hello r2, which is broken')) end();
    });
    assert.is(code, 130);
    assert.equal(await left(), []);
  });

  test.after(() => dockerd.stop());
}

test.run();
