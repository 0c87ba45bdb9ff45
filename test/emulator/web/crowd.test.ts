import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { grouped } from '../../../emulator/web/words.ts';
import { launchChromium, openPage } from '../../support/chromium.ts';
import { FakeEmulator } from '../../support/fake-emulator.ts';
import { play } from '../../support/fake-story.ts';
import { need, root } from '../../support/need.ts';

const crowd = suite('crowd');
const DEVICES = 100;
const TICK_MS = 100;
const TICKS = 60;
const PRESSES = 20;

const isBuilt = need('the built page', existsSync(join(root, 'build/web/page.js')), 'run `npm run build` first');
const browser = isBuilt ? await launchChromium() : undefined;

/** What a test has opened and is closed after it, whatever came of it; a world that stays would keep the process. */
const closing: (() => void | Promise<void>)[] = [];
crowd.after.each(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A hundred devices that run a release. */
async function openCrowd(chromium: Browser, ratio = 1) {
  const world = new FakeEmulator(DEVICES);
  closing.push(() => world.close());
  const context = await chromium.newContext({ viewport: { width: 1600, height: 1000 }, deviceScaleFactor: ratio });
  closing.push(() => context.close());
  const opened = await openPage(context, await world.listen());
  play(world, 'healthy');
  await opened.page.locator('h1', { hasText: 'hello r1 runs on all' }).waitFor({ timeout: 60_000 });
  await opened.page
    .locator('.mini')
    .nth(DEVICES - 1)
    .waitFor();
  await opened.page.locator('.signal canvas').scrollIntoViewIfNeeded();
  return { world, ...opened };
}

/** The signal as it is painted, as text. */
const pixels = (page: Page): Promise<string> => page.evaluate<string>("document.querySelector('.signal canvas').toDataURL()");
const frame = (page: Page) => page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');

/** Starts to write down how long frames and tasks take, and from a key's press to the frame that shows what it did. */
const WATCH = `(() => {
  const seen = { frames: [], tasks: [], inputs: [] };
  window.seen = seen;
  let before = performance.now();
  const next = (now) => { seen.frames.push(now - before); before = now; requestAnimationFrame(next); };
  requestAnimationFrame(next);
  new PerformanceObserver((list) => seen.tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({ entryTypes: ['longtask'] });
  addEventListener('keydown', ({ timeStamp }) => requestAnimationFrame(() => setTimeout(() => seen.inputs.push(performance.now() - timeStamp))), true);
})()`;

interface Seen {
  readonly frames: readonly number[];
  readonly tasks: readonly number[];
  readonly inputs: readonly number[];
}

/** Milliseconds at these shares of the sorted values, in words. */
function spread(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(1);
  return `p50 ${at(0.5)}, p95 ${at(0.95)}, most ${at(1)} ms`;
}

/** Seconds of the page's main thread so far: those it really ran, whatever else the machine did. */
async function threadSeconds(session: CDPSession): Promise<number> {
  const { metrics } = await session.send('Performance.getMetrics');
  return metrics.find(({ name }) => name === 'TaskDuration')!.value;
}

if (browser) {
  crowd('what is painted block by block is what is painted at once', async () => {
    for (const ratio of [1, 2]) {
      const { world, page, complaints } = await openCrowd(browser, ratio);
      for (let tick = 0; tick < 12; tick++) {
        const device = world.devices[(tick * 7) % DEVICES]!;
        if (tick % 3 === 0) device.is('failed', 'unhealthy', device.status);
        if (tick % 3 === 1) device.is('offline', 'cut off', device.status);
        if (tick % 3 === 2) device.is('changing', 'rolling out', { ...device.status!, revision: tick });
        world.send(0);
        world.tick((tick * 11) % DEVICES);
        await frame(page);
      }
      // A frame passes sooner than a message on a busy machine: the last block must be here.
      await page.locator('td.block', { hasText: grouped(world.block) }).waitFor();
      await frame(page);
      const grown = await pixels(page);
      await page.evaluate("document.documentElement.dataset.theme = 'light'");
      await frame(page);
      assert.ok(grown.length > 10_000);
      assert.ok((await pixels(page)) === grown, `at ${ratio} pixels for one`);
      assert.equal(complaints, []);
    }
  });

  crowd('how long frames, tasks and keys take, printed', async () => {
    const { world, page } = await openCrowd(browser);
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable', { timeDomain: 'threadTicks' });
    const idle = await page.context().newPage();
    await idle.evaluate(WATCH);
    await idle.waitForTimeout(3000);
    const calm = await idle.evaluate<Seen>('window.seen');
    await idle.close();
    await page.bringToFront();
    await page.evaluate(WATCH);
    const before = await threadSeconds(session);
    for (let tick = 0; tick < TICKS; tick++) {
      world.tick(tick % DEVICES);
      if (tick % (TICKS / PRESSES) === 0) await page.keyboard.press('ArrowRight');
      await page.waitForTimeout(TICK_MS);
    }
    const busyMs = ((await threadSeconds(session)) - before) * 1000;
    const { frames, tasks, inputs } = await page.evaluate<Seen>('window.seen');
    console.log(`\n  ${DEVICES} devices, a block and a vote every ${TICK_MS} ms:`);
    console.log(`    frames                  ${spread(frames)}`);
    console.log(`    frames of an empty page ${spread(calm.frames)}, beside the same load`);
    console.log(`    from key to frame       ${spread(inputs)} (${inputs.length} presses)`);
    console.log(
      `    tasks over 50 ms        ${tasks.length}${tasks.length > 0 ? `, the longest ${Math.max(...tasks).toFixed(0)} ms` : ''}`,
    );
    console.log(`    main thread             ${(busyMs / TICKS).toFixed(1)} ms of its own time for each block`);
    assert.ok(frames.length > 10);
    assert.ok(inputs.length >= PRESSES - 1);
    await page.locator('.device h2', { hasText: 'pad-21' }).waitFor();
  });

  crowd.after(() => browser.close());
}

crowd.run();
