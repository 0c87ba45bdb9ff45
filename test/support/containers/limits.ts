import * as assert from 'uvu/assert';
import { find, helloSpec, list, type Row, rejects, type Stage, started } from './stage.ts';

const MEBIBYTE = 1024 * 1024;
/** From a few MiB to the limit takes longer than that. */
const LEAST_LEAKING_MS = 300;
const LEAKING = { memoryBytes: 24 * MEBIBYTE, environment: { LEAK: '16' } };

/** Memory, processes, processor time, files. */
export const LIMITS: readonly Row[] = [
  [
    'one that takes more memory than its limit ends with 137, and it is said why',
    async (stage) => {
      const id = await started(stage, helloSpec(stage, 'web', LEAKING));
      const neighbour = await started(stage, helloSpec(stage, 'other', { memoryBytes: 24 * MEBIBYTE }));
      await endedForMemory(stage, id);
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
      await endedForMemory(stage, id);
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

/** The engine hears of the end and of the want of memory by two ways, in either order. */
function endedForMemory(stage: Stage, id: string): Promise<void> {
  return stage.until(async () => {
    const found = await find(stage, id);
    return found?.state === 'exited' && found.outOfMemory === true;
  });
}
