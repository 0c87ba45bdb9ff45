import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { privateKeyToAccount } from 'viem/accounts';
import { need } from '../support/need.ts';
import {
  CLI,
  configText,
  FLEET,
  freePorts,
  isBuilt,
  type NodeProcess,
  nodeProcess,
  OPERATOR_KEY,
} from '../support/node-process.ts';

const main = suite('firmware-bridge: classpad node');
const built = need('a build', isBuilt, 'build/cli.js or what it needs is missing; run: npm run build');
const NO_ENGINE = 'unix:///nowhere/docker.sock';
const STACK = /\n\s+at .*:\d+/;

if (built) {
  const folder = mkdtempSync(join(tmpdir(), 'classpad-main-'));
  let node: NodeProcess;
  let taken: Server;
  let takenPort = 0;
  let free: readonly number[] = [];

  main.before(async () => {
    node = await nodeProcess(NO_ENGINE);
    await node.start();
    free = await freePorts(4);
    takenPort = free[3] ?? 0;
    taken = createServer();
    await new Promise<void>((resolve) => taken.listen(takenPort, '127.0.0.1', resolve));
  });

  main.after(async () => {
    await node.stop();
    node.remove();
    taken.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Starts a node that cannot start. Answers its exit code and what it said. */
  const fail = (what: string, text: string, prepare: (data: string) => void = () => {}) => {
    const place = join(folder, what.replace(/\W/g, '-'));
    mkdirSync(join(place, 'data'), { recursive: true });
    prepare(join(place, 'data'));
    const path = join(place, 'node.yaml');
    writeFileSync(path, text);
    const { status, stderr } = spawnSync(process.execPath, [CLI, 'node', '--config', path], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    assert.not.match(stderr, STACK);
    return { status, last: stderr.trim().split('\n').at(-1) ?? '' };
  };

  const good = () => configText({ engine: NO_ENGINE, rpc: free[0] ?? 0, proxy: free[1] ?? 0, peers: free[2] ?? 0 });
  const KEY = (content: string, mode: number) => (data: string) => writeFileSync(join(data, 'device.key'), content, { mode });

  const BAD_STARTS: readonly [
    what: string,
    text: () => string,
    status: number,
    sentence: RegExp,
    prepare?: (data: string) => void,
  ][] = [
    ['no YAML', () => 'name: [', 2, /node\.yaml:1: /],
    ['an unknown field', () => `${good()}privileged: true\n`, 2, /node\.yaml:\d+: privileged is no field here/],
    [
      'a bad engine address',
      () => good().replace(NO_ENGINE, 'ssh://x'),
      2,
      /engine "ssh:\/\/x" is no address of a Docker Engine/,
    ],
    [
      'the RPC port taken',
      () => good().replace(`:${free[0]}`, `:${takenPort}`),
      1,
      /rpc\.listen: port \d+ of 127\.0\.0\.1 is already taken/,
    ],
    [
      'the proxy port taken',
      () => good().replace(`:${free[1]}`, `:${takenPort}`),
      1,
      /proxy\.listen: port \d+ of 127\.0\.0\.1 is already taken/,
    ],
    [
      'the peer port taken',
      () => good().replace(`:${free[2]}`, `:${takenPort}`),
      1,
      /peers\.listen: port \d+ of 127\.0\.0\.1 is already taken/,
    ],
    ['a key that is none', good, 1, /device\.key holds no key; it must be one line/, KEY('hello', 0o600)],
    [
      'a key that others may read',
      good,
      1,
      /device\.key may be read by others; run: chmod 600/,
      KEY(`0x${'1'.repeat(64)}\n`, 0o644),
    ],
    ['a sequencer that is no address', () => good().replace('self', 'somebody'), 1, /sequencer/],
    ['a balance that is no number', () => good().replace('"1000000000000000000000"', 'much'), 1, /balance/],
  ];
  for (const [what, text, status, sentence, prepare] of BAD_STARTS) {
    main(`does not start with ${what}, and says why`, () => {
      const outcome = fail(what, text(), prepare);
      assert.match(outcome.last, sentence);
      assert.is(outcome.status, status, outcome.last);
    });
  }

  main('two nodes do not share a folder', () => {
    writeFileSync(join(node.folder, 'second.yaml'), good());
    const { status, stderr } = spawnSync(process.execPath, [CLI, 'node', '--config', join(node.folder, 'second.yaml')], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    assert.match(stderr, /data is in use by process \d+; stop it, or give this node a folder of its own/);
    assert.is(status, 1);
  });

  main('an engine out of reach is said, and the ledger works on', async () => {
    assert.match(
      node.said(),
      /warn {2}cannot reach the Docker Engine at unix:\/\/\/nowhere\/docker\.sock: there is no such socket/,
    );
    assert.is(await node.call('eth_chainId'), '0x1131');
  });

  const account = privateKeyToAccount(OPERATOR_KEY);
  const signed = (chainId: number) =>
    account.signTransaction({ to: FLEET, nonce: 0, gas: 30_000n, gasPrice: 0n, type: 'legacy', chainId });
  const request = (method: string, params: readonly unknown[]) => JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });

  const BAD_REQUESTS: readonly [what: string, body: () => Promise<string>, code: number][] = [
    ['no JSON', async () => '{', -32_700],
    ['no request', async () => '{}', -32_600],
    ['an unknown method', async () => request('eth_frobnicate', []), -32_601],
    ['a number for an address', async () => request('eth_getBalance', [7]), -32_602],
    ['JSON too deep', async () => '['.repeat(100_000), -32_600],
    ['a transaction of garbage', async () => request('eth_sendRawTransaction', ['0x1234']), -32_000],
    ['a transaction of another chain', async () => request('eth_sendRawTransaction', [await signed(1)]), -32_000],
    ['an unsigned transaction', async () => request('eth_sendTransaction', [{ from: account.address, to: FLEET }]), -32_601],
  ];
  for (const [what, body, code] of BAD_REQUESTS) {
    main(`refuses ${what} with ${code}`, async () => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`http://127.0.0.1:${node.ports.rpc}/`, { method: 'POST', headers, body: await body() });
      const text = await response.text();
      assert.not.match(text, STACK);
      const { error } = JSON.parse(text) as { error?: { code: number; message: string } };
      assert.is(error?.code, code, text);
      assert.ok((error?.message ?? '').length > 5, 'a sentence');
    });
  }

  main('garbage to every port changes nothing', async () => {
    const before = await node.call('eth_getBlockByNumber', ['latest', false]);
    for (const port of Object.values(node.ports)) {
      for (const bytes of GARBAGE) assert.not.match(await pour(port, bytes), STACK);
    }
    assert.equal(await node.call('eth_getBlockByNumber', ['latest', false]), before);
    assert.not.match(node.said(), /internal error/);
  });

  main('a flood of open connections leaves it answering', async () => {
    const sockets = Array.from({ length: 200 }, (_, index) => connect(Object.values(node.ports)[index % 3] ?? 0, '127.0.0.1'));
    for (const socket of sockets) socket.on('error', () => {});
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.is(await node.call('eth_chainId'), '0x1131');
    for (const socket of sockets) socket.destroy();
  });

  main('SIGTERM ends it with exit code 0, and it comes back with the same head', async () => {
    const before = await node.call('eth_getBlockByNumber', ['latest', false]);
    assert.is(await node.stop(), 0);
    await node.start();
    assert.equal(await node.call('eth_getBlockByNumber', ['latest', false]), before);
  });

  main('another chain id over the same store is refused', async () => {
    assert.is(await node.stop(), 0);
    const path = join(node.folder, 'other-chain.yaml');
    const { rpc, proxy, peers } = node.ports;
    writeFileSync(path, configText({ engine: NO_ENGINE, rpc, proxy, peers, chainId: 1 }));
    const { status, stderr } = spawnSync(process.execPath, [CLI, 'node', '--config', path], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    assert.match(stderr, /the store holds the ledger that begins with block 0x/);
    assert.not.match(stderr, STACK);
    assert.is(status, 1);
    await node.start();
  });
}

const UPGRADE =
  'GET / HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';
const GARBAGE: readonly (string | Buffer)[] = [
  randomBytes(64),
  randomBytes(100_000),
  Buffer.alloc(10_000),
  '\r\n\r\n\r\n',
  'GET',
  'GET / HTTP/9.9\r\n\r\n',
  'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 99999999999\r\n\r\n{',
  'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
  'GET http://[::: HTTP/1.1\r\nhost: localhost\r\n\r\n',
  'GET //%00%ff/..%2f.. HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n',
  'CONNECT example.org:443 HTTP/1.1\r\nhost: example.org\r\n\r\n',
  UPGRADE,
  Buffer.concat([Buffer.from(UPGRADE), randomBytes(2000)]),
  // A frame that claims 2^63 bytes.
  Buffer.concat([Buffer.from(UPGRADE), Buffer.from([0x82, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3, 4])]),
];

/** Sends bytes, and answers what comes back within half a second or until the other side closes. */
function pour(port: number, bytes: string | Buffer): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    const end = () => {
      socket.destroy();
      resolve(text);
    };
    socket.setTimeout(500, end);
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('close', end);
    socket.on('error', end);
  });
}

if (!built) main('is skipped without a build, and says so', () => assert.is(built, false));
main.run();
