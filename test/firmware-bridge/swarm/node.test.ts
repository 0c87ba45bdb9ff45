import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readCompose } from '../../../cli/compose.ts';
import { dockerEngine, HELLO_IMAGE } from '../../../firmware-bridge/docker/index.ts';
import { startDockerd } from '../../support/dockerd.ts';
import { need } from '../../support/need.ts';
import { isBuilt, nodeProcess } from '../../support/node-process.ts';
import { operatorOf, PHASE } from '../../support/operator.ts';
import { pinnedBytes } from '../../support/pins.ts';
import { plantService, swarmOf } from '../../support/swarm.ts';
import { pause, until } from '../../support/wait.ts';

const built = need('a build', isBuilt, 'build/cli.js or what it needs is missing; run: npm run build');
const daemon = built ? await startDockerd() : undefined;
const site = suite('firmware-bridge/swarm: a node whose engine is a Swarm of one machine');

if (daemon) {
  const engine = dockerEngine(daemon.url, 'pad-1');
  const swarm = swarmOf(daemon.url);
  const node = await nodeProcess(daemon.url, { swarm: '127.0.0.1' });
  const operator = operatorOf(node);
  const folder = mkdtempSync(join(tmpdir(), 'classpad-swarm-'));
  let proposed = 0;
  let foreign = '';

  /** Proposes the next revision; answers its number. */
  const propose = async (lines: readonly string[], window = 600): Promise<number> => {
    const file = join(folder, 'compose.yaml');
    writeFileSync(file, `name: hello\nservices:\n${lines.join('\n')}\n`);
    await operator.propose('hello', await pinnedBytes(readCompose(file).manifest, engine.containers), window);
    return ++proposed;
  };
  const ask = async (path = '/') => {
    const answer = await fetch(`http://127.0.0.1:${node.ports.proxy}${path}`).catch(() => undefined);
    return answer?.status === 200 ? (await answer.text()).trim() : `status ${answer?.status}`;
  };
  const names = async () => (await swarm.services()).map(({ name }) => name);

  site.before(async () => {
    await engine.ensureHelloImage();
    await node.start();
    await operator.begin();
    await until('the Swarm to begin', async () => (await swarm.nodes()).length === 1);
    foreign = await plantService(daemon.url, 'bystander');
  });

  site.after(async () => {
    await node.kill();
    engine.close();
    await daemon.stop();
    node.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  site('a release becomes services, which serve; the device votes by their tasks', async () => {
    assert.is(await operator.decided('hello', await propose(web('one', 2))), PHASE.active);
    await until('the proxy to answer', async () => (await ask()) === 'one');
    assert.equal(await names(), ['classpad-hello-r1-web']);
    const [service] = await swarm.services();
    assert.is(service!.running, 2);
  });

  site('looking again changes nothing', async () => {
    const before = await swarm.picture();
    await pause(3_000);
    assert.equal(await swarm.picture(), before);
  });

  site('the next one starts beside it, and no request fails', async () => {
    const watching = watch(ask, ['one', 'two']);
    assert.is(await operator.decided('hello', await propose(web('two', 1))), PHASE.active);
    await until('the old service to go', async () => (await names()).join() === 'classpad-hello-r2-web');
    assert.equal(await watching(), []);
    assert.is(await ask(), 'two');
  });

  site('one of two services that fails takes the whole release back; nothing of the one before was touched', async () => {
    const [before] = await swarm.picture();
    const watching = watch(ask, ['two']);
    const broken = [...web('three', 1), ...service('side', 'x', ['BROKEN: "1"'])];
    assert.is(await operator.decided('hello', await propose(broken)), PHASE.rolledBack);
    await until('what failed to go', async () => (await names()).join() === 'classpad-hello-r2-web');
    assert.equal(await watching(), []);
    assert.equal(await swarm.picture(), [before]);
    await until('its network to go', async () => (await swarm.networks()).join() === 'classpad-hello-r2-default');
  });

  site('services find each other by name, in the order that they need', async () => {
    const command = 'command: ["/bin/sh", "-c", "until wget -q -O- http://web:8080/; do sleep 1; done; exec /bin/hello"]';
    const lines = [
      ...web('four', 2),
      ...service('side', 'y', [], [command, 'depends_on: { web: { condition: service_healthy } }']),
    ];
    assert.is(await operator.decided('hello', await propose(lines)), PHASE.active);
    await until('both to be alone', async () => (await names()).join() === 'classpad-hello-r4-side,classpad-hello-r4-web');
  });

  const HANDS: readonly (readonly [what: string, act: () => Promise<unknown>])[] = [
    [
      'scaled',
      () => swarm.change('classpad-hello-r4-web', (spec) => Object.assign(spec, { Mode: { Replicated: { Replicas: 5 } } })),
    ],
    [
      'given another environment',
      () => swarm.change('classpad-hello-r4-web', (spec) => (spec.TaskTemplate.ContainerSpec.Env = ['GREETING=hand'])),
    ],
    [
      'given a port of the host',
      () => swarm.change('classpad-hello-r4-web', (spec) => Object.assign(spec.EndpointSpec, { Ports: [HOST_PORT] })),
    ],
    ['removed', () => swarm.remove('classpad-hello-r4-web')],
  ];
  for (const [what, act] of HANDS) {
    site(`a service that somebody has ${what} is put right`, async () => {
      await act();
      await until('it to be as agreed', async () => {
        const found = (await swarm.services()).find(({ name }) => name === 'classpad-hello-r4-web');
        return found?.running === 2 && found.replicas === 2 && found.env[0] === 'GREETING=four' && found.ports === 0;
      });
      await until('the proxy to answer', async () => (await ask()) === 'four');
      assert.match(node.said(), /of revision 4 was (changed|removed) from outside/);
    });
  }

  site('killed in the middle of a release it goes on where it was', async () => {
    await propose(web('five', 1));
    await node.kill();
    await node.start();
    assert.is(await operator.decided('hello', proposed), PHASE.active);
    await until('the others to go', async () => (await names()).join() === 'classpad-hello-r5-web');
    assert.is(await ask(), 'five');
  });

  const REFUSED: readonly (readonly [what: string, more: readonly string[], sentence: RegExp])[] = [
    ['a volume', ['volumes: ["data:/data"]'], /web: a volume stays on one device, and a Swarm may move the task to another/],
  ];
  for (const [what, more, sentence] of REFUSED) {
    site(`refuses ${what}, with the reason`, async () => {
      const lines = [...service('web', 'six', [], more), ''];
      const tail = what === 'a volume' ? ['volumes: { data: }'] : [];
      assert.is(await operator.decided('hello', await propose([...lines, ...tail])), PHASE.rolledBack);
      assert.match(node.said(), sentence);
      assert.is(await ask(), 'five');
    });
  }

  site('the service of somebody else is as it was', async () => {
    assert.is(await plantService(daemon.url, 'bystander'), foreign);
  });
} else {
  site('was skipped, and says so', () => assert.is(daemon, undefined));
}
site.run();

const HOST_PORT = { Protocol: 'tcp', TargetPort: 8080, PublishedPort: 18_080, PublishMode: 'host' };

function web(greeting: string, replicas: number): string[] {
  return service('web', greeting, [], [`deploy: { replicas: ${replicas} }`, 'ports: [8080]']);
}

function service(name: string, greeting: string, environment: readonly string[] = [], more: readonly string[] = []): string[] {
  return [
    `  ${name}:`,
    `    image: ${HELLO_IMAGE}`,
    '    environment:',
    ...[`GREETING: ${greeting}`, ...environment].map((line) => `      ${line}`),
    '    healthcheck: { test: [CMD, wget, -q, -O-, "http://127.0.0.1:8080/"], interval: 200ms, timeout: 2s, retries: 2 }',
    '    stop_grace_period: 2s',
    ...more.map((line) => `    ${line}`),
  ];
}

/** Asks without pause until told to end; answers what came that was none of these. */
function watch(ask: () => Promise<string>, fine: readonly string[]): () => Promise<string[]> {
  const odd: string[] = [];
  let isOver = false;
  const asking = (async () => {
    while (!isOver) {
      const answer = await ask();
      if (!fine.includes(answer)) odd.push(answer);
      await pause(20);
    }
  })();
  return async () => {
    isOver = true;
    await asking;
    return odd;
  };
}
