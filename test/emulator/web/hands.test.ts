import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createControls } from '../../../emulator/controls.ts';
import { driveLive } from '../../../emulator/driver.ts';
import { readFleet } from '../../../emulator/fleet.ts';
import { operatorsOn } from '../../../emulator/operators.ts';
import { readScripts } from '../../../emulator/quickjs/device.ts';
import { type EmulatorServer, serveWorld } from '../../../emulator/server.ts';
import { liveStage } from '../../../emulator/stage.ts';
import { createWorld } from '../../../emulator/world.ts';
import { createRpcServer } from '../../../firmware-bridge/system/rpc-server.ts';
import { createVm } from '../../../vm/embed/index.ts';
import { launchChromium, openPage, saveScreenshot } from '../../support/chromium.ts';
import { need, root } from '../../support/need.ts';

const FILES = ['firmware.js', 'inside.js', 'vm.wasm', 'contracts/Fleet.json', 'web/page.js'];
const build = join(root, 'build');
/** Devices boot and vote in the world's own time; a machine with much else to do takes longer for it. */
const PATIENCE_MS = 240_000;

const suiteOfHands = suite('hands');
const isBuilt = need(
  'the built emulator',
  FILES.every((file) => existsSync(join(build, file))),
  'run `npm run build` first',
);
const browser = isBuilt ? await launchChromium() : undefined;

/** Four devices in real time, enrolled and without a release. */
async function openWorld() {
  const show = { server: undefined as EmulatorServer | undefined };
  const fleet = readFleet(build);
  const world = createWorld({
    seed: 'hands',
    devices: 4,
    startMs: Date.UTC(2026, 10, 21, 14, 32),
    version: '0.1.0',
    scripts: readScripts(build),
    vm: createVm({ fork: 'Osaka', wasm: readFileSync(join(build, 'vm.wasm')) }),
    onDraw: (device, rectangle) => show.server?.draw(device, rectangle),
    onLog: (device, level, message) => show.server?.log(device, level, message),
  });
  const controls = createControls(world);
  const example = (name: string, file: string) => ({ name, yaml: readFileSync(join(root, 'examples/hello', file), 'utf8') });
  const server = await serveWorld({
    world,
    controls,
    fleet,
    containers: 'virtual containers',
    examples: [example('works', 'compose.yaml'), example('breaks', 'compose.broken.yaml')],
    pageFolder: join(build, 'web'),
    makeRpcServer: createRpcServer,
    port: 0,
    rpcPort: 0,
  });
  show.server = server;
  const driver = driveLive(world, controls);
  await world.boot();
  const operators = operatorsOn(liveStage(world, server), fleet);
  await operators.deploy(world.operators[0]!);
  const identities = world.boards.map(({ identity }) => identity);
  await operators.enrol(identities);
  return {
    world,
    server,
    async stop() {
      world.stop();
      await driver.stop().catch(() => {});
      await server.stop();
    },
  };
}

const waitFor = (page: Page, selector: string, hasText: string | RegExp) =>
  page.locator(selector, { hasText }).first().waitFor({ timeout: PATIENCE_MS });

/** Proposes one of the examples; the first operator signs. */
async function propose(page: Page, which: string): Promise<void> {
  await page.locator('.release header button').click();
  await page.locator('dialog button', { hasText: `One that ${which}` }).click();
  await page.locator('dialog button[type=submit]').click();
  await page.locator('dialog').waitFor({ state: 'detached', timeout: PATIENCE_MS });
}

/** Approves what waits, as the named operator. */
async function approve(page: Page, operator: string): Promise<void> {
  await page.locator('.sign').waitFor({ timeout: PATIENCE_MS });
  await page.locator('.sign select').selectOption(operator);
  await page.keyboard.press('Escape');
  await page.locator('.sign [data-sign]').click();
  await page.locator('.confirm .primary', { hasText: `as ${operator}` }).click();
}

/** Draws a blade across the cable of a device. */
async function cut(page: Page, device: string): Promise<void> {
  await page.locator('.tool', { hasText: 'Cut' }).click();
  const box = (await page.locator(`[aria-label^="Cable of ${device}"]`).boundingBox())!;
  await page.mouse.move(box.x + 8, box.y + 14);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width - 8, box.y + 30, { steps: 8 });
  await page.mouse.up();
  await page.locator('.tool', { hasText: 'Select' }).click();
}

const screenOf = (page: Page): Promise<string[]> => page.locator('.screen-text li').allTextContents();

if (browser) {
  suiteOfHands('release, approve, cut, see the votes and the rollback, heal, and operate an LCD, all by hand', async () => {
    const { server, stop } = await openWorld();
    const context = await browser.newContext({ viewport: { width: 1600, height: 1000 }, colorScheme: 'light' });
    const { page, complaints } = await openPage(context, server.pageUrl);
    try {
      await propose(page, 'works');
      // Who signed already is told so, where the button is.
      await approve(page, 'ops-1');
      await waitFor(page, '.sign .outcome.wrong', /Already approved/);
      await page.locator('.confirm .button', { hasText: 'No' }).click();
      await approve(page, 'ops-2');
      await waitFor(page, 'h1', 'hello r1 runs on all 4 devices');

      await cut(page, 'pad-04');
      await waitFor(page, '.bracket', 'alone');
      await waitFor(page, '.place.offline .tag', 'cut off');
      await propose(page, 'breaks');
      await approve(page, 'ops-3');
      await waitFor(page, '.release header', 'rolled back');
      await waitFor(page, '.votes', 'Roll back');
      await page.locator('.choose[data-device="3"]').click({ position: { x: 4, y: 160 } });
      await saveScreenshot(page, 'hands-rolled-back');

      await page.locator('[aria-label^="Cable of pad-04"]').click();
      await waitFor(page, '.bracket', 'all 4 together, can decide');
      await waitFor(page, 'h1', 'hello r2 was rolled back to r1');

      await page
        .locator('.lcd-place')
        .nth(3)
        .click({ position: { x: 20, y: 250 } });
      await waitFor(page, '.screen-text li', '[!] r2 rolled back');
      assert.ok((await screenOf(page)).some((line) => line.endsWith('[x] r1 active, runs here')));
      await page.locator('.events .what button', { hasText: 'Proposed' }).first().click();
      await waitFor(page, '.call code', /^propose\(app: hello, manifest: \d+ bytes, healthWindow: 300\)$/);
      await saveScreenshot(page, 'hands-healed');
      assert.equal(complaints, []);
    } catch (error) {
      await saveScreenshot(page, 'hands-failed');
      throw error;
    } finally {
      await context.close();
      await stop();
    }
  });

  suiteOfHands(
    'who rejects proposes what is active once more, and with enough signatures the rejected one never runs',
    async () => {
      const { server, stop } = await openWorld();
      const context = await browser.newContext({ viewport: { width: 1600, height: 1000 } });
      const { page, complaints } = await openPage(context, server.pageUrl);
      try {
        await propose(page, 'works');
        await approve(page, 'ops-2');
        await waitFor(page, 'h1', 'hello r1 runs on all 4 devices');
        await propose(page, 'breaks');
        await waitFor(page, '.sign', 'The contract knows no veto: to reject is to propose what r1 runs once more');
        await page.locator('.sign select').selectOption('ops-2');
        await page.locator('.sign button', { hasText: 'Reject…' }).click();
        await page.locator('.confirm .primary', { hasText: 'Answer hello r2 with r1 as ops-2' }).click();
        const answer = page.locator('.sign', { hasText: 'hello r3 proposed' });
        await answer.waitFor({ timeout: PATIENCE_MS });
        await answer.locator('select').selectOption('ops-3');
        await answer.locator('[data-sign]').click();
        await answer.locator('.confirm .primary', { hasText: 'as ops-3' }).click();
        await waitFor(page, 'h1', 'hello r3 runs on all 4 devices');
        await page.locator('.sign').waitFor({ state: 'detached', timeout: PATIENCE_MS });
        assert.is(await page.locator('.events tr.RolledBack').count(), 0);
        assert.equal(complaints, []);
      } catch (error) {
        await saveScreenshot(page, 'reject-failed');
        throw error;
      } finally {
        await context.close();
        await stop();
      }
    },
  );
  suiteOfHands.after(() => browser.close());
}

suiteOfHands.run();
