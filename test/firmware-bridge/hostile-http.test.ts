/**
 * Random requests, right and wrong, over raw connections to every port that a node opens: each answer is HTTP, what is wrong is refused
 * with a sentence and a status of the client's, nothing is a fault of ours, and at the end the node is the same process.
 */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { need } from '../support/need.ts';
import { isBuilt, type NodeProcess, nodeProcess } from '../support/node-process.ts';
import { seeded } from '../support/virtual-clock.ts';

const seed = Number(process.env['CLASSPAD_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const s = suite(`firmware-bridge: hostile HTTP (CLASSPAD_SEED=${seed})`);
const random = seeded(seed);
const built = need('a build', isBuilt, 'build/cli.js or what it needs is missing; run: npm run build');
const ROUNDS = Number(process.env['CLASSPAD_ROUNDS'] ?? 30);
const AT_ONCE = 20;
const MORE_MEMORY_KIB = 150 * 1024;
const QUIET_MS = 200;

type Door = 'rpc' | 'proxy' | 'peers';
const DOORS: readonly Door[] = ['rpc', 'proxy', 'peers'];

let node: NodeProcess;
let residentBefore = 0;

s.before(async () => {
  if (!built) return;
  node = await nodeProcess('unix:///nowhere/docker.sock');
  await node.start();
});

s.after(async () => {
  await node?.stop();
  node?.remove();
});

const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
const maybe = (share: number, text: () => string) => (random() < share ? text() : '');
const bytes = (count: number) => Array.from({ length: count }, () => String.fromCharCode(Math.floor(random() * 256))).join('');

const METHODS = 'GET HEAD POST PUT DELETE OPTIONS PATCH TRACE CONNECT PROPFIND QUERY PRI get G\u00e9T'.split(' ');
const SEGMENTS = [
  ...'/ // /// //[ //[::1 /. /.. /../.. /%2e%2e /%00 /% /%zz /%ff /[ /] /\\ /? /?height=1 /?height=-1 /?a=%zz # * a'.split(' '),
  ...'/.well-known/classpad /.well-known/classpad/ /.well-known/classpad/cometbft/commit /cometbft/commit?height=x'.split(' '),
  ...'/.well-known/classpad/nodes /.well-known/classpad/audit /.well-known/classpad/releases/a/1 /payload/'.split(' '),
  ...'/constructor /__proto__ /payload/0 http://[ http://a/ http://127.0.0.1/ ws://x //a@b:99999/ :80 a:443'.split(' '),
  `/payload/${'0'.repeat(64)}`,
  `/payload/${'f'.repeat(64)}`,
  `/${'a'.repeat(9000)}`,
  `/?${'a=1&'.repeat(4000)}`,
  `/${'../'.repeat(500)}`,
];
const HOSTS = [
  '127.0.0.1',
  'localhost',
  '[::1]',
  '[',
  ']',
  '',
  'evil.example',
  'a@b',
  'a/b',
  '127.0.0.1:99999999',
  'x'.repeat(300),
];
const HEADERS = [
  'content-type: application/json',
  'content-type: text/plain',
  'content-length: 2',
  'content-length: -1',
  'content-length: 99999999999999999999',
  'transfer-encoding: chunked',
  'transfer-encoding: gzip',
  'expect: 100-continue',
  'expect: a miracle',
  'range: bytes=0-',
  'range: bytes=9-1,-,0-0,5-',
  'connection: upgrade',
  'upgrade: websocket',
  'upgrade: h2c',
  'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-key: x',
  'sec-websocket-version: 13',
  'sec-websocket-version: 99',
  'sec-websocket-extensions: permessage-deflate; client_max_window_bits=0; =',
  'sec-websocket-protocol: ,,,',
  'origin: https://evil.example',
  'origin: null',
  'accept-encoding: gzip, br, \u00ff',
  'if-none-match: *',
  'cookie: a',
  'te: trailers',
  ': none',
  'x y: z',
  `x: ${'a'.repeat(9000)}`,
];

/** The bytes of one request; sometimes of two, or of what is none. */
function request(): string {
  const target = random() < 0.2 ? `/${bytes(8).replace(/[\r\n]/g, '')}` : pick(SEGMENTS) + maybe(0.2, () => pick(SEGMENTS));
  const version = random() < 0.9 ? 'HTTP/1.1' : pick(['HTTP/1.0', 'HTTP/2.0', 'HTTP/0.9', 'HTTP', '']);
  const headers = Array.from({ length: Math.floor(random() * 7) }, () => `${pick(HEADERS)}\r\n`).join('');
  const host = maybe(0.95, () => `host: ${random() < 0.7 ? '127.0.0.1' : pick(HOSTS)}\r\n`);
  const body = maybe(0.4, () => pick(['{}', '[]', '0\r\n\r\n', 'zz\r\n', '2\r\n{}\r\n0\r\n\r\n', bytes(20)]));
  const one = `${pick(METHODS)} ${target} ${version}\r\n${host}${headers}\r\n${body}`;
  return random() < 0.05 ? bytes(40) : one;
}

/** All that comes back until the node closes, or is quiet for some time. */
function talk(door: Door, sent: string): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(node.ports[door], '127.0.0.1', () => socket.write(Buffer.from(sent, 'latin1')));
    socket.setTimeout(QUIET_MS, () => socket.destroy());
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
  });
}

/** What is wrong with an answer; nothing may have come where the node waits for more. */
function faultOf(door: Door, sent: string, answered: string): string | undefined {
  if (answered === '') return undefined;
  const [, code, body] = /^HTTP\/1\.1 (\d{3}) [^\r\n]*\r\n.*?\r\n\r\n(.*)$/s.exec(answered) ?? [];
  if (!code) return 'it is not HTTP';
  const status = Number(code);
  if (status < 400) return undefined;
  // A proxy without an app says so, and a parser that knows no other version or coding.
  const isOurs = status >= 500 && !(door === 'proxy' && status === 503) && status !== 501 && status !== 505;
  if (isOurs) return 'it is a fault of the server';
  const isSaid = (body ?? '').trim().length > 9 || sent.startsWith('HEAD');
  return isSaid ? undefined : 'it has no sentence';
}

const ROWS: readonly [what: string, door: Door, request: string, answer: RegExp][] = [
  ['a path that is no URL', 'rpc', 'GET //[ HTTP/1.1\r\nhost: localhost\r\n\r\n', /^HTTP\/1\.1 200 /],
  ['the same at the proxy', 'proxy', 'GET //[ HTTP/1.1\r\nhost: localhost\r\n\r\n', /^HTTP\/1\.1 503 .*\w+ \w+/s],
  ['a tunnel', 'rpc', 'CONNECT a:443 HTTP/1.1\r\nhost: localhost\r\n\r\n', /^HTTP\/1\.1 405 .*tunnel/s],
  ['a tunnel through the peers’ port', 'peers', 'CONNECT a:443 HTTP/1.1\r\nhost: localhost\r\n\r\n', /^HTTP\/1\.1 405 .*tunnel/s],
  [
    'another protocol',
    'rpc',
    'GET / HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n',
    /^HTTP\/1\.1 4\d\d .*\w+ \w+/s,
  ],
  [
    'headers without end',
    'rpc',
    `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`,
    /^HTTP\/1\.1 431 .*longer/s,
  ],
  ['what is expected and cannot be', 'rpc', 'GET / HTTP/1.1\r\nhost: localhost\r\nexpect: x\r\n\r\n', /^HTTP\/1\.1 (200|417) /],
];

for (const [what, door, sent, answer] of built ? ROWS : []) {
  s(`${door}: ${what}`, async () => assert.match(await talk(door, sent), answer));
}

s('random requests: whatever comes, an answer is HTTP, and a refusal is in words', async () => {
  if (!built) return;
  for (let round = 0; round < ROUNDS; round++) {
    if (round === 10) residentBefore = residentKib();
    const sent = Array.from({ length: AT_ONCE }, () => [pick(DOORS), request()] as const);
    const answers = await Promise.all(sent.map(([door, text]) => talk(door, text)));
    answers.forEach((answered, index) => {
      const [door, text] = sent[index]!;
      const fault = faultOf(door, text, answered);
      assert.is(
        fault,
        undefined,
        `${door}: ${JSON.stringify(text.slice(0, 600))} was answered ${JSON.stringify(answered.slice(0, 600))}`,
      );
    });
  }
});

s('the node is the same process, not much larger, and has said nothing of faults', async () => {
  if (!built) return;
  assert.match(String(await node.call('eth_blockNumber')), /^0x/);
  const grown = residentKib() - residentBefore;
  assert.ok(grown < MORE_MEMORY_KIB, `${grown} KiB more than before`);
  assert.not.match(node.said(), /internal error|failed inside| at .*\.js:\d+/);
});

function residentKib(): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${node.processId()}/status`, 'utf8'))?.[1]);
}

s.run();
