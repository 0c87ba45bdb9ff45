import * as assert from 'uvu/assert';
import { Label } from '../../../runtime/ports/index.ts';
import { differences } from '../../../runtime/reconcile/differences.ts';
import { CHECK, FAST, find, helloSpec, list, type Row, rejects, started } from './stage.ts';

/** Made, listed, started, stopped, removed. */
export const LIFE: readonly Row[] = [
  [
    'says what it is',
    async ({ containers, run }) => assert.match(await run(containers.describe()), /^(Docker Engine \d|virtual)/),
  ],
  [
    'pulls an image that was not there',
    async ({ containers, images, run }) => {
      assert.is(await run(containers.hasImage(images.pullable)), false);
      await run(containers.pull(images.pullable));
      assert.is(await run(containers.hasImage(images.pullable)), true);
      await run(containers.pull(images.pullable));
    },
  ],
  [
    'lists images, takes one away name by name, and twice is as once',
    async (stage) => {
      const { containers, images, run } = stage;
      const named = async (name: string) => (await run(containers.images())).find(({ references }) => references.includes(name));
      await run(containers.pull(images.pullable));
      const found = await named(images.pullable);
      assert.match(found?.id ?? '', /^sha256:[0-9a-f]{64}$/);
      assert.ok((found?.sizeBytes ?? 0) > 0);
      assert.ok(await named(images.hello));
      await stage.tag(images.pullable, 'somebody/elses:1');
      for (let time = 0; time < 2; time++) await run(containers.removeImage(images.pullable));
      assert.is(await named(images.pullable), undefined);
      assert.ok(await named('somebody/elses:1'), 'another name keeps its image');
      assert.is(await run(containers.hasImage(images.pullable)), false);
      await run(containers.removeImage('somebody/elses:1'));
    },
  ],
  [
    'never takes away an image that a container is made of, whoever that is',
    async (stage) => {
      const { containers, images, run } = stage;
      await run(containers.create(helloSpec(stage, 'web')));
      await rejects(stage, containers.removeImage(images.hello), 'conflict');
      assert.is(await run(containers.hasImage(images.hello)), true);
    },
  ],
  [
    'knows how much room there is, or says nothing',
    async ({ containers, run }) => {
      const room = await run(containers.space());
      if (room) assert.ok(room.freeBytes >= 0 && room.totalBytes >= room.freeBytes && room.totalBytes > 1_000_000);
    },
  ],
  [
    'starts nothing that lacks a secret, gives it when there is one, and takes it with the container',
    async (stage) => {
      const { containers, run } = stage;
      const spec = helloSpec(stage, 'web', { secrets: ['db-password', 'token'] });
      const secret = (value: string) => new TextEncoder().encode(value);
      await run(containers.place(spec.name, { 'db-password': secret('a'), token: secret('b') }));
      const id = await run(containers.create(spec));
      assert.is(await run(containers.create(spec)), id, 'adopted as it is');
      await run(containers.place(spec.name, { 'db-password': secret('a') }));
      await rejects(stage, containers.start(id), 'failed');
      await run(containers.place(spec.name, { 'db-password': secret('a'), token: secret('b') }));
      await run(containers.start(id));
      const running = (await find(stage, id))!;
      assert.is(running.state, 'running');
      assert.equal(differences(running, spec), []);
      assert.equal(differences(running, helloSpec(stage, 'web')), ['its secrets']);
      await run(containers.place(spec.name, { 'db-password': secret('a2'), token: secret('b') }));
      await run(containers.remove(id));
      await run(containers.place(spec.name, { 'db-password': secret('a'), token: secret('b') }));
      const again = await run(containers.create(spec));
      await run(containers.remove(again));
      const bare = await run(containers.create(helloSpec(stage, 'web', { secrets: [] })));
      await run(containers.start(bare));
    },
  ],
  [
    'says no-image for one that no registry has',
    async (stage) => {
      await rejects(stage, stage.containers.pull(stage.images.absent), 'no-image');
      assert.is(await stage.run(stage.containers.hasImage(stage.images.absent)), false);
      await rejects(stage, stage.containers.create(helloSpec(stage, 'web', { image: stage.images.absent })), 'no-image');
    },
  ],
  [
    'creates, starts, serves, stops, removes',
    async (stage) => {
      const { containers, run } = stage;
      const spec = helloSpec(stage, 'web');
      const id = await run(containers.create(spec));
      const created = await find(stage, id);
      assert.equal(
        [created?.state, created?.health, created?.exitCode, created?.startedAtMs],
        ['created', 'none', undefined, undefined],
      );
      assert.equal([created?.name, created?.image, created?.labels], [spec.name, spec.image, spec.labels]);
      await run(containers.start(id));
      await stage.until(async () => (await stage.get(id, 8080))?.status === 200);
      assert.is((await stage.get(id, 8080))?.body, 'hello from revision 1\n');
      const running = await find(stage, id);
      assert.equal([running?.state, running?.exitCode, running?.restartCount], ['running', undefined, 0]);
      assert.ok((running?.startedAtMs ?? 0) > 1_600_000_000_000, 'startedAtMs is a time');
      await run(containers.stop(id, 5000));
      assert.equal([(await find(stage, id))?.state, (await find(stage, id))?.exitCode], ['exited', 0]);
      assert.is(await stage.get(id, 8080), undefined);
      await run(containers.remove(id));
      assert.is(await find(stage, id), undefined);
    },
  ],
  [
    'is idempotent in every verb',
    async (stage) => {
      const { containers, run } = stage;
      const id = await run(containers.create(helloSpec(stage, 'web')));
      assert.is(await run(containers.create(helloSpec(stage, 'web'))), id);
      await run(containers.stop(id, 0));
      await run(containers.start(id));
      const first = await find(stage, id);
      await run(containers.start(id));
      assert.is(await run(containers.create(helloSpec(stage, 'web'))), id, 'a running one is adopted as it is');
      assert.equal(await find(stage, id), first);
      await run(containers.stop(id, 2000));
      await run(containers.stop(id, 2000));
      await run(containers.remove(id));
      await run(containers.remove(id));
      await run(containers.stop(id, 0));
    },
  ],
  [
    'replaces one of its own that has other labels',
    async (stage) => {
      const old = await stage.run(stage.containers.create(helloSpec(stage, 'web')));
      const labels = { ...helloSpec(stage, 'web').labels, [Label.spec]: '1:ff' };
      const id = await stage.run(stage.containers.create(helloSpec(stage, 'web', { labels })));
      assert.is.not(id, old);
      assert.equal(
        (await list(stage)).map((found) => found.id),
        [id],
      );
    },
  ],
  [
    'removes one that runs',
    async (stage) => {
      const id = await started(stage, helloSpec(stage, 'web'));
      await stage.run(stage.containers.remove(id));
      assert.equal(await list(stage), []);
    },
  ],
  [
    'kills one that does not end when asked',
    async (stage) => {
      const id = await started(stage, helloSpec(stage, 'web', { environment: { IGNORE_TERM: '1' } }));
      await stage.run(stage.containers.stop(id, 1000));
      assert.equal([(await find(stage, id))?.state, (await find(stage, id))?.exitCode], ['exited', 137]);
    },
  ],
  [
    'reports the exit code of one that crashed and does not restart it',
    async (stage) => {
      const id = await started(stage, helloSpec(stage, 'web', { environment: { CRASH_AFTER: '0.2', CRASH_CODE: '3' } }));
      await stage.until(async () => (await find(stage, id))?.state === 'exited');
      assert.equal([(await find(stage, id))?.exitCode, (await find(stage, id))?.restartCount], [3, 0]);
      await stage.run(stage.containers.start(id));
      assert.is((await find(stage, id))?.state, 'running');
    },
  ],
  [
    'restarts a crashed one as often as told, then gives up',
    async (stage) => {
      const environment = { CRASH_AFTER: '0.1', CRASH_CODE: '5' };
      const id = await started(stage, helloSpec(stage, 'web', { environment, restarts: 2 }));
      await stage.until(async () => (await find(stage, id))?.restartCount === 2);
      await stage.until(async () => (await find(stage, id))?.state === 'exited');
      assert.equal([(await find(stage, id))?.restartCount, (await find(stage, id))?.exitCode], [2, 5]);
    },
  ],
  [
    'ends a crash loop when told to stop',
    async (stage) => {
      const environment = { CRASH_AFTER: '0.1' };
      const id = await started(stage, helloSpec(stage, 'web', { environment, restarts: 100 }));
      await stage.until(async () => ((await find(stage, id))?.restartCount ?? 0) >= 2);
      await stage.run(stage.containers.stop(id, 1000));
      const count = (await find(stage, id))?.restartCount;
      assert.is((await find(stage, id))?.state, 'exited');
      await stage.pass(1500);
      assert.equal([(await find(stage, id))?.state, (await find(stage, id))?.restartCount], ['exited', count]);
    },
  ],
  [
    'hands out the last lines of the output',
    async (stage) => {
      const id = await started(stage, helloSpec(stage, 'web'));
      const line = 'hello serves "hello from revision 1" on port 8080\n';
      await stage.until(async () => (await stage.run(stage.containers.logs(id, 10))).includes(line));
      assert.is((await stage.run(stage.containers.logs(id, 1))).split('\n').length, 2);
    },
  ],
  [
    'makes a volume when first needed and keeps it when its containers are gone',
    async (stage) => {
      const volume = `classpad-${stage.device}-hello-data`;
      const spec = helloSpec(stage, 'web', { volumes: [`${volume}:/data`, `${volume}:/copy:ro`] });
      const id = await started(stage, spec);
      assert.is(await stage.run(stage.containers.create(spec)), id);
      assert.ok((await stage.volumes()).includes(volume));
      await stage.run(stage.containers.remove(id));
      assert.ok((await stage.volumes()).includes(volume));
      await stage.run(stage.containers.remove(await started(stage, spec)));
    },
  ],
  [
    "gives a volume to one app alone, though another's could have its name",
    async (stage) => {
      const volume = `classpad-${stage.device}-hello-shared-data`;
      await stage.run(stage.containers.create(helloSpec(stage, 'web', { volumes: [`${volume}:/data`] })));
      const labels = { ...helloSpec(stage, 'web').labels, [Label.app]: 'hello-shared' };
      const other = helloSpec(stage, 'other', { labels, volumes: [`${volume}:/data`] });
      await rejects(stage, stage.containers.create(other), 'conflict');
      await stage.run(stage.containers.create(helloSpec(stage, 'next', { volumes: [`${volume}:/data`] })));
    },
  ],
  [
    'never replaces a container of another app',
    async (stage) => {
      const id = await stage.run(stage.containers.create(helloSpec(stage, 'web')));
      const labels = { ...helloSpec(stage, 'web').labels, [Label.app]: 'other' };
      await rejects(stage, stage.containers.create(helloSpec(stage, 'web', { labels })), 'conflict');
      assert.is((await find(stage, id))?.id, id);
    },
  ],
  [
    'serves from networks of its own, with every setting there is',
    async (stage) => {
      const own = `classpad-${stage.device}-hello`;
      const spec = helloSpec(stage, 'web', {
        networks: [`${own}-front`, `${own}-back`],
        alias: 'web.r1.hello',
        neighbours: { web: 'web.r1.hello', db: 'db.r1.hello' },
        logging: { maxSizeBytes: 4096, maxFiles: 3 },
        workingDir: '/tmp',
        hostname: 'till-1',
        stopSignal: 'SIGINT',
        capDrop: ['ALL'],
      });
      const id = await started(stage, spec);
      await stage.until(async () => (await stage.get(id, 8080))?.status === 200);
      assert.is(await stage.run(stage.containers.create(spec)), id, 'adopted as it is');
      await stage.run(stage.containers.stop(id, 5000));
      assert.is((await find(stage, id))?.exitCode, 0);
      await stage.run(stage.containers.start(id));
      await stage.until(async () => (await stage.get(id, 8080))?.status === 200);
    },
  ],
  [
    'reports what a container was made of: nothing but what its spec says',
    async (stage) => {
      const memoryBytes = 16 * 1024 * 1024;
      const healthcheck = { test: CHECK, ...FAST };
      const specs = [
        helloSpec(stage, 'plain'),
        helloSpec(stage, 'full', {
          command: ['/bin/hello'],
          entrypoint: ['/bin/sh'],
          environment: { A: 'b=c', EMPTY: '' },
          memoryBytes,
          nanoCpus: 500_000_000,
          user: '1000:1000',
          init: true,
          restarts: 3,
          healthcheck,
          volumes: [`classpad-${stage.device}-hello-data:/data`],
          networks: [`classpad-${stage.device}-hello-own`],
          alias: 'full.r1.hello',
          neighbours: { full: 'full.r1.hello' },
          capDrop: ['ALL'],
        }),
      ];
      for (const spec of specs) {
        const id = await stage.run(stage.containers.create(spec));
        assert.equal(differences((await find(stage, id))!, spec), []);
      }
      const id = await started(stage, specs[0]!);
      assert.equal(differences((await find(stage, id))!, specs[0]!), []);
      await stage.limit(id, memoryBytes);
      assert.equal(differences((await find(stage, id))!, specs[0]!), ['its memory limit']);
    },
  ],
  [
    'hints at changes, and is silent after the watch ended',
    async (stage) => {
      let hints = 0;
      const end = stage.containers.watch(() => {
        hints++;
      });
      await stage.pass(300);
      const before = hints;
      const id = await started(stage, helloSpec(stage, 'web'));
      await stage.until(async () => hints > before);
      end();
      await stage.pass(100);
      const after = hints;
      await stage.run(stage.containers.remove(id));
      await stage.pass(300);
      assert.is(hints, after);
    },
  ],
];
