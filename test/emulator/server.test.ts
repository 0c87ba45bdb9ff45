import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { WebSocket } from 'ws';
import { createControls } from '../../emulator/controls.ts';
import type { Command, Message, Request } from '../../emulator/protocol.ts';
import { type EmulatorServer, serveWorld } from '../../emulator/server.ts';
import { createWorld, type World } from '../../emulator/world.ts';
import { createRpcServer } from '../../firmware-bridge/system/rpc-server.ts';
import { root } from '../support/need.ts';
import { noContainers, stubFirmware, stubPorts } from './support.ts';

const bridge = readFileSync(join(root, 'build/inside.js'), 'utf8');

interface Context {
  world: World;
  server: EmulatorServer;
}

const test = suite<Context>('emulator/server');
const answering = {
  containers: noContainers,
  answer: (id: string, port: number, { method, path }: { method: string; path: string }) =>
    path === '/gone' ? undefined : { status: 200, contentType: 'text/plain', body: `${method} ${path} from ${id}:${port}` },
};

const options = (world: World) => ({
  world,
  controls: createControls(world),
  fleet: { abi: [], bytecode: '0x' as const },
  containers: 'virtual containers',
  port: 0,
  rpcPort: 0,
  pageFolder: join(root, 'emulator/web'),
  makeRpcServer: createRpcServer,
});

test.before(async (context) => {
  const show = { server: undefined as EmulatorServer | undefined };
  context.world = createWorld({
    seed: 'server',
    devices: 2,
    startMs: 0,
    version: '9',
    scripts: { bridge, firmware: stubFirmware },
    vm: stubPorts().vm,
    engine: () => answering,
    onDraw: (device, rectangle) => show.server?.draw(device, rectangle),
  });
  context.server = await serveWorld(options(context.world));
  show.server = context.server;
  await context.world.boot();
  await context.world.advance(250);
});

test.after(async ({ world, server }) => {
  world.stop();
  await server.stop();
});

interface Row {
  readonly name: string;
  readonly at: (server: EmulatorServer) => string;
  readonly init?: RequestInit;
  readonly status: number;
  readonly body: RegExp;
}

const page = ({ pageUrl }: EmulatorServer): string => pageUrl;
const rpc = ({ rpcUrl }: EmulatorServer): string => rpcUrl;
const proxy = ({ proxyUrls }: EmulatorServer): string => proxyUrls[1]!;
const JSON_TYPE = { 'content-type': 'application/json' };
const post = (body: string): RequestInit => ({ method: 'POST', body, headers: JSON_TYPE });

const rows: readonly Row[] = [
  { name: 'the page', at: page, status: 200, body: /<title>classpad/ },
  {
    name: 'a file that is not there',
    at: (server) => `${page(server)}/none.js`,
    status: 404,
    body: /^there is no \/none\.js here/,
  },
  { name: 'a file outside', at: (server) => `${page(server)}/..%2f..%2fpackage.json`, status: 404, body: /^there is no/ },
  { name: 'a folder', at: (server) => `${page(server)}/web/page.js`, status: 404, body: /^there is no/ },
  { name: 'a page that is posted to', at: page, init: post('x'), status: 405, body: /read with GET/ },
  {
    name: 'JSON-RPC',
    at: rpc,
    init: post('{"id":7,"method":"eth_chainId"}'),
    status: 200,
    body: /"id":7,"result":"eth_chainId"/,
  },
  { name: 'garbage for JSON-RPC', at: rpc, init: post('{{{'), status: 200, body: /"code":-32603/ },
  { name: 'JSON-RPC without a body', at: rpc, status: 200, body: /^This is a virtual ClassPad\. Send JSON-RPC/ },
  {
    name: 'too long a request',
    at: rpc,
    init: post('x'.repeat(2_100_000)),
    status: 413,
    body: /longer than 2097152 bytes/,
  },
  { name: 'the app of a device', at: (server) => `${proxy(server)}/a?b=1`, status: 200, body: /^GET \/a\?b=1 from none:80$/ },
  {
    name: 'a container that has gone',
    at: (server) => `${proxy(server)}/gone`,
    status: 502,
    body: /^stub r1 on pad-02 does not answer/,
  },
];

for (const { name, at, init, status, body } of rows) {
  test(`answers to ${name}`, async ({ server }) => {
    const response = await fetch(at(server), init);
    assert.is(response.status, status);
    assert.match(await response.text(), body);
  });
}

test('the proxy says which device and release answered', async ({ server }) => {
  const { headers } = await fetch(proxy(server));
  assert.is(headers.get('classpad-device'), 'pad-02');
  assert.is(headers.get('classpad-revision'), 'stub r1');
});

test('a request under a foreign name is refused', async ({ server }) => {
  for (const url of [page(server), rpc(server), proxy(server)]) {
    const status = await new Promise((resolve) => {
      httpRequest(url, { headers: { host: 'evil.example' } }, (response) => resolve(response.resume().statusCode)).end();
    });
    assert.is(status, 403);
  }
});

test('what is not HTTP gets a sentence', async ({ server }) => {
  const socket = connect(Number(new URL(rpc(server)).port), '127.0.0.1');
  socket.write('\x00\x01garbage\r\n\r\n');
  let text = '';
  for await (const chunk of socket) text += chunk;
  assert.match(text, /^HTTP\/1\.1 400 [\s\S]*not an HTTP request/);
});

/** A page without a browser. */
function openPage(server: EmulatorServer) {
  const socket = new WebSocket(`${page(server).replace('http', 'ws')}/live`);
  const told: Message[] = [];
  const drawn: Buffer[] = [];
  let nextId = 1;
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (isBinary) drawn.push(data);
    else told.push(JSON.parse(data.toString()) as Message);
  });
  const of = <K extends Message['kind']>(kind: K) =>
    told.filter((message): message is Extract<Message, { kind: K }> => message.kind === kind);
  const ask = (command: Command): number => {
    socket.send(JSON.stringify({ id: nextId, command } satisfies Request));
    return nextId++;
  };
  const answer = async (command: Command) => {
    const id = ask(command);
    await until(() => of('answer').some((one) => one.id === id));
    return of('answer').find((one) => one.id === id)!;
  };
  return { socket, told, drawn, of, ask, answer };
}

test('the stream brings the setup and the whole state, then what changes', async ({ server, world }) => {
  const { socket, told, of } = openPage(server);
  await until(() => of('change').length > 0);
  assert.is(told[0]!.kind, 'setup');
  const [first] = of('change');
  assert.is(first!.change.fresh, true);
  assert.equal(
    first!.change.devices!.map(([index, { name, screen, proxyUrl }]) => [index, name, screen, proxyUrl]),
    [
      [0, 'pad-01', ['boot 1'], `${server.proxyUrls[0]}/`],
      [1, 'pad-02', ['boot 1'], `${server.proxyUrls[1]}/`],
    ],
  );
  told.length = 0;
  await world.advance(100);
  await until(() => of('change').some(({ change }) => change.clock !== undefined));
  const { change } = of('change').find((one) => one.change.clock !== undefined)!;
  assert.equal([change.fresh, change.clock!.paused], [undefined, false]);
  socket.terminate();
});

test('screens come for the devices that are asked for, the whole picture first', async ({ server, world }) => {
  const { socket, drawn, of, ask } = openPage(server);
  await until(() => of('change').length > 0);
  assert.is(drawn.length, 0);
  ask({ do: 'screens', devices: [1] });
  await until(() => drawn.length === 1);
  assert.equal([drawn[0]!.length, drawn[0]!.readUInt16LE(0)], [10 + 320 * 528 * 2, 1]);
  drawn.length = 0;
  await world.advance(100);
  await until(() => drawn.length > 0);
  assert.ok(drawn.every((message) => message.readUInt16LE(0) === 1));
  socket.terminate();
});

const commands: [command: Command, ok: boolean, said: RegExp][] = [
  [{ do: 'pause' }, true, /^paused$/],
  [{ do: 'speed', speed: 8 }, true, /^8×$/],
  [{ do: 'speed', speed: 1e6 }, false, /^a speed is a number from/],
  [{ do: 'pause at', condition: 'full moon' }, false, /^"full moon" is no condition/],
  [{ do: 'cable', device: 'pad-02', cut: true }, true, /^cut the cable of pad-02$/],
  [{ do: 'cable', device: 'pad-02', cut: false }, true, /^mended the cable of pad-02$/],
  [{ do: 'cable', device: 'pad-99', cut: true }, false, /^there is no device "pad-99"$/],
  [{ do: 'trunk', site: 7, cut: true }, false, /^there is no such trunk$/],
  [{ do: 'fault', fault: 'flood', devices: ['pad-01'] }, false, /^there is no fault "flood"/],
  [{ do: 'touch', device: 'pad-01', phase: 'down', x: 5, y: 500 }, true, /^touched$/],
  [{ do: 'manifest', yaml: 'services: {}' }, false, /services/],
  [{ do: 'run' }, true, /^running$/],
];

for (const [command, ok, said] of commands) {
  test(`the page asks: ${JSON.stringify(command)}`, async ({ server }) => {
    const { socket, answer, of } = openPage(server);
    await until(() => of('setup').length > 0);
    const { ok: isOk, said: sentence } = await answer(command);
    assert.match(sentence, said);
    assert.is(isOk, ok);
    socket.terminate();
  });
}

const wrong: [what: string, message: string | Buffer][] = [
  ['garbage', 'x'],
  ['an unknown command', '{"id":1,"command":{"do":"format"}}'],
  ['a touch outside of the LCD', '{"id":1,"command":{"do":"touch","device":"pad-01","phase":"down","x":320,"y":0}}'],
  ['a field too many', '{"id":1,"command":{"do":"run","also":1}}'],
  ['bytes', Buffer.of(1, 2)],
];

for (const [what, message] of wrong) {
  test(`a page that sends ${what} is let go`, async ({ server }) => {
    const { socket, of } = openPage(server);
    await until(() => of('setup').length > 0);
    const closed = new Promise<number>((resolve) => socket.on('close', resolve));
    socket.send(message);
    assert.is(await closed, 1008);
  });
}

test('a device that is watched is told of in detail', async ({ server }) => {
  const { socket, of, ask } = openPage(server);
  await until(() => of('setup').length > 0);
  server.log('pad-02', 'warn', 'careful');
  await fetch(`${proxy(server)}/seen`);
  ask({ do: 'watch', device: 'pad-02' });
  await until(() => of('detail').length > 0);
  const { device, log, requests } = of('detail').at(-1)!.detail;
  assert.is(device, 'pad-02');
  assert.ok(log.some(({ level, text }) => level === 'warn' && text === 'careful'));
  assert.ok(requests.some(({ path, status, release }) => path === '/seen' && status === 200 && release === 'stub r1'));
  socket.terminate();
});

test('the page speaks JSON-RPC to where it came from, pages of other sites do not', async ({ server }) => {
  const ask = (origin: string) =>
    fetch(`${page(server)}/rpc`, { method: 'POST', body: '{"id":7,"method":"eth_chainId"}', headers: { origin, ...JSON_TYPE } });
  assert.match(await (await ask(page(server))).text(), /"result":"eth_chainId"/);
  assert.is((await ask('https://evil.example')).status, 403);
});

/** Waits for what comes over a socket. */
async function until(isDone: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 500 && !isDone(); attempt += 1) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(isDone(), 'what was waited for did not come within ten seconds');
}

const strangers: [name: string, path: string, headers: Record<string, string>][] = [
  ['another path', '/other', {}],
  ['a page of another site', '/live', { origin: 'https://evil.example' }],
];

for (const [name, path, headers] of strangers) {
  test(`the stream is refused to ${name}`, async ({ server }) => {
    const socket = new WebSocket(page(server).replace('http', 'ws') + path, { headers });
    const error = await new Promise<Error>((resolve) => socket.on('error', resolve));
    assert.match(error.message, /403/);
  });
}

/** What comes over a WebSocket to the node. */
function session(server: EmulatorServer, headers: Record<string, string> = {}) {
  const heard: string[] = [];
  const socket = new WebSocket(rpc(server).replace('http', 'ws'), { headers });
  socket.on('message', (data) => heard.push(String(data)));
  socket.on('error', (error) => heard.push(error.message));
  socket.on('close', (code, reason) => heard.push(`${code} ${reason}`));
  return { socket, heard };
}

test('JSON-RPC by WebSocket: texts go both ways, also unasked', async ({ server, world }) => {
  const { socket, heard } = session(server);
  socket.on('open', () => socket.send('a b'));
  await until(() => heard.length === 1);
  await world.advance(20);
  await until(() => heard.length === 2);
  assert.equal(heard, ['heard a b', 'later']);
  socket.close();
});

test('JSON-RPC by WebSocket is refused to a page of another site', async ({ server }) => {
  const { heard } = session(server, { origin: 'https://evil.example' });
  await until(() => heard.length > 0);
  assert.match(heard[0]!, /403/);
});

test('a device that goes away takes its sessions with it; when it is back, there are new ones', async ({ server, world }) => {
  const first = session(server);
  first.socket.on('open', () => first.socket.send('a'));
  await until(() => first.heard.length === 1);
  world.sequencer.kill();
  await until(() => first.heard.length === 2);
  const refused = session(server);
  await until(() => refused.heard.length === 1);
  for (const { heard } of [first, refused]) assert.is(heard.at(-1), '1013 the node is not running');
  await world.sequencer.boot();
  const second = session(server);
  second.socket.on('open', () => second.socket.send('b'));
  await until(() => second.heard.length === 1);
  assert.is(second.heard[0], 'heard b');
  second.socket.close();
});

const taken: [option: string, ports: (port: number) => { port?: number; rpcPort?: number }][] = [
  ['--port', (port) => ({ port })],
  ['--rpc-port', (port) => ({ rpcPort: port })],
  ['--port (the devices take the ports after it)', (port) => ({ port: port - 1 })],
];

for (const [option, ports] of taken) {
  test(`a taken port is named with ${option}, and nothing stays open`, async ({ world }) => {
    const holder = createServer();
    const port = await new Promise<number>((resolve) => {
      holder.listen(0, '127.0.0.1', () => resolve((holder.address() as { port: number }).port));
    });
    await serveWorld({ ...options(world), ...ports(port) }).then(
      () => assert.unreachable(),
      (error: Error) => assert.is(error.message, `port ${port} is already taken on 127.0.0.1; choose another with ${option}`),
    );
    holder.close();
  });
}

test.run();
