/** A real Docker Engine whose disk is full when a release comes: the one before goes on, and the new one comes up when there is room. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createEngine, readJson } from '../../firmware-bridge/docker/engine.ts';
import { HELLO_IMAGE, readStatic } from '../../firmware-bridge/docker/hello.ts';
import { dockerEngine } from '../../firmware-bridge/docker/index.ts';
import type { Service } from '../../runtime/manifest/index.ts';
import type { Reconciler } from '../../runtime/reconcile/reconciler.ts';
import type { Wanted } from '../../runtime/reconcile/wanted.ts';
import { startDockerd } from '../support/dockerd.ts';
import { activeApp, DEVICE, revisionOf, wantedOf } from '../support/model-engine.ts';
import { need } from '../support/need.ts';
import { realReconciler } from '../support/real-reconciler.ts';
import { pause } from '../support/wait.ts';

const s = suite('simulation: a full disk');
const DISK_BYTES = 96 * 1024 * 1024;

const disk = mkdtempSync(join(tmpdir(), 'classpad-disk-'));
const ready =
  need('busybox', readStatic('/bin/busybox') !== undefined, 'no static /bin/busybox to make images from') &&
  need('a small disk', mount(), 'only root may mount one');
const before = process.env['TMPDIR'];
if (ready) process.env['TMPDIR'] = disk;
const daemon = ready ? await startDockerd() : undefined;
if (before === undefined) delete process.env['TMPDIR'];
else process.env['TMPDIR'] = before;

function mount(): boolean {
  if (process.getuid?.() !== 0) return false;
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', disk], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

if (daemon) {
  const raw = createEngine(daemon.url);
  const engine = dockerEngine(daemon.url, DEVICE);
  const test = ['CMD', 'wget', '-q', '-O-', 'http://127.0.0.1:8080/'];
  const web: Service = {
    image: HELLO_IMAGE,
    ports: [8080],
    healthcheck: { test, intervalMs: 300, retries: 3 },
    stopGraceMs: 1000,
  };
  const revisions = [1, 2].map((number) => revisionOf('a', number, { web: { ...web, environment: { GREETING: `${number}` } } }));
  const filler = join(disk, 'filler');
  const lines: string[] = [];
  let wanted: Wanted = wantedOf(activeApp(revisions[0]!));
  let reconciler: Reconciler;
  const made = new Set<string>();

  const states = async () => {
    const found = await engine.containers.list();
    for (const { id, name } of found) made.add(`${name} ${id}`);
    return found.map(({ name, state, health }) => `${name.replace(`classpad-${DEVICE}-a-`, '')} ${state} ${health}`).join(', ');
  };
  const until = async (what: string, condition: () => Promise<boolean> | boolean) => {
    for (const endMs = Date.now() + 60_000; !(await condition()); await pause(50))
      if (Date.now() > endMs)
        throw new Error(`a minute was not enough for ${what}: ${await states()}\n${lines.slice(-10).join('\n')}`);
  };

  s.before(async () => {
    await engine.ensureHelloImage();
    reconciler = realReconciler(engine.containers, () => wanted, lines);
    reconciler.poke();
    await until('the first', async () => (await states()) === 'r1-web-1 running healthy');
  });

  s.after(async () => {
    reconciler.stop();
    rmSync(filler, { force: true });
    await engine.clear();
    engine.close();
    await daemon.stop();
    execFileSync('umount', ['-l', disk]);
    rmSync(disk, { recursive: true, force: true });
  });

  s('with no byte left, what runs goes on, and the new one says why it does not come', async () => {
    const json = { Image: HELLO_IMAGE, HostConfig: { NetworkMode: 'none' } };
    const foreign = await raw.send({ method: 'POST', path: '/containers/create', query: { name: 'somebody-elses' }, json });
    const id = String(readJson(foreign.body)['Id']);
    // The engine itself may give a page back while it is filled.
    await until('no byte left', async () => {
      fill();
      return (await engine.containers.space())?.freeBytes === 0;
    });
    wanted = wantedOf(activeApp(revisions[1]!));
    reconciler.poke();
    await until('the complaint', () => lines.some((line) => /could not .*r2-web-1.*no space left on device/.test(line)));
    assert.match(await states(), /r1-web-1 running healthy/);
    rmSync(filler);
    await until('the second', async () => (await states()) === 'r2-web-1 running healthy');
    assert.is(made.size, 2, [...made].join('\n'));
    const still = readJson((await raw.send({ method: 'GET', path: '/containers/somebody-elses/json' })).body);
    assert.equal([still['Id'], (still['State'] as { Status: string }).Status], [id, 'created']);
  });

  function fill(): void {
    for (let attempt = 0; attempt < 20 && statfsSync(disk).bavail > 0; attempt++) {
      try {
        writeFileSync(filler, Buffer.alloc(statfsSync(disk).bavail * statfsSync(disk).bsize), { flag: 'a' });
      } catch {
        // The last page of it.
      }
    }
  }
}

if (!daemon && existsSync(disk)) rmSync(disk, { recursive: true, force: true });
s.run();
