import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { virtualClock } from '../../../emulator/clock.ts';
import { type VirtualContainers, virtualContainers } from '../../../emulator/containers.ts';
import type { Service } from '../../../runtime/manifest/index.ts';
import type { ContainerSpec } from '../../../runtime/ports/index.ts';
import { Reconciler } from '../../../runtime/reconcile/reconciler.ts';
import type { Wanted } from '../../../runtime/reconcile/wanted.ts';
import { activeApp, DEVICE, plainHome, revisionOf, wantedOf } from '../../support/model-engine.ts';
import { seeded } from '../../support/virtual-clock.ts';

const s = suite('reconcile/drift');
const NAME = `classpad-${DEVICE}-a-r1-web-1`;
const check = { test: ['CMD', 'wget', '-q', 'http://127.0.0.1:8080/'], intervalMs: 500, timeoutMs: 200, retries: 2 };

/** A reconciler on virtual containers, and the hands of somebody else on them. */
class Bench {
  readonly clock = virtualClock(1_767_225_600_000);
  readonly containers: VirtualContainers = virtualContainers({ device: DEVICE, clock: this.clock, random: seeded(7) });
  readonly calls: string[] = [];
  readonly lines: string[] = [];
  readonly spec: ContainerSpec;
  wanted: Wanted | undefined;
  reconciler: Reconciler;

  constructor(over: Partial<Service> = {}) {
    const revision = revisionOf('a', 1, { web: { image: 'classpad/hello:1', ports: [8080], healthcheck: check, ...over } });
    this.spec = revision.containers[0]!.spec;
    this.wanted = wantedOf(activeApp(revision));
    this.reconciler = this.boot();
  }

  boot(): Reconciler {
    const { containers, calls } = this;
    const told = (verb: 'create' | 'start' | 'stop' | 'remove') => (argument: never) => {
      calls.push(verb);
      return (containers[verb] as (...args: unknown[]) => Promise<never>)(argument, 1000);
    };
    this.reconciler = new Reconciler({
      ...plainHome(),
      device: DEVICE,
      containers: { ...containers, create: told('create'), start: told('start'), stop: told('stop'), remove: told('remove') },
      clock: this.clock,
      log: { write: (_, line) => void this.lines.push(line) },
      intervalMs: 5000,
      wanted: () => this.wanted,
      onLook: () => {},
      draining: () => new Map(),
      onChange: () => {},
    });
    this.reconciler.poke();
    return this.reconciler;
  }

  async pass(seconds: number): Promise<void> {
    await this.clock.advanceTo(this.clock.nowMs() + seconds * 1000);
  }

  /** Something done by hand, in the engine's own time. */
  async hand<T>(work: Promise<T>): Promise<T> {
    await this.clock.advanceTo(this.clock.nowMs() + 3000);
    return work;
  }

  async id(): Promise<string | undefined> {
    const listed = this.containers.list();
    await this.clock.advanceTo(this.clock.nowMs() + 20);
    return (await listed).find(({ name, health }) => name === NAME && health === 'healthy')?.id;
  }

  whats(): string[] {
    return this.reconciler.drifts().map(({ what }) => what);
  }
}

async function running(over: Partial<Service> = {}): Promise<Bench> {
  const bench = new Bench(over);
  await bench.pass(10);
  bench.calls.length = 0;
  return bench;
}

const LIMITED = { memoryBytes: 64 * 1024 * 1024 };
type Hand = (bench: Bench, id: string) => Promise<void>;
const rows: [name: string, hand: Hand, calls: string[], what: string, sentence: string][] = [
  [
    'stopped',
    async ({ containers }, id) => containers.stop(id, 1000),
    ['start'],
    'stopped',
    'web of revision 1 was stopped (exit code 0); it is started again',
  ],
  [
    'killed',
    async ({ containers }, id) => containers.stop(id, 0),
    ['start'],
    'stopped',
    'web of revision 1 was stopped (exit code 137); it is started again',
  ],
  [
    'removed',
    async ({ containers }, id) => containers.remove(id),
    ['create', 'start'],
    'removed',
    'web of revision 1 was removed from outside; it is made again',
  ],
  [
    'changed',
    async ({ containers }, id) => containers.change(id, { memoryBytes: 128 * 1024 * 1024 }),
    ['stop', 'remove', 'create', 'start'],
    'changed',
    'web of revision 1 was changed from outside (its memory limit); it is made anew',
  ],
  [
    'given power',
    async ({ containers }, id) => containers.change(id, { oddities: ['privileged mode'] }),
    ['stop', 'remove', 'create', 'start'],
    'changed',
    'web of revision 1 was changed from outside (privileged mode); it is made anew',
  ],
  [
    'replaced',
    async (bench, id) => {
      const { containers, spec, wanted } = bench;
      // Between two looks of the device.
      bench.wanted = undefined;
      await containers.remove(id);
      const other = await containers.create({ ...spec, environment: { GREETING: 'mine' } });
      await containers.start(other);
      bench.wanted = wanted;
    },
    ['stop', 'remove', 'create', 'start'],
    'replaced',
    'web of revision 1 was replaced from outside (other than agreed: the variable GREETING); it is made anew',
  ],
];

for (const [name, hand, calls, what, sentence] of rows) {
  s(`${name} by hand: put right, logged, and told of once`, async () => {
    const bench = await running({ ...LIMITED, environment: { GREETING: 'ours' }, ...(name === 'killed' && { stopGraceMs: 0 }) });
    const before = (await bench.id())!;
    const work = hand(bench, before);
    await bench.hand(work);
    await bench.pass(15);
    assert.ok(await bench.id(), 'it is healthy again');
    const drifts = bench.reconciler
      .drifts()
      .map(({ what, app, service, revision, sentence }) => [what, app, service, revision, sentence]);
    assert.equal(drifts.at(-1), [what, 'a', 'web', 1, sentence]);
    assert.equal(drifts.length, 1);
    assert.ok(bench.lines.includes(`a: ${sentence}`), bench.lines.join('\n'));
    assert.equal(bench.calls, calls);
    assert.is((await bench.id()) === before, calls.length === 1, 'made anew only where it must be');
    bench.calls.length = 0;
    await bench.pass(60);
    assert.equal(bench.calls, [], 'then nothing is done');
  });
}

s('removed again and again: each time it waits longer, and it is forgiven in time', async () => {
  const bench = await running();
  const removeOften = async (times: number) => {
    for (let time = 0; time < times; time++) {
      const id = await bench.id();
      if (id !== undefined) await bench.hand(bench.containers.remove(id));
    }
  };
  await removeOften(60);
  const often = bench.whats().length;
  assert.ok(often >= 3 && often <= 9, `${often} heals in three minutes`);
  await bench.pass(600);
  assert.ok(await bench.id());
  const before = bench.whats().length;
  await removeOften(1);
  await bench.pass(2);
  assert.is(bench.whats().length, before + 1, 'at once, as the first time');
});

s('what fails its check is restarted, ever more rarely', async () => {
  const bench = new Bench({ environment: { BROKEN: '1' } });
  await bench.pass(60);
  const early = bench.whats().length;
  await bench.pass(1800);
  const late = bench.reconciler.drifts();
  assert.ok(early >= 3, `${early} in the first minute`);
  assert.ok(late.length - early <= 12, `${late.length - early} in half an hour`);
  assert.ok(late.every(({ what }) => what === 'unhealthy'));
  assert.is(late.at(-1)!.sentence, 'web of revision 1 fails its health check; it is restarted');
});

s('while it rolls out a failing check is a vote and nothing more', async () => {
  const bench = new Bench({ environment: { BROKEN: '1' } });
  const { apps, latest } = bench.wanted!;
  bench.wanted = { latest, apps: apps.map((app) => ({ ...app, phase: 'rolling out' as const })) };
  await bench.pass(60);
  assert.equal(bench.whats(), []);
});

for (const code of ['0', '7']) {
  s(`one that ends by itself with code ${code} again and again is a crash loop, no drift`, async () => {
    const bench = new Bench({ environment: { CRASH_AFTER: '1', CRASH_CODE: code } });
    await bench.pass(600);
    assert.ok(
      bench.whats().length <= 2,
      bench.reconciler
        .drifts()
        .map(({ sentence }) => sentence)
        .join('\n'),
    );
  });
}

s('at most twenty are kept, the newest last', async () => {
  const bench = await running();
  for (let time = 0; time < 22; time++) {
    const id = await bench.id();
    if (id !== undefined) await bench.hand(bench.containers.remove(id));
    await bench.pass(120);
  }
  assert.is(bench.whats().length, 20);
  const times = bench.reconciler.drifts().map(({ atMs }) => atMs);
  assert.equal(
    times,
    [...times].sort((a, b) => a - b),
  );
});

s('an own stop is no drift: a release that is over goes quietly, and so does a restarted node', async () => {
  const bench = await running();
  bench.reconciler.stop();
  bench.boot();
  await bench.pass(10);
  assert.equal(bench.calls, []);
  bench.wanted = wantedOf();
  bench.reconciler.poke();
  await bench.pass(10);
  assert.equal(bench.calls, ['stop', 'remove']);
  assert.equal(bench.whats(), []);
});

s.run();
