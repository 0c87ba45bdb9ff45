import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createBody } from '../../../firmware-bridge/docker/body.ts';
import { createEngine, readJson } from '../../../firmware-bridge/docker/engine.ts';
import { HELLO_IMAGE, HELLO_SETTINGS, helloFiles, readStatic } from '../../../firmware-bridge/docker/hello.ts';
import { imageArchive, importImage } from '../../../firmware-bridge/docker/image.ts';
import { dockerEngine } from '../../../firmware-bridge/docker/index.ts';
import { imageId } from '../../../firmware-bridge/docker/pull.ts';
import { tar } from '../../../firmware-bridge/docker/tar.ts';
import type { ContainerSpec, Containers } from '../../../runtime/ports/index.ts';
import { routeWords } from '../../../runtime/proxy/labels.ts';
import { differences } from '../../../runtime/reconcile/differences.ts';
import { helloSpec, type Stage } from '../../support/containers/stage.ts';
import { containersSuite } from '../../support/containers-suite.ts';
import { startDockerd } from '../../support/dockerd.ts';
import { need, root } from '../../support/need.ts';
import { fakeRegistry } from '../../support/registry.ts';

/** Of linux/capability.h. */
const [NET_BIND, NET_RAW] = [10, 13];
const busybox = readStatic('/bin/busybox');
const present = need('busybox', busybox !== undefined, 'no static /bin/busybox to make images from');
const daemon = present ? await startDockerd() : undefined;

if (busybox && daemon) {
  const device = 'pad-1';
  const raw = createEngine(daemon.url);
  const secrets = mkdtempSync('/dev/shm/classpad-secrets-');
  const bridge = dockerEngine(daemon.url, device, { secrets });
  const { containers } = bridge;
  const registry = await fakeRegistry(tar(helloFiles(busybox)));
  const planted: string[] = [];
  await bridge.ensureHelloImage();

  const stage: Stage = {
    containers,
    device,
    images: { hello: HELLO_IMAGE, pullable: `${registry.host}/good:1`, absent: `${registry.host}/absent:1` },
    run: (promise) => promise,
    pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    until: async (condition) => {
      const endMs = Date.now() + 60_000;
      while (!(await condition())) {
        if (Date.now() > endMs) throw new Error('a minute was not enough');
        await stage.pass(50);
      }
    },
    get: async (id, port) => {
      try {
        const { host } = await bridge.reach(id, port);
        const response = await fetch(`http://${host}:${port}/`, { signal: AbortSignal.timeout(5000) });
        return { status: response.status, body: await response.text() };
      } catch {
        return undefined;
      }
    },
    plant: async (name) => {
      const json = { Image: HELLO_IMAGE, HostConfig: { NetworkMode: 'none' } };
      const created = await raw.send({ method: 'POST', path: '/containers/create', query: { name }, json });
      const id = String(readJson(created.body)['Id']);
      await raw.send({ method: 'POST', path: `/containers/${id}/start` });
      planted.push(id);
      return id;
    },
    peek: async (id) => {
      const json = readJson((await raw.send({ method: 'GET', path: `/containers/${id}/json` })).body);
      const { Status, Pid, StartedAt } = json['State'] as Record<string, unknown>;
      return JSON.stringify([json['Id'], Status, Pid, StartedAt]);
    },
    limit: async (id, memoryBytes) => {
      const json = { Memory: memoryBytes, MemorySwap: memoryBytes };
      await raw.send({ method: 'POST', path: `/containers/${id}/update`, json });
    },
    nowMs: () => Date.now(),
    cpuMs: async (id) => {
      const query = { stream: 'false', 'one-shot': '1' };
      const stats = readJson((await raw.send({ method: 'GET', path: `/containers/${id}/stats`, query })).body);
      return (stats as { cpu_stats: { cpu_usage: { total_usage: number } } }).cpu_stats.cpu_usage.total_usage / 1e6;
    },
    tag: async (image, as) => {
      const [repo, tag] = as.split(':') as [string, string];
      await raw.send({ method: 'POST', path: `/images/${image}/tag`, query: { repo, tag } });
    },
    volumes: async () => {
      const { Volumes } = readJson((await raw.send({ method: 'GET', path: '/volumes' })).body);
      return ((Volumes ?? []) as { Name: string }[]).map(({ Name }) => Name).sort();
    },
  };

  const real = suite('firmware-bridge/docker: what only a real engine does');

  real('the example app is made again with the very same id', async () => {
    const idOf = async () => (await imageId(raw, HELLO_IMAGE))!;
    const made = await idOf();
    const { Arch, Os } = readJson((await raw.send({ method: 'GET', path: '/version' })).body);
    const platform = { architecture: String(Arch), os: String(Os) };
    const archive = imageArchive(HELLO_IMAGE, helloFiles(busybox), HELLO_SETTINGS, platform);
    const config = execFileSync('tar', ['-tf', '-'], { input: archive, encoding: 'utf8' }).split('\n')[0]!;
    assert.is(made, `sha256:${config.replace('.json', '')}`, 'the id follows from the files alone');
    await importImage(raw, 'classpad/again:1', helloFiles(busybox), HELLO_SETTINGS);
    assert.is(await imageId(raw, 'classpad/again:1'), made);
    await raw.send({ method: 'DELETE', path: '/images/classpad/again:1' });
    assert.is(await idOf(), made);
  });

  real('an image that breaks off within its layer is a failed pull', async () => {
    const image = `${registry.host}/cut:1`;
    const error = await containers.pull(image).catch((reason: Error) => reason);
    assert.match(String(error), /pull .*cut:1: ./);
    assert.is(await containers.hasImage(image), false);
  });

  real('a container gets no power over the host', async () => {
    const id = await containers.create(
      helloSpec(stage, 'web', { memoryBytes: 16 * 1024 * 1024, nanoCpus: 500_000_000, user: '1000:1000' }),
    );
    const json = readJson((await raw.send({ method: 'GET', path: `/containers/${id}/json` })).body);
    const host = json['HostConfig'] as Record<string, unknown>;
    assert.equal(
      [host['Privileged'], host['Binds'], host['CapAdd'], host['PortBindings'], host['PidMode'], host['NetworkMode']],
      [false, null, null, null, '', 'classpad-pad-1'],
    );
    assert.equal([host['Memory'], host['NanoCpus'], host['ReadonlyRootfs']], [16 * 1024 * 1024, 500_000_000, true]);
    assert.equal(host['LogConfig'], { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '2' } });
    assert.equal(json['Mounts'], []);
    await containers.remove(id);
  });

  real('raw packets are not for containers, whoever is root in them', async () => {
    const said = 'grep CapEff /proc/self/status; arping -c 1 -I lo 127.0.0.1 2> /dev/null || echo refused; sleep 60';
    const id = await containers.create(helloSpec(stage, 'raw', { command: ['/bin/sh', '-c', said], user: '0:0' }));
    await containers.start(id);
    await stage.until(async () => (await containers.logs(id, 5)).includes('refused'));
    const capabilities = Number.parseInt((await containers.logs(id, 5)).split(':')[1]!, 16);
    assert.equal(
      [NET_RAW, NET_BIND].map((bit) => (capabilities >> bit) & 1),
      [0, 1],
    );
    await containers.remove(id);
  });

  real('what an older agent made with raw packets is adopted as it is', async () => {
    const spec = helloSpec(stage, 'older');
    const json = createBody(spec, 'classpad-pad-1', '');
    const { CapDrop, ...older } = json['HostConfig'] as Record<string, unknown>;
    assert.equal(CapDrop, ['NET_RAW']);
    const query = { name: spec.name };
    const made = await raw.send({ method: 'POST', path: '/containers/create', query, json: { ...json, HostConfig: older } });
    const id = String(readJson(made.body)['Id']);
    assert.is(await containers.create(spec), id);
    await containers.start(id);
    const found = (await containers.list()).find((each) => each.id === id)!;
    assert.equal([found.state, differences(found, spec), found.config?.oddities], ['running', [], []]);
    await containers.remove(id);
  });

  real(
    'two fleets with one name of a device do not fight: what is of another ledger is not touched, nor anything beside it',
    async () => {
      const [ours, theirs] = ['a', 'b'].map((ledger) => dockerEngine(daemon.url, device, { secrets, ledger }).containers) as [
        Containers,
        Containers,
      ];
      const [spec, other] = [helloSpec(stage, 'mine'), helloSpec(stage, 'other')];
      const unmarked = await containers.create(spec);
      assert.is(await ours.create(spec), unmarked, 'an older agent’s is adopted');
      const marked = await ours.create(other);
      assert.equal(differences((await ours.list()).find(({ id }) => id === marked)!, other), []);
      const words = /containers of a device "pad-1" of another ledger, .*docker rm -f .*label=io\.classpad\.ledger=a\)$/;
      for (const touch of [
        () => theirs.list(),
        () => theirs.create(other),
        () => theirs.start(marked),
        () => theirs.remove(marked),
      ])
        assert.match(String(await touch().catch(({ message }: Error) => message)), words);
      for (const id of [marked, unmarked]) await ours.remove(id);
      assert.equal(await theirs.list(), []);
    },
  );

  real('containers of a device find each other by name', async () => {
    const server = await containers.create(helloSpec(stage, 'server'));
    await containers.start(server);
    const command = ['/bin/sh', '-c', `wget -q -O- http://${helloSpec(stage, 'server').name}:8080/`];
    const client = await containers.create(helloSpec(stage, 'client', { command }));
    await stage.until(async () => (await stage.get(server, 8080)) !== undefined);
    await containers.start(client);
    await stage.until(async () => (await containers.logs(client, 5)) === 'hello from revision 1\n');
    await containers.remove(client);
    await containers.remove(server);
  });

  real('services find each other by name, those of their own revision only', async () => {
    const own = 'classpad-pad-1-hello';
    const networks = [`${own}-back`, `${own}-front`];
    const member = (service: string, revision: number, change: Partial<ContainerSpec>) =>
      helloSpec(stage, `${service}${revision}`, {
        networks,
        alias: `${service}.r${revision}.hello`,
        environment: { GREETING: `${service} of revision ${revision}` },
        neighbours: { db: `db.r${revision}.hello` },
        ...change,
      });
    const servers = [1, 2].map((revision) => member('db', revision, {}));
    for (const server of servers) await containers.start(await containers.create(server));
    for (const network of [networks, undefined]) {
      for (const revision of [1, 2]) {
        const command = ['/bin/sh', '-c', 'wget -q -O- http://db:8080/ || echo nobody'];
        const { networks: _, ...plain } = member('client', revision, { command });
        const id = await containers.create(network ? { ...plain, networks: network } : plain);
        await containers.start(id);
        const line = network ? `db of revision ${revision}\n` : 'nobody\n';
        await stage.until(async () => (await containers.list()).some((one) => one.id === id && one.state === 'exited'));
        assert.match(await containers.logs(id, 5), line);
        await containers.remove(id);
      }
    }
    for (const { id } of await containers.list()) await containers.remove(id);
    assert.is((await raw.send({ method: 'GET', path: `/networks/${own}-back` })).status, 404, 'nobody uses it any more');
  });

  real('what one container writes to a volume the next one reads', async () => {
    const volumes = ['classpad-pad-1-hello-notes:/data'];
    const once = async (service: string, line: string, change: Partial<ContainerSpec> = {}) => {
      const id = await containers.create(helloSpec(stage, service, { volumes, command: ['/bin/sh', '-c', line], ...change }));
      await containers.start(id);
      await stage.until(async () => (await containers.list()).some((one) => one.id === id && one.state === 'exited'));
      const said = await containers.logs(id, 5);
      await containers.remove(id);
      return said;
    };
    await once('first', 'echo kept > /data/note');
    assert.is(await once('second', 'cat /data/note', { volumes: [`${volumes[0]}:ro`] }), 'kept\n');
  });

  real('a secret is a file in memory that its container reads and nobody else sees, and changes under it', async () => {
    const value = 'correct horse battery staple';
    const command = ['/bin/sh', '-c', 'cat /run/secrets/phrase; ls -l /run/secrets; touch /run/secrets/mine; sleep 300'];
    const spec = helloSpec(stage, 'web', { secrets: ['phrase'], command, user: '1000:1000', memoryBytes: 16 * 1024 * 1024 });
    await containers.place(spec.name, { phrase: Buffer.from(`${value}\n`) });
    const id = await containers.create(spec);
    await containers.start(id);
    await stage.until(async () => /touch:/.test(await containers.logs(id, 20)));
    const said = await containers.logs(id, 20);
    // The two streams may come in either order.
    assert.match(said, new RegExp(`^${value}$`, 'm'));
    assert.match(said, /-r--r--r-- .* phrase/);
    assert.match(said, /touch: .*Read-only file system/);
    for (const path of [`/containers/${id}/json`, `/images/${HELLO_IMAGE}/json`, `/containers/${id}/changes`])
      assert.not.match((await raw.send({ method: 'GET', path })).body.toString(), value, path);
    assert.is(statSync(secrets).mode & 0o777, 0o700, 'the users of the host are kept out');
    await containers.place(spec.name, { phrase: Buffer.from('changed') });
    const exec = { AttachStdout: true, Cmd: ['cat', '/run/secrets/phrase'] };
    const made = readJson((await raw.send({ method: 'POST', path: `/containers/${id}/exec`, json: exec })).body);
    const shown = await raw.send({ method: 'POST', path: `/exec/${made['Id']}/start`, json: { Detach: false } });
    assert.match(shown.body.toString(), 'changed');
    await containers.remove(id);
    assert.equal(readdirSync(secrets), []);
  });

  real('secrets are never put on a disk', async () => {
    const onDisk = dockerEngine(daemon.url, device, { secrets: join(root, 'build/secrets') });
    const error = await onDisk.containers.place('classpad-pad-1-x', { a: Buffer.from('b') }).catch((reason: Error) => reason);
    assert.match(String(error), /build\/secrets is not in memory; name a folder on a tmpfs/);
    rmSync(join(root, 'build/secrets'), { recursive: true, force: true });
  });

  const DISGUISES: readonly [what: string, json: object][] = [
    ['a volume without our label', { Name: 'classpad-pad-1-hello-bad' }],
    [
      'a bind mount in disguise',
      {
        Name: 'classpad-pad-1-hello-bad',
        Labels: { 'io.classpad.device': 'pad-1' },
        Driver: 'local',
        DriverOpts: { type: 'none', o: 'bind', device: '/etc' },
      },
    ],
  ];
  for (const [what, json] of DISGUISES) {
    real(`never mounts ${what}`, async () => {
      await raw.send({ method: 'POST', path: '/volumes/create', json });
      const spec = helloSpec(stage, 'web', { volumes: ['classpad-pad-1-hello-bad:/data'] });
      const error = await containers.create(spec).catch((reason: Error) => reason);
      assert.match(String(error), /volume classpad-pad-1-hello-bad exists and is not this app's own/);
      assert.equal(await containers.list(), []);
      await raw.send({ method: 'DELETE', path: '/volumes/classpad-pad-1-hello-bad' });
    });
  }

  real('an image says nothing in the place of its release', async () => {
    const name = 'classpad-pad-1-hello-r1-web-1';
    await containers.place(name, { gone: Buffer.from('x') });
    const first = await containers.create(helloSpec(stage, 'web', { secrets: ['gone'] }));
    const query = { container: first, repo: 'somebody/copied', tag: '1', changes: 'LABEL classpad.route.host=bank.local' };
    await raw.send({ method: 'POST', path: '/commit', query, json: { Labels: { 'io.classpad.image': 'x:1' } } });
    await containers.remove(first);
    const spec = helloSpec(stage, 'web', { image: 'somebody/copied:1' });
    const id = await containers.create(spec);
    assert.is(await containers.create(spec), id, 'adopted as it is');
    await containers.start(id);
    const found = (await containers.list()).find((one) => one.name === name)!;
    assert.equal(differences(found, spec), []);
    assert.equal([found.state, routeWords(found.labels)], ['running', {}]);
    await containers.remove(id);
    await containers.removeImage('somebody/copied:1');
  });

  real('one killed before it was on all of its networks is put on them when it starts, and missed when it is not', async () => {
    const networks = ['classpad-pad-1-hello-back', 'classpad-pad-1-hello-front'];
    const neighbours = { web: 'web.r1.hello' };
    const spec = helloSpec(stage, 'web', { networks, alias: 'web.r1.hello', neighbours });
    const id = await containers.create(spec);
    const away = () => raw.send({ method: 'POST', path: `/networks/${networks[1]}/disconnect`, json: { Container: id } });
    const ends = async () => {
      const json = readJson((await raw.send({ method: 'GET', path: `/containers/${id}/json` })).body);
      const all = (json['NetworkSettings'] as { Networks: Record<string, { Aliases: string[]; Links: string[] }> }).Networks;
      return Object.entries(all).map(([name, { Aliases, Links }]) => [name, Aliases.includes('web.r1.hello'), Links]);
    };
    await away();
    await containers.start(id);
    assert.equal(
      await ends(),
      networks.map((name) => [name, true, ['web.r1.hello:web']]),
    );
    const look = async () => differences((await containers.list()).find((one) => one.id === id)!, spec);
    assert.equal(await look(), []);
    await away();
    assert.equal(await look(), ['a missing network']);
    await containers.remove(id);
  });

  real('a container that nothing can be done with hides no other, and is not taken for gone', async () => {
    const impatient = dockerEngine(daemon.url, device, { secrets, deadlineMs: 2_000 });
    const [wedged, other] = [
      await containers.create(helloSpec(stage, 'wedged')),
      await containers.create(helloSpec(stage, 'other')),
    ];
    for (const id of [wedged, other]) await containers.start(id);
    const shim = execFileSync('pgrep', ['-f', `containerd-shim-runc.*${wedged}`], { encoding: 'utf8' }).trim();
    process.kill(Number(shim), 'SIGSTOP');
    try {
      const error = await impatient.containers.stop(wedged, 0).catch((reason: Error) => reason);
      assert.match(String(error), /did not answer/);
      const found = await impatient.containers.list();
      assert.equal(
        found.map(({ id, state, config }) => [id, state, config !== undefined]).sort(),
        [
          [wedged, 'running', false],
          [other, 'running', true],
        ].sort(),
      );
      assert.equal(differences(found.find(({ id }) => id === wedged)!, helloSpec(stage, 'wedged')), []);
    } finally {
      process.kill(Number(shim), 'SIGCONT');
    }
    await stage.until(async () => (await containers.list()).every(({ config }) => config !== undefined));
    for (const id of [wedged, other]) await containers.remove(id);
  });

  real('what no engine takes for the name of an image is not here, and nothing else is wrong', async () => {
    for (const image of ['a..b:1', 'Foo/bar:1', 'a___b'])
      assert.equal([image, await containers.hasImage(`${image}@sha256:${'ab'.repeat(32)}`)], [image, false]);
  });

  real('the engine restarts: running ones come back, a stopped one stays stopped', async () => {
    const running = await containers.create(helloSpec(stage, 'running', { restarts: 3 }));
    const stopped = await containers.create(helloSpec(stage, 'stopped', { restarts: 3, environment: { IGNORE_TERM: '1' } }));
    for (const id of [running, stopped]) await containers.start(id);
    await containers.stop(stopped, 0);
    let hints = 0;
    const end = containers.watch(() => {
      hints++;
    });
    await daemon.restart();
    const state = async (id: string) => (await containers.list()).find((found) => found.id === id)?.state;
    await stage.until(async () => (await state(running)) === 'running');
    await stage.until(async () => (await stage.get(running, 8080))?.status === 200);
    assert.is(await state(stopped), 'exited');
    await stage.until(async () => hints > 0);
    end();
    await containers.start(stopped);
    await containers.stop(running, 1000);
    assert.is(await state(stopped), 'running');
  });

  real('clearing removes its own containers and network, and nothing else', async () => {
    const foreign = await stage.plant('bystander');
    const before = await stage.peek(foreign);
    await containers.create(helloSpec(stage, 'web'));
    await bridge.clear();
    assert.equal(await containers.list(), []);
    assert.is((await raw.send({ method: 'GET', path: '/networks/classpad-pad-1' })).status, 404);
    assert.is(await stage.peek(foreign), before);
  });

  real.after(async () => {
    bridge.close();
    registry.close();
    rmSync(secrets, { recursive: true, force: true });
    await daemon.stop();
  });

  const open = async () => stage;
  const close = async () => {
    for (const id of planted.splice(0)) await raw.send({ method: 'DELETE', path: `/containers/${id}`, query: { force: '1' } });
  };
  containersSuite('firmware-bridge/docker: the port', open, close);
  real.run();
} else {
  const absent = suite('firmware-bridge/docker: the port');
  absent('was skipped, and says so', () => assert.is(daemon, undefined));
  absent.run();
}
