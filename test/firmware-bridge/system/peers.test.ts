import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { WebSocket } from 'ws';
import { shut } from '../../../firmware-bridge/system/listen.ts';
import { createPeers, type Peers } from '../../../firmware-bridge/system/peers.ts';

const peers = suite('firmware-bridge/system: peers');
const closers: (() => unknown)[] = [];

peers.after.each(async () => {
  for (const closer of closers.splice(0).reverse()) await closer();
});

interface Station {
  readonly peers: Peers;
  readonly url: string;
  readonly server: Server;
  readonly heard: string[];
  readonly said: string[];
}

async function station(
  name: string,
  connect: readonly string[] = [],
  change: { ledger?: string; secret?: string; port?: number; proxy?: string } = {},
): Promise<Station> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(change.port ?? 0, '127.0.0.1', resolve));
  const heard: string[] = [];
  const said: string[] = [];
  const made = createPeers({
    name,
    ledger: change.ledger ?? 'ledger one',
    ...(change.secret ? { secret: change.secret } : {}),
    connect,
    ...(change.proxy ? { proxy: () => change.proxy } : {}),
    log: { write: (_, message) => said.push(message) },
  });
  made.receive((peer, message) => heard.push(`${peer}: ${Buffer.from(message)}`));
  made.open(server);
  closers.push(
    () => shut(server),
    () => made.close(),
  );
  return { peers: made, server, url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, heard, said };
}

async function until(condition: () => boolean): Promise<void> {
  for (let poll = 0; !condition(); poll++) {
    if (poll > 1000) throw new Error('ten seconds were not enough');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const bytes = (text: string) => Buffer.from(text);

peers('two nodes of a ledger hear each other, whoever connected', async () => {
  const one = await station('pad-1');
  const two = await station('pad-2', [one.url]);
  await until(() => one.peers.names().length === 1 && two.peers.names().length === 1);
  one.peers.send('pad-2', bytes('block'));
  two.peers.send('pad-1', bytes('transaction'));
  two.peers.send('nobody', bytes('lost'));
  await until(() => one.heard.length === 1 && two.heard.length === 1);
  assert.equal([one.heard, two.heard], [['pad-2: transaction'], ['pad-1: block']]);
});

const PROXIES: readonly [said: string | undefined, url: string | undefined][] = [
  [undefined, undefined],
  [':8080', 'http://127.0.0.1:8080'],
  ['http://10.0.0.2:8080', 'http://10.0.0.2:8080'],
  ['https://pad-2.example', 'https://pad-2.example'],
  ['http://127.0.0.1:4402', 'http://127.0.0.1:4402'],
  ['http://10.0.0.2:80800', undefined],
  [':80800', undefined],
  ['http://[::::]', undefined],
];
for (const [said, url] of PROXIES) {
  peers(`a node whose proxy is ${said ?? 'not told'} is ${url ?? 'no'} sister, whoever connected`, async () => {
    const secret = 'all of the fleet know it';
    const one = await station('pad-1', [], { proxy: ':8081', secret });
    const two = await station('pad-2', [one.url], { secret, ...(said && { proxy: said }) });
    await until(() => one.peers.names().length === 1 && two.peers.names().length === 1);
    assert.equal(one.peers.sisters(), url ? [{ name: 'pad-2', url }] : []);
    assert.equal(two.peers.sisters(), [{ name: 'pad-1', url: 'http://127.0.0.1:8081' }]);
  });
}

for (const [said, url] of [
  [':8080', 'http://127.0.0.1:8080'],
  ['http://127.0.0.1:4402', 'http://127.0.0.1:4402'],
  ['http://10.0.0.2:8080', undefined],
  ['https://pad-2.example', undefined],
] as const) {
  peers(
    `without a secret anybody connects: ${said} is ${url ?? 'no'} sister, unless this node was told to connect to it`,
    async () => {
      const one = await station('pad-1', [], { proxy: said });
      const two = await station('pad-2', [one.url], { proxy: said });
      await until(() => one.peers.names().length === 1 && two.peers.names().length === 1);
      assert.equal(one.peers.sisters(), url ? [{ name: 'pad-2', url }] : []);
      assert.equal(two.peers.sisters(), [{ name: 'pad-1', url: url ?? said }]);
    },
  );
}

peers('a node whose proxy is no address is not welcome', async () => {
  const one = await station('pad-1');
  const two = await station('pad-2', [one.url], { proxy: 'javascript:alert(1)' });
  await until(() => two.said.length > 0);
  assert.equal([one.peers.names(), one.peers.sisters()], [[], []]);
});

peers('both connect to each other: one connection stays, and both may talk over it', async () => {
  const one = await station('pad-1');
  const two = await station('pad-2', [one.url]);
  const back = createPeers({ name: 'pad-1', ledger: 'ledger one', connect: [two.url], log: { write: () => {} } });
  closers.push(() => back.close());
  await until(() => two.peers.names().length === 1);
  // The same node opens a second connection: of the two, the one that the smaller name opened stays.
  const heard: string[] = [];
  back.receive((peer, message) => heard.push(`${peer}: ${Buffer.from(message)}`));
  back.open(undefined);
  await until(() => back.names().length === 1 && one.peers.names().length === 0);
  two.peers.send('pad-1', bytes('once'));
  back.send('pad-2', bytes('back'));
  await until(() => heard.length === 1 && two.heard.length === 1);
  await new Promise((resolve) => setTimeout(resolve, 800));
  assert.equal([two.peers.names(), back.names(), one.peers.names()], [['pad-1'], ['pad-2'], []]);
  assert.is(two.said.filter((line) => line.startsWith('connected')).length, 2, 'one connection each way was tried, no more');
});

peers('a node that comes back is connected again', async () => {
  const one = await station('pad-1');
  const port = Number(one.url.split(':').at(-1));
  const two = await station('pad-2', [one.url]);
  await until(() => two.peers.names().length === 1);
  one.peers.close();
  await shut(one.server);
  await until(() => two.peers.names().length === 0);
  const again = await station('pad-1', [], { port });
  await until(() => two.peers.names().length === 1 && again.peers.names().length === 1);
  two.peers.send('pad-1', bytes('hello'));
  await until(() => again.heard.length === 1);
});

const STRANGERS: readonly [what: string, name: string, change: { ledger?: string; secret?: string }, reason: RegExp][] = [
  ['of another ledger', 'pad-2', { ledger: 'ledger two' }, /follows another ledger/],
  ['without the secret', 'pad-2', { secret: 'something else, long' }, /follows another ledger, or has another secret/],
  ['of the same name', 'pad-1', {}, /calls itself pad-1 too|closed the connection/],
];
for (const [what, name, change, reason] of STRANGERS) {
  peers(`keeps out a node ${what}`, async () => {
    const one = await station('pad-1');
    const stranger = await station(name, [one.url], change);
    await until(() => stranger.said.length > 0);
    assert.match(stranger.said.join('\n'), reason);
    assert.equal([one.peers.names(), stranger.peers.names(), one.heard], [[], [], []]);
  });
}

const GARBAGE: readonly (string | Buffer)[] = [
  '',
  '{}',
  '[]',
  'null',
  '{"name":7}',
  `{"name":["pad-9"],"nonce":"${'0'.repeat(64)}"}`,
  '{"proof":"00"}',
  Buffer.alloc(100_000),
  Buffer.from([255, 0]),
];
for (const garbage of GARBAGE) {
  peers(`ends a connection that begins with ${JSON.stringify(garbage.toString().slice(0, 16))}`, async () => {
    const one = await station('pad-1');
    const socket = new WebSocket(one.url);
    socket.on('error', () => {});
    const answers: string[] = [];
    socket.on('message', (data) => answers.push(String(data)));
    await new Promise((resolve) => socket.on('open', resolve));
    socket.send(garbage);
    await new Promise((resolve) => socket.on('close', resolve));
    assert.equal([one.peers.names(), one.heard], [[], []]);
    assert.is(answers.length, 1, 'it has greeted and proven nothing');
  });
}

peers('a message that is too large ends the connection, not the node', async () => {
  const one = await station('pad-1');
  const two = await station('pad-2', [one.url]);
  await until(() => two.peers.names().length === 1);
  two.peers.send('pad-1', Buffer.alloc(8 * 1024 * 1024 + 1));
  two.peers.send('pad-1', bytes('small'));
  await until(() => one.heard.length === 1);
  assert.equal(one.heard, ['pad-2: small'], 'too large a message is not sent at all');
});

peers.run();
