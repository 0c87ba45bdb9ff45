import { writeFileSync } from 'node:fs';
import { Agent, request as openRequest } from 'node:http';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { WebSocket } from 'ws';
import { readCompose } from '../../cli/compose.ts';
import { dockerEngine } from '../../firmware-bridge/docker/index.ts';
import { chatCompose, ensureChatImage } from '../support/chat-image.ts';
import { startDockerd } from '../support/dockerd.ts';
import { need } from '../support/need.ts';
import { isBuilt, type NodeProcess, nodeProcess } from '../support/node-process.ts';
import { type Operator, operatorOf, PHASE } from '../support/operator.ts';
import { pinnedBytes } from '../support/pins.ts';
import { pause, until } from '../support/wait.ts';

const CONNECTIONS = 1_000;
const built = need('a build', isBuilt, 'build/cli.js or what it needs is missing; run: npm run build');
const daemon = built ? await startDockerd() : undefined;
const handOver = suite('firmware-bridge: hand-over on a real engine');

if (daemon) {
  const engine = dockerEngine(daemon.url, 'pad-1');
  let node: NodeProcess;
  let operator: Operator;
  const hasImage = await ensureChatImage(daemon.url);

  handOver.before(async () => {
    node = await nodeProcess(daemon.url);
    await node.start();
    operator = operatorOf(node);
    await operator.begin();
    await release(1);
  });

  handOver.after(async () => {
    await node.stop();
    await engine.clear();
    engine.close();
    await daemon.stop();
    node.remove();
  });

  const release = async (revision: number, isBroken = false) => {
    const file = join(node.folder, 'compose.yaml');
    writeFileSync(file, chatCompose(revision, isBroken, '20s'));
    await operator.propose('chat', await pinnedBytes(readCompose(file).manifest, engine.containers));
    const serving = `revision ${isBroken ? revision - 1 : revision}\n`;
    assert.is(await operator.decided('chat', revision), isBroken ? PHASE.rolledBack : PHASE.active);
    await until(`${serving} to answer`, async () => ((await get('/')) === serving ? true : undefined));
  };

  const url = (path: string) => `http://127.0.0.1:${node.ports.proxy}${path}`;
  const get = async (path: string) => (await fetch(url(path), { signal: AbortSignal.timeout(30_000) })).text();
  const names = async () => (await engine.containers.list()).map(({ name, state }) => `${name.slice(-8)} ${state}`).sort();

  const chat = async (): Promise<{ say(text: string): Promise<string>; closed: Promise<number>; close(): void }> => {
    const socket = new WebSocket(url('/').replace('http', 'ws'));
    const closed = new Promise<number>((resolve) => socket.on('close', resolve));
    await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));
    return {
      say: (text) =>
        new Promise((resolve) => {
          socket.once('message', (data) => resolve(String(data)));
          socket.send(text);
        }),
      closed,
      close: () => socket.close(),
    };
  };

  if (hasImage) {
    handOver('a WebSocket, a stream and a slow answer outlive the release that they began in', async () => {
      const old = await chat();
      const slow = get('/slow');
      const stream = get('/stream');
      await release(2);
      const young = await chat();
      assert.equal([await old.say('a'), await young.say('b')], ['revision 1: a', 'revision 2: b']);
      assert.equal(await Promise.all([slow, stream]), ['revision 1\n', 'revision 1\n'.repeat(20)]);
      await pause(500);
      assert.equal(await names(), ['r1-web-1 running', 'r2-web-1 running'], 'the old one lives as long as somebody talks to it');
      assert.is(await old.say('c'), 'revision 1: c');
      old.close();
      await until('the old container to go', async () => ((await names()).length === 1 ? true : undefined));
      assert.is(await young.say('d'), 'revision 2: d');
      young.close();
    });

    handOver('whoever does not let go is waited for no longer than the grace period', async () => {
      const clinging = await chat();
      await release(3);
      assert.is(await clinging.say('a'), 'revision 2: a');
      const code = await clinging.closed;
      assert.ok([1001, 1006].includes(code), `closed with ${code}`);
      assert.is(await get('/'), 'revision 3\n');
    });

    handOver(`${CONNECTIONS} connections stay open through a release, and each is answered`, async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS, maxFreeSockets: CONNECTIONS });
      const ask = () =>
        new Promise<string>((resolve, reject) => {
          const request = openRequest({ host: '127.0.0.1', port: node.ports.proxy, agent }, (response) => {
            let text = '';
            response.on('data', (chunk) => {
              text += chunk;
            });
            response.on('end', () => resolve(`${response.statusCode} ${text.trim()}`));
          });
          request.on('error', reject);
          request.end();
        });
      const round = async () => new Set(await Promise.all(Array.from({ length: CONNECTIONS }, ask)));
      assert.equal([...(await round())], ['200 revision 3']);
      const sockets = Object.values(agent.freeSockets).flat();
      assert.is(sockets.length, CONNECTIONS);
      const releasing = release(4);
      const answers = new Set<string>();
      let isOver = false;
      void releasing.then(() => {
        isOver = true;
      });
      while (!isOver) for (const answer of await round()) answers.add(answer);
      await releasing;
      assert.equal(
        [...answers].filter((answer) => !/^200 revision [34]$/.test(answer)),
        [],
      );
      assert.equal([...(await round())], ['200 revision 4']);
      agent.destroy();
    });

    handOver('a broken release is never seen by anyone', async () => {
      const answers = new Set<string>();
      let isOver = false;
      const releasing = release(5, true).then(() => {
        isOver = true;
      });
      while (!isOver) answers.add(await get('/'));
      await releasing;
      assert.equal([...answers], ['revision 4\n']);
    });
  }
}

if (!daemon) handOver('is skipped without an engine, and says so', () => assert.is(daemon, undefined));
handOver.run();
