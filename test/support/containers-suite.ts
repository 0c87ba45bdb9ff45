import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type ContainerSpec,
  type Containers,
  EngineError,
  type EngineErrorCode,
  type FoundContainer,
  Label,
} from '../../runtime/ports/index.ts';
import { differences } from '../../runtime/reconcile/differences.ts';

/** An engine to be tried, with what the port itself cannot do. */
export interface Stage {
  readonly containers: Containers;
  readonly device: string;
  /** `hello` is `classpad/hello:1` and is there; `pullable` is in the registry only; `absent` is nowhere. */
  readonly images: { readonly hello: string; readonly pullable: string; readonly absent: string };
  /** Lets time pass until the promise settles. */
  run<T>(promise: Promise<T>): Promise<T>;
  pass(ms: number): Promise<void>;
  /** The time that passes there. */
  nowMs(): number;
  /** Lets time pass until the condition holds, or throws after a minute of it. */
  until(condition: () => Promise<boolean>): Promise<void>;
  get(containerId: string, port: number): Promise<{ readonly status: number; readonly body: string } | undefined>;
  /** A running container of somebody else. */
  plant(name: string): Promise<string>;
  /** How somebody else's container is: a text that changes when it is touched. */
  peek(containerId: string): Promise<string>;
  /** Names of the volumes there are, ascending. */
  volumes(): Promise<readonly string[]>;
  /** The image under one more name, as somebody else would name it. */
  tag(image: string, as: string): Promise<void>;
  /** Gives a container another memory limit, past the port. */
  limit(containerId: string, memoryBytes: number): Promise<void>;
  /** Processor time of its present run, in milliseconds. */
  cpuMs(containerId: string): Promise<number>;
}

type Row = readonly [promise: string, check: (stage: Stage) => Promise<void>];

/** Every promise of the `Containers` port, as rows. Both implementations pass all of them. */
export function containersSuite(name: string, open: () => Promise<Stage>, close: () => Promise<void>): void {
  const containers = suite(name);
  let stage: Stage;
  containers.before(async () => {
    stage = await open();
  });
  containers.after(close);
  containers.after.each(() => clear(stage));
  for (const [promise, check] of [...LIFE, ...LIMITS, ...HEALTH, ...DOORS]) containers(promise, () => check(stage));
  for (const [what, change, sentence] of REFUSALS) {
    containers(`refuses ${what}`, () => refuses(stage, change, sentence));
  }
  containers.run();
}

const CHECK = ['CMD', 'wget', '-q', '-O-', 'http://127.0.0.1:8080/'];
const FAST = { intervalMs: 300, timeoutMs: 2000, retries: 2, startPeriodMs: 0 };

/** A container of the example app that is complete and harmless. */
export function helloSpec(stage: Pick<Stage, 'device'>, service: string, change: Partial<ContainerSpec> = {}): ContainerSpec {
  return {
    name: `classpad-${stage.device}-hello-r1-${service}-1`,
    image: 'classpad/hello:1',
    environment: { GREETING: 'hello from revision 1' },
    ports: [8080],
    restarts: 0,
    stopGraceMs: 2000,
    readOnly: true,
    init: false,
    tmpfs: ['/tmp:size=1m'],
    labels: {
      [Label.device]: stage.device,
      [Label.app]: 'hello',
      [Label.revision]: '1',
      [Label.service]: service,
      [Label.replica]: '1',
      [Label.spec]: '1:00',
    },
    ...change,
  };
}

const LIFE: readonly Row[] = [
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

const MEBIBYTE = 1024 * 1024;
/** From a few MiB to the limit takes longer than that. */
const LEAST_LEAKING_MS = 300;
const LEAKING = { memoryBytes: 24 * MEBIBYTE, environment: { LEAK: '16' } };

const LIMITS: readonly Row[] = [
  [
    'one that takes more memory than its limit ends with 137, and it is said why',
    async (stage) => {
      const id = await started(stage, helloSpec(stage, 'web', LEAKING));
      const neighbour = await started(stage, helloSpec(stage, 'other', { memoryBytes: 24 * MEBIBYTE }));
      await stage.until(async () => (await find(stage, id))?.state === 'exited');
      const found = await find(stage, id);
      assert.equal([found?.exitCode, found?.outOfMemory, found?.restartCount], [137, true, 0]);
      const beside = await find(stage, neighbour);
      assert.equal([beside?.state, beside?.outOfMemory], ['running', undefined]);
      assert.is((await stage.get(neighbour, 8080))?.status, 200);
    },
  ],
  [
    'one that did so is restarted as often as told, and each run begins with nothing',
    async (stage) => {
      const beganMs = stage.nowMs();
      const id = await started(stage, helloSpec(stage, 'web', { ...LEAKING, restarts: 2 }));
      await stage.until(async () => (await find(stage, id))?.state === 'exited');
      const found = await find(stage, id);
      assert.equal([found?.exitCode, found?.outOfMemory, found?.restartCount], [137, true, 2]);
      // A run that began with what the one before had taken would end at once.
      const tookMs = stage.nowMs() - beganMs;
      assert.ok(tookMs > 3 * LEAST_LEAKING_MS, `three runs in ${tookMs} ms`);
    },
  ],
  [
    'one that ends by another hand, or takes less than its limit, is not said to have had too little',
    async (stage) => {
      const modest = { memoryBytes: 512 * MEBIBYTE, environment: { LEAK: '1' } };
      const id = await started(stage, helloSpec(stage, 'web', modest));
      await stage.pass(2500);
      assert.is((await find(stage, id))?.state, 'running');
      await stage.run(stage.containers.stop(id, 5000));
      const crashed = await started(stage, helloSpec(stage, 'other', { environment: { CRASH_AFTER: '0.1', CRASH_CODE: '137' } }));
      await stage.until(async () => (await find(stage, crashed))?.state === 'exited');
      const found = [await find(stage, id), await find(stage, crashed)];
      assert.equal(
        found.map((one) => [one?.exitCode, one?.outOfMemory]),
        [
          [0, undefined],
          [137, undefined],
        ],
      );
    },
  ],
  [
    'one that computes without end gets no more of the processors than its limit',
    async (stage) => {
      const hog = { environment: { BUSY: '3' }, nanoCpus: 200_000_000 };
      const beganMs = stage.nowMs();
      const id = await started(stage, helloSpec(stage, 'web', hog));
      const free = await started(stage, helloSpec(stage, 'other', { environment: { BUSY: '1' } }));
      const idle = await started(stage, helloSpec(stage, 'idle'));
      for (const each of [id, free]) await stage.until(async () => (await stage.cpuMs(each)) >= 400);
      const [limited, none] = [await stage.cpuMs(id), await stage.cpuMs(idle)];
      const most = 100 + (stage.nowMs() - beganMs) * 0.2;
      assert.ok(limited <= most, `${limited} ms, where its limit allows ${most}`);
      assert.ok(none < 400, `${none} ms of one that waits`);
      for (const each of [id, free]) await stage.run(stage.containers.stop(each, 2000));
    },
  ],
  [
    'one that may have more processors than there are is not made, and it is said how many there are',
    async (stage) => {
      const error = await rejects(stage, stage.containers.create(helloSpec(stage, 'web', { nanoCpus: 1e12 })), 'failed');
      assert.match(
        error.message,
        /^container \S+: Range of CPUs is from 0\.01 to \d+\.00, as there are only \d+ CPUs available/i,
      );
      assert.equal(await list(stage), []);
      const id = await started(stage, helloSpec(stage, 'web', { nanoCpus: 10_000_000 }));
      assert.is((await find(stage, id))?.config?.nanoCpus, 10_000_000);
    },
  ],
];

const HEALTH: readonly Row[] = [
  [
    'a passing check: starting, then healthy',
    async (stage) => {
      const id = await started(stage, helloSpec(stage, 'web', { healthcheck: { test: CHECK, ...FAST, intervalMs: 1000 } }));
      assert.is((await find(stage, id))?.health, 'starting');
      await stage.until(async () => (await find(stage, id))?.health === 'healthy');
      await stage.run(stage.containers.stop(id, 2000));
      assert.is.not((await find(stage, id))?.health, 'healthy', 'one that does not run is not healthy');
    },
  ],
  [
    'a failing check: unhealthy after its retries, and still running',
    async (stage) => {
      const spec = helloSpec(stage, 'web', { environment: { BROKEN: '1' }, healthcheck: { test: CHECK, ...FAST } });
      const id = await started(stage, spec);
      await stage.until(async () => (await find(stage, id))?.health === 'unhealthy');
      assert.is((await find(stage, id))?.state, 'running');
      assert.is((await stage.get(id, 8080))?.status, 500);
    },
  ],
  [
    'a check that gets too little of the processors to end in time: unhealthy',
    async (stage) => {
      const healthcheck = { test: CHECK, intervalMs: 300, timeoutMs: 500, retries: 2, startPeriodMs: 0 };
      const starved = { environment: { BUSY: '4' }, nanoCpus: 30_000_000, healthcheck };
      const id = await started(stage, helloSpec(stage, 'web', starved));
      await stage.until(async () => (await find(stage, id))?.health === 'unhealthy');
      assert.is((await find(stage, id))?.state, 'running');
    },
  ],
  [
    'a failing check within the start period: still starting',
    async (stage) => {
      const healthcheck = { test: ['CMD-SHELL', 'exit 1'], ...FAST, intervalMs: 200, startPeriodMs: 3_600_000 };
      const id = await started(stage, helloSpec(stage, 'web', { healthcheck }));
      await stage.pass(1500);
      assert.is((await find(stage, id))?.health, 'starting');
    },
  ],
  [
    'no check, or NONE: none',
    async (stage) => {
      const id = await started(stage, helloSpec(stage, 'web', { healthcheck: { test: ['NONE'], ...FAST } }));
      assert.is((await find(stage, id))?.health, 'none');
    },
  ],
];

const DOORS: readonly Row[] = [
  [
    'never lists or touches what is not its own',
    async (stage) => {
      const id = await stage.plant('somebody-elses');
      const before = await stage.peek(id);
      assert.equal(await list(stage), []);
      const { containers } = stage;
      const touches = [
        () => containers.start(id),
        () => containers.stop(id, 0),
        () => containers.remove(id),
        () => containers.logs(id, 1),
      ];
      for (const touch of touches) {
        await rejects(stage, touch(), 'refused');
      }
      assert.is(await stage.peek(id), before);
    },
  ],
  [
    'a name that somebody else holds is a conflict',
    async (stage) => {
      const spec = helloSpec(stage, 'taken');
      const id = await stage.plant(spec.name);
      const before = await stage.peek(id);
      await rejects(stage, stage.containers.create(spec), 'conflict');
      assert.is(await stage.peek(id), before);
    },
  ],
  [
    'an unknown id: not found, or nothing to do',
    async (stage) => {
      for (const id of ['f'.repeat(64), '../images/json', '']) {
        await rejects(stage, stage.containers.start(id), 'not-found');
        await rejects(stage, stage.containers.logs(id, 1), 'not-found');
        await stage.run(stage.containers.stop(id, 0));
        await stage.run(stage.containers.remove(id));
      }
    },
  ],
];

/** What a spec may not say, and the word its refusal names. */
export const REFUSALS: readonly [what: string, change: Record<string, unknown>, sentence: RegExp][] = [
  ['privileged mode', { privileged: true }, /^container [^:]+: privileged: a privileged container owns the device/],
  ['added capabilities', { capAdd: ['SYS_ADMIN'] }, /capAdd: added capabilities/],
  ["the host's network", { networkMode: 'host' }, /networkMode: .*never that of the device/],
  ["the host's processes", { pidMode: 'host' }, /pidMode/],
  ["the host's memory segments", { ipcMode: 'host' }, /ipcMode/],
  ['devices', { devices: ['/dev/mem'] }, /devices/],
  ['bind mounts', { binds: ['/:/host'] }, /binds: the device's own files/],
  ['the socket of the engine', { mounts: [{ source: '/var/run/docker.sock' }] }, /mounts/],
  ['security options', { securityOpt: ['apparmor=unconfined'] }, /securityOpt/],
  ['published ports', { portBindings: {} }, /portBindings: the proxy owns/],
  ['a field nobody knows', { frobnicate: 1 }, /frobnicate: is not a field/],
  ["another device's label", { labels: { [Label.device]: 'another' } }, /labels: .*must be/],
  ["the engine's labels", { labels: { 'com.docker.swarm.node.id': 'x' } }, /com\.docker/],
  ['a name without our prefix', { name: 'nginx' }, /name: must begin with "classpad-"/],
  ['a name with a path', { name: 'classpad-../../x' }, /name/],
  ['an image with a query', { image: 'hello?fromSrc=-' }, /image: must be an image reference/],
  ['a port of 0', { ports: [0] }, /ports: must be a whole number from 1 to 65535/],
  ['endless restarts', { restarts: -1 }, /restarts/],
  ['a missing field', { readOnly: undefined }, /readOnly: is missing/],
  ["a tmpfs over the kernel's paths", { tmpfs: ['/proc/sys'] }, /tmpfs: the kernel's own paths/],
  ['a tmpfs with options', { tmpfs: ['/tmp:exec,dev'] }, /tmpfs: must be/],
  ['a tmpfs that climbs', { tmpfs: ['/tmp/../proc'] }, /tmpfs/],
  ['a volume that is a path', { volumes: ['/etc:/data'] }, /volumes: must be "classpad-name:\/path"/],
  ['a volume that climbs', { volumes: ['classpad-pad-1-a:/data/../proc'] }, /volumes: must be a path without/],
  ["a volume over the kernel's paths", { volumes: ['classpad-pad-1-a:/sys'] }, /volumes: the kernel's own paths/],
  ['a volume with options', { volumes: ['classpad-pad-1-a:/a:ro,z'] }, /volumes: must be "classpad-name/],
  ["another device's volume", { volumes: ['classpad-pad-2-a:/a'] }, /must begin with "classpad-pad-1-hello-"/],
  ["the host's network as its own", { networks: ['host'] }, /networks: must be the name of a network that begins/],
  ["another device's network", { networks: ['classpad-pad-2-a'] }, /must begin with "classpad-pad-1-hello-"/],
  ['a name that is a link of its own', { neighbours: { db: 'a:b' } }, /neighbours: must be a name|neighbours: "db" must be/],
  ['endless output', { logging: { maxSizeBytes: 1e12, maxFiles: 2 } }, /logging: maxSizeBytes must be/],
  ['another place for output', { logging: { maxSizeBytes: 4096, maxFiles: 2, driver: 'syslog' } }, /logging: driver is not/],
  ['a working directory among open files of the host', { workingDir: '/proc/self/fd/8' }, /workingDir: the kernel's own paths/],
  ["a tmpfs over the kernel's paths, by two slashes", { tmpfs: ['//dev/shm'] }, /tmpfs: the kernel's own paths/],
  ["another app's volume", { volumes: ['classpad-pad-1-other-a:/a'] }, /must begin with "classpad-pad-1-hello-"/],
  ['an image that no engine can name', { image: 'a..b:1' }, /image: must be an image reference/],
  ['an image above all others', { image: '../containers/x:1' }, /image: must be an image reference/],
  ['an image in capitals', { image: 'Foo/bar:1' }, /image: must be an image reference/],
  ['a working directory that climbs', { workingDir: '/a/../b' }, /workingDir: must be an absolute path/],
  ['a host name with a blank', { hostname: 'a b' }, /hostname: must be one name/],
  ['a signal by number', { stopSignal: '9' }, /stopSignal: must be a signal/],
  ['a capability in small letters', { capDrop: ['net_raw'] }, /capDrop: must be a capability/],
  ['a secret that climbs', { secrets: ['../shadow'] }, /secrets: must be a name/],
  ['a secret that hides', { secrets: ['.hidden'] }, /secrets: must be a name/],
  ['a secret twice', { secrets: ['a', 'a'] }, /secrets: must not name one twice/],
  ['a secret with its value', { secrets: [{ name: 'a', value: 'b' }] }, /secrets: must be a name/],
  ['a variable with a NUL', { environment: { A: 'a\0b' } }, /environment: "A" must be/],
  ['a variable with an equals sign', { environment: { 'A=B': '' } }, /environment: "A=B" is not a variable name/],
  ['a user with a space', { user: 'root root' }, /user/],
  ['less memory than the engine takes', { memoryBytes: 1024 }, /memoryBytes: must be a whole number from 6291456/],
  ['less of a processor than the engine gives', { nanoCpus: 5_000_000 }, /nanoCpus: must be a whole number from 10000000/],
  ['a health check without a kind', { healthcheck: { test: ['wget'], ...FAST } }, /healthcheck: test must begin with/],
  ['a health check without an interval', { healthcheck: { test: CHECK, ...FAST, intervalMs: 0 } }, /healthcheck: intervalMs/],
];

async function refuses(stage: Stage, change: Record<string, unknown>, sentence: RegExp): Promise<void> {
  const spec = { ...helloSpec(stage, 'bad'), ...change } as ContainerSpec;
  const error = await rejects(stage, stage.containers.create(spec), 'refused');
  assert.match(error.message, sentence);
  assert.equal(await list(stage), []);
}

async function started(stage: Stage, spec: ContainerSpec): Promise<string> {
  const id = await stage.run(stage.containers.create(spec));
  await stage.run(stage.containers.start(id));
  return id;
}

async function find(stage: Stage, id: string): Promise<FoundContainer | undefined> {
  return (await list(stage)).find((found) => found.id === id);
}

function list(stage: Stage): Promise<FoundContainer[]> {
  return stage.run(stage.containers.list());
}

async function clear(stage: Stage): Promise<void> {
  for (const { id } of await list(stage)) await stage.run(stage.containers.remove(id));
}

async function rejects(stage: Stage, promise: Promise<unknown>, code: EngineErrorCode): Promise<EngineError> {
  const outcome = await stage.run(
    promise.then(
      () => undefined,
      (error: unknown) => error,
    ),
  );
  if (!(outcome instanceof EngineError)) throw new Error(`expected an EngineError ${code}, got ${outcome ?? 'success'}`);
  assert.is(outcome.code, code, outcome.message);
  return outcome;
}
