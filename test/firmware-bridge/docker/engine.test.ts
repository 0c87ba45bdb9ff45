import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { dockerContainers } from '../../../firmware-bridge/docker/containers.ts';
import { compare, createEngine } from '../../../firmware-bridge/docker/engine.ts';
import { parseReference, pullImage } from '../../../firmware-bridge/docker/pull.ts';
import { hostSecrets } from '../../../firmware-bridge/docker/secrets.ts';
import { EngineError } from '../../../runtime/ports/index.ts';

const engine = suite('firmware-bridge/docker: engine');
const folder = mkdtempSync(join(tmpdir(), 'classpad-engine-'));
const servers: Server[] = [];

engine.after(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
  rmSync(folder, { recursive: true, force: true });
});

interface Version {
  readonly ApiVersion?: string;
  readonly MinAPIVersion?: string;
  readonly Version?: string;
}

/** An engine that answers as the listener says; `/version` as 20.10 unless told otherwise. */
async function fake(
  listener: RequestListener,
  version: Version = { ApiVersion: '1.41', MinAPIVersion: '1.12', Version: '20.10.24+x' },
) {
  const path = join(folder, `${servers.length}.sock`);
  const server = createServer((request, response) => {
    if (request.url === '/version') response.end(JSON.stringify(version));
    else listener(request, response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return `unix://${path}`;
}

const open = (url: string, deadlineMs?: number) =>
  dockerContainers({ engine: createEngine(url, deadlineMs), device: 'pad-1', secrets: hostSecrets(join(folder, 'secrets')) });

async function failure(promise: Promise<unknown>): Promise<EngineError> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(outcome instanceof EngineError)) throw new Error(`expected an EngineError, got ${outcome ?? 'success'}`);
  return outcome;
}

const VERSIONS: readonly [what: string, version: Version, outcome: string | RegExp][] = [
  ['20.10 speaks 1.41', { ApiVersion: '1.41', MinAPIVersion: '1.12', Version: '20.10.24' }, '/v1.41/containers/json'],
  ['27 speaks our newest', { ApiVersion: '1.47', MinAPIVersion: '1.24', Version: '27.0.1' }, '/v1.47/containers/json'],
  ['29 speaks down to us', { ApiVersion: '1.52', MinAPIVersion: '1.44', Version: '29.1.0' }, '/v1.47/containers/json'],
  [
    '19.03 is too old',
    { ApiVersion: '1.40', MinAPIVersion: '1.12', Version: '19.03.15' },
    /19\.03\.15 speaks API 1\.40; classpad needs 1\.41/,
  ],
  [
    'one of the future is too new',
    { ApiVersion: '1.70', MinAPIVersion: '1.60', Version: '40.0' },
    /asks for API 1\.60 or newer; this classpad speaks up to 1\.47/,
  ],
  ['a server of something else', {}, /does not answer like a Docker Engine/],
];
for (const [what, version, outcome] of VERSIONS) {
  engine(`version: ${what}`, async () => {
    const asked: string[] = [];
    const url = await fake((request, response) => {
      asked.push((request.url ?? '').split('?')[0] ?? '');
      response.end('[]');
    }, version);
    const list = open(url).list();
    if (typeof outcome === 'string') {
      assert.equal(await list, []);
      assert.equal(asked, [outcome]);
    } else assert.match((await failure(list)).message, outcome);
  });
}

engine('versions are compared number by number', () => {
  assert.ok(compare('1.9', '1.41') < 0);
  assert.ok(compare('1.41', '1.41') === 0);
  assert.ok(compare('2.0', '1.99') > 0);
});

const BAD_ANSWERS: readonly [what: string, listener: RequestListener, code: string, sentence: RegExp][] = [
  ['garbage instead of JSON', (_, response) => response.end('<html>'), 'failed', /not JSON/],
  [
    'an error of its own',
    (_, response) => response.writeHead(500).end('{"message":"disk\\nfull"}'),
    'failed',
    /list of containers: disk full$/,
  ],
  ['an answer without end', (_, response) => flood(response), 'failed', /longer than \d+ bytes/],
  [
    'an answer that breaks off',
    (_, response) => response.writeHead(200, { 'content-length': 99 }).write('[', () => response.destroy()),
    'unreachable',
    /closed the connection/,
  ],
];
for (const [what, listener, code, sentence] of BAD_ANSWERS) {
  engine(`bad answer: ${what}`, async () => {
    const error = await failure(open(await fake(listener)).list());
    assert.is(error.code, code);
    assert.match(error.message, sentence);
  });
}

engine('a wedged call ends at its deadline', async () => {
  const url = await fake(() => {});
  const error = await failure(createEngine(url).send({ method: 'GET', path: '/info', deadlineMs: 100 }));
  assert.equal([error.code, error.message], ['timeout', 'the Docker Engine did not answer GET /v1.41/info within 100 ms']);
});

const ADDRESSES: readonly [url: string, sentence: RegExp][] = [
  ['unix:///nowhere/docker.sock', /unix:\/\/\/nowhere\/docker\.sock: there is no such socket/],
  ['tcp://127.0.0.1:1', /tcp:\/\/127\.0\.0\.1:1: nobody listens there/],
  [`unix://${folder}`, /cannot reach the Docker Engine/],
];
for (const [url, sentence] of ADDRESSES) {
  engine(`unreachable: ${url.slice(0, 24)}`, async () => {
    const error = await failure(open(url).describe());
    assert.is(error.code, 'unreachable');
    assert.match(error.message, sentence);
  });
}
for (const url of ['docker.sock', 'https://host:1', 'tcp://host', 'tcp://host:99999', 'ssh://host', '']) {
  engine(`no address: "${url}"`, () => {
    assert.throws(() => createEngine(url), /is no address of a Docker Engine; write unix:/);
  });
}

const LINE = '{"status":"Pulling"}\n';
const PULLS: readonly [what: string, pull: RequestListener, isThere: boolean, outcome: RegExp | undefined][] = [
  ['works', (_, response) => response.end(LINE), true, undefined],
  [
    'fails inside the stream',
    (_, response) => response.end(`${LINE}{"errorDetail":{"message":"no space left"},"error":"x"}`),
    false,
    /^failed pull a\/b:1: no space left/,
  ],
  [
    'finds no image inside the stream',
    (_, response) => response.end(`{"errorDetail":{"message":"manifest unknown"}}\n`),
    false,
    /^no-image/,
  ],
  [
    'breaks off',
    (_, response) => void response.write(LINE, () => response.destroy()),
    true,
    /^unreachable .*closed the connection/,
  ],
  ['breaks off within a line', (_, response) => response.end(`${LINE}{"sta`), true, /^failed .*not JSON/],
  ['is said to have worked', (_, response) => response.end(LINE), false, /^failed .*but it is not there/],
  [
    'is refused',
    (_, response) => response.writeHead(404).end('{"message":"pull access denied for a/b"}'),
    false,
    /^no-image .*denied/,
  ],
];
for (const [what, pull, isThere, outcome] of PULLS) {
  engine(`a pull that ${what}`, async () => {
    const url = await fake((request, response) => {
      if (request.method === 'POST') pull(request, response);
      else response.writeHead(isThere ? 200 : 404).end('{}');
    });
    const pulled = pullImage(createEngine(url), 'a/b:1');
    if (!outcome) return assert.is(await pulled, undefined);
    const error = await failure(pulled);
    assert.match(`${error.code} ${error.message}`, outcome);
  });
}

const REFERENCES: readonly [image: string, name: string, tag: string][] = [
  ['busybox', 'busybox', 'latest'],
  ['busybox:1.36', 'busybox', '1.36'],
  ['host:5000/a/b', 'host:5000/a/b', 'latest'],
  ['host:5000/a/b:2', 'host:5000/a/b', '2'],
  ['a/b@sha256:00', 'a/b', 'sha256:00'],
  ['host:5000/a/b:2@sha256:00', 'host:5000/a/b', 'sha256:00'],
];
for (const [image, name, tag] of REFERENCES) {
  engine(`reference ${image}`, () => assert.equal(parseReference(image), { name, tag }));
}

engine('a list leaves out what vanished or is not ours, whatever the engine filtered', async () => {
  const url = await fake((request, response) => {
    const id = /containers\/(\w+)\/json/.exec(request.url ?? '')?.[1];
    if (!id) response.end('[{"Id":"aa"},{"Id":"bb"},{"Id":"cc"}]');
    else if (id === 'bb') response.writeHead(404).end('{}');
    else
      response.end(
        JSON.stringify({ Id: id, Name: `/${id}`, Config: { Labels: { 'io.classpad.device': id === 'aa' ? 'pad-1' : 'x' } } }),
      );
  });
  assert.equal(
    (await open(url).list()).map((found) => found.id),
    ['aa'],
  );
});

engine('a list holds what cannot be inspected as the list itself shows it', async () => {
  const row = (Id: string, State: string, Status: string, device = 'pad-1') => ({
    ...{ Id, State, Status, Names: [`/${Id}`], Image: 'hello:1' },
    Labels: { 'io.classpad.device': device, 'io.classpad.app': 'hello', 'io.classpad.restarts': '3' },
  });
  const rows = [
    row('aa', 'running', 'Up 2 minutes (healthy)'),
    row('bb', 'exited', 'Exited (137) 3 weeks ago'),
    row('cc', 'running', 'Up 3 seconds (health: starting)'),
    row('dd', 'removing', 'Removal In Progress'),
    row('ee', 'running', 'Up 2 minutes', 'pad-2'),
    row('ff', 'running', 'Up 2 minutes'),
  ];
  const url = await fake((request, response) => {
    const id = /containers\/(\w+)\/json/.exec(request.url ?? '')?.[1];
    if (id === undefined) response.end(JSON.stringify(rows));
    else if (id === 'ff') response.end(JSON.stringify({ Id: id, Name: '/ff', State: { Status: 'running' }, Config: rows[5] }));
    else if (id !== 'aa') response.writeHead(500).end('{"message":"RWLayer is unexpectedly nil"}');
  });
  const found = await open(url, 200).list();
  assert.equal(
    found.map(({ id, name, image, state, health, exitCode, config }) => [id, name, image, state, health, exitCode, !config]),
    [
      ['aa', 'aa', 'hello:1', 'running', 'healthy', undefined, true],
      ['bb', 'bb', 'hello:1', 'exited', 'none', 137, true],
      ['cc', 'cc', 'hello:1', 'running', 'starting', undefined, true],
      ['dd', 'dd', 'hello:1', 'dead', 'none', 0, true],
      ['ff', 'ff', 'hello:1', 'running', 'none', undefined, false],
    ],
  );
  assert.equal(found[0]!.labels, { 'io.classpad.device': 'pad-1', 'io.classpad.app': 'hello' });
});

engine('events: reconnects with the last time it saw, and hints after each connection', async () => {
  const asked: (string | null)[] = [];
  const url = await fake((request, response) => {
    asked.push(new URL(request.url ?? '', 'http://x').searchParams.get('since'));
    if (asked.length < 3) response.end('{"id":"aa","time":1700000000}\n');
    else response.write('\n');
  });
  let hints = 0;
  const end = open(url).watch(() => {
    hints++;
  });
  while (asked.length < 3) await new Promise((resolve) => setTimeout(resolve, 20));
  end();
  assert.equal(asked, [null, '1700000000', '1700000000']);
  assert.is(hints, 4);
});

engine('events: a watch that ends before its stream begins opens none', async () => {
  let streams = 0;
  const url = await fake(() => streams++);
  const bare = createEngine(url);
  await bare.api();
  open(url).watch(() => {})();
  const ended = AbortSignal.abort();
  const error = await failure(bare.stream({ method: 'GET', path: '/events' }, () => {}, ended));
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal([error.code, streams], ['unreachable', 0]);
});

engine('events: a stream that falls silent ends, and is opened anew', async () => {
  const url = await fake((_, response) => void response.write('{"id":"aa","time":1}\n'));
  const lines: string[] = [];
  const call = { method: 'GET', path: '/events', deadlineMs: 100 } as const;
  const error = await failure(createEngine(url).stream(call, (line) => lines.push(line)));
  assert.equal([error.code, lines.length], ['timeout', 1]);
});

function flood(response: Parameters<RequestListener>[1]): void {
  const chunk = Buffer.alloc(1024 * 1024, 32);
  const more = () => {
    if (!response.destroyed) response.write(chunk, more);
  };
  more();
}

engine.run();
