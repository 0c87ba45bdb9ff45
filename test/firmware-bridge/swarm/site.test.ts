import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readCompose } from '../../../cli/compose.ts';
import { openIdentity } from '../../../firmware-bridge/device/identity.ts';
import { dockerEngine, HELLO_IMAGE } from '../../../firmware-bridge/docker/index.ts';
import { startDockerd } from '../../support/dockerd.ts';
import { canMakeNamespaces, makeMachines } from '../../support/namespaces.ts';
import { need } from '../../support/need.ts';
import { isBuilt, nodeProcess } from '../../support/node-process.ts';
import { operatorOf, PHASE } from '../../support/operator.ts';
import { pinnedBytes } from '../../support/pins.ts';
import { copyImage, swarmOf } from '../../support/swarm.ts';
import { until } from '../../support/wait.ts';

const built = need('a build', isBuilt, 'build/cli.js or what it needs is missing; run: npm run build');
const able = need('network namespaces', canMakeNamespaces(), 'this user may not make them');
const network = built && able ? makeMachines(2) : undefined;
const engines = await Promise.all((network?.machines ?? []).map(({ enter }, number) => startDockerd({ enter, number })));
const [one, two] = engines;
const site = suite('firmware-bridge/swarm: a site of two machines');

if (network && one && two) {
  const [here, there] = network.machines.map(({ address }) => address) as [string, string];
  const engine = dockerEngine(one.url, 'pad-1');
  const swarm = swarmOf(one.url);
  const folder = mkdtempSync(join(tmpdir(), 'classpad-site-'));
  const first = await nodeProcess(one.url, { host: here, swarm: here }, network.machines[0]!.enter);
  const operator = operatorOf(first);
  // Of the second machine the node comes when the address of the first, which makes the blocks, is known.
  let second: typeof first;
  let proposed = 0;

  const propose = async (lines: readonly string[]): Promise<number> => {
    const file = join(folder, 'compose.yaml');
    writeFileSync(file, `name: hello\nservices:\n${lines.join('\n')}\n`);
    await operator.propose('hello', await pinnedBytes(readCompose(file).manifest, engine.containers));
    return ++proposed;
  };
  const ask = async (address: string, port: number) => {
    const answer = await fetch(`http://${address}:${port}/`, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
    return answer?.status === 200 ? (await answer.text()).trim() : `status ${answer?.status}`;
  };
  const addressOf = (node: typeof first) => openIdentity(join(node.folder, 'data/device.key')).address;

  site.before(async () => {
    await engine.ensureHelloImage();
    await copyImage(one.url, two.url, HELLO_IMAGE);
    // The Swarm begins on the second machine, so that the elected manager is not the node that makes the blocks.
    await swarmOf(two.url).begin(there);
    await swarmOf(two.url).join(one.url, here, there);
    await first.start();
    const change = { name: 'pad-2', host: there, swarm: there, sequencer: `"${addressOf(first)}"`, connectHost: here };
    second = await nodeProcess(two.url, { ...change, connect: first.ports.peers }, network.machines[1]!.enter);
    await second.start();
    await operator.begin();
    await operator.send('enrol', [[addressOf(second)], ['pad-2']]);
  });

  site.after(async () => {
    await first.kill();
    await second?.kill();
    engine.close();
    for (const daemon of engines) await daemon?.stop();
    network.remove();
    for (const node of [first, second]) node?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  site('one manager makes the services, tasks run on both machines, and both devices vote', async () => {
    assert.is(await operator.decided('hello', await propose(web('one', 2))), PHASE.active);
    const [service] = await swarm.services();
    assert.equal([service!.name, service!.running, service!.machines.length], ['classpad-hello-r1-web', 2, 2]);
    assert.match(second.said(), /create the service hello-r1-web of 2/);
    assert.not.match(first.said(), /create the service/);
    for (const node of [first, second]) assert.match(node.said(), /vote: hello revision 1 is healthy/);
  });

  site('each proxy serves from the task of its own machine', async () => {
    await until('the first', async () => (await ask(here, first.ports.proxy)) === 'one');
    await until('the second', async () => (await ask(there, second.ports.proxy)) === 'one');
  });

  site('services find each other over the network of their revision, whichever machines they are on', async () => {
    const command = 'command: ["/bin/sh", "-c", "until wget -q -O- http://web:8080/; do sleep 1; done; exec /bin/hello"]';
    const side = service('side', 'two', [command, NEEDS_WEB, 'deploy: { replicas: 2 }']);
    assert.is(await operator.decided('hello', await propose([...web('two', 1), ...side])), PHASE.active);
    const found = await swarm.services();
    assert.is(found.find(({ name }) => name === 'classpad-hello-r2-side')?.machines.length, 2);
    await until('revision 1 to go', async () => (await swarm.services()).every(({ name }) => name.includes('-r2-')));
  });

  site('a failed release goes back as a whole, by the votes of both; nothing of the one before was touched', async () => {
    const before = await swarm.picture();
    const broken = [...web('three', 1), ...service('side', 'x', [], ['BROKEN: "1"'])];
    assert.is(await operator.decided('hello', await propose(broken)), PHASE.rolledBack);
    await until('what failed to go', async () => (await swarm.picture()).length === before.length);
    assert.equal(await swarm.picture(), before);
  });

  site('when the node of the elected manager is gone, the other stands in', async () => {
    await second.kill();
    await swarm.change('classpad-hello-r2-web', (spec) => Object.assign(spec.Mode.Replicated, { Replicas: 4 }));
    await until('it to be set right', async () => {
      const web = (await swarm.services()).find(({ name }) => name === 'classpad-hello-r2-web');
      return web?.replicas === 1;
    });
    assert.match(first.said(), /roll back the service hello-r2-web/);
    await second.start();
    const before = await swarm.picture();
    assert.is(await operator.decided('hello', await propose(web('four', 2))), PHASE.active);
    assert.is.not(before.join(), (await swarm.picture()).join());
  });
} else {
  site('was skipped, and says so', () => assert.not(one && two));
}
site.run();

const NEEDS_WEB = 'depends_on: { web: { condition: service_healthy } }';

function web(greeting: string, replicas: number): string[] {
  return service('web', greeting, [`deploy: { replicas: ${replicas} }`, 'ports: [8080]']);
}

function service(name: string, greeting: string, more: readonly string[] = [], environment: readonly string[] = []): string[] {
  return [
    `  ${name}:`,
    `    image: ${HELLO_IMAGE}`,
    '    environment:',
    ...[`GREETING: ${greeting}`, ...environment].map((line) => `      ${line}`),
    '    healthcheck: { test: [CMD, wget, -q, -O-, "http://127.0.0.1:8080/"], interval: 300ms, timeout: 3s, retries: 3 }',
    '    stop_grace_period: 2s',
    ...more.map((line) => `    ${line}`),
  ];
}
