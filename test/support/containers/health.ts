import * as assert from 'uvu/assert';
import { CHECK, FAST, find, helloSpec, type Row, started } from './stage.ts';

/** What health checks say. */
export const HEALTH: readonly Row[] = [
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
