import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { launchChromium, openPage, saveScreenshot } from '../../support/chromium.ts';
import { FakeEmulator } from '../../support/fake-emulator.ts';
import { play } from '../../support/fake-story.ts';
import { need, root } from '../../support/need.ts';

const menu = suite('world-menu');
const isBuilt = need('the built page', existsSync(join(root, 'build/web/page.js')), 'run `npm run build` first');
const browser = isBuilt ? await launchChromium() : undefined;

async function onPage(devices: number, act: (world: FakeEmulator, page: Page) => Promise<void>): Promise<void> {
  const world = new FakeEmulator(devices);
  const context = await (browser as Browser).newContext({
    viewport: { width: 1600, height: 1000 },
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const { page, complaints } = await openPage(context, await world.listen());
  try {
    play(world, devices === 0 ? 'empty' : 'healthy');
    await page.locator('h1', { hasText: world.verdict.sentence }).waitFor({ timeout: 60_000 });
    await act(world, page);
    assert.equal(complaints, []);
  } finally {
    await context.close();
    world.close();
  }
}

if (browser) {
  menu('pauses at a condition, forgets it, begins again with more devices, saves and loads', () =>
    onPage(4, async (world, page) => {
      world.answers.set('save', { format: 'classpad world 1', seed: 'page' });
      await page.locator('summary', { hasText: 'World' }).click();
      await page.locator('.world-menu [list=conditions]').fill('failed pad-02');
      await page.locator('.world-menu [list=conditions]').press('Enter');
      await page.locator('.world-menu', { hasText: 'Will pause at failed pad-02' }).waitFor();
      await saveScreenshot(page, 'page-world-menu');
      await page.locator('.world-menu .link', { hasText: 'Forget' }).click();
      await page.locator('.world-menu input[type=number]').fill('7');
      await page.locator('.world-menu button', { hasText: 'Begin again with 7' }).click();
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.locator('.world-menu button', { hasText: 'Save world' }).click(),
      ]);
      assert.match(download.suggestedFilename(), /^page-block-\d+\.json$/);
      const text = readFileSync((await download.path())!, 'utf8');
      assert.is(text, '{"format":"classpad world 1","seed":"page"}');
      await page.locator('.world-menu input[type=file]').setInputFiles({
        name: 'kept.json',
        mimeType: 'application/json',
        buffer: Buffer.from(text),
      });
      await page.locator('.toast', { hasText: 'kept.json is lived again' }).waitFor();
      assert.equal(world.commands, [
        { do: 'pause at', condition: 'failed pad-02' },
        { do: 'pause at', condition: '' },
        { do: 'restart', seed: 'page', devices: 7 },
        { do: 'save' },
        { do: 'load', world: text },
      ]);
    }),
  );

  menu('menus close by escape, by a press beside them, and when the focus leaves them', () =>
    onPage(4, async (_, page) => {
      for (const name of ['World', 'Faults…']) {
        const button = page.locator('summary', { hasText: name });
        const sheet = page.locator('details', { has: button }).locator('.menu-sheet');
        const closings: (() => Promise<void>)[] = [
          () => page.keyboard.press('Escape'),
          () => page.locator('h1').click(),
          () => page.locator('.search').focus(),
        ];
        for (const [at, close] of closings.entries()) {
          await button.click();
          await sheet.waitFor();
          await close();
          await sheet.waitFor({ state: 'hidden' });
          if (at === 0) assert.is(await page.evaluate('document.activeElement.textContent'), name);
        }
      }
    }),
  );

  menu('a world that stopped says why, and how to get away from it', () =>
    onPage(4, async (world, page) => {
      world.answers.set('steps', 'seed page\n+1.000 s cut-power: pad-02');
      world.crashed = 'two heads at block 12';
      world.verdict = { state: 'failed', sentence: 'The world stopped', detail: world.crashed };
      world.send(0);
      await page.locator('h1', { hasText: 'The world stopped' }).waitFor();
      await page.locator('.way-out button', { hasText: 'Copy steps' }).click();
      await page.locator('.toast', { hasText: 'are copied' }).waitFor();
      assert.is(await page.evaluate<string>('navigator.clipboard.readText()'), 'seed page\n+1.000 s cut-power: pad-02');
      await page.locator('.way-out button', { hasText: 'Go back one block' }).click();
      await page.waitForTimeout(100);
      await saveScreenshot(page, 'page-crashed');
      assert.equal(world.commands, [{ do: 'steps' }, { do: 'back', block: world.block - 1 }]);
    }),
  );

  menu('an empty bench offers to add devices', () =>
    onPage(0, async (world, page) => {
      await page.locator('.bench.empty button', { hasText: 'Add 7 in 2 sites' }).click();
      await page.waitForTimeout(100);
      assert.equal(world.commands, [{ do: 'restart', seed: 'page', devices: 7 }]);
    }),
  );

  menu.after(() => browser.close());
}

menu.run();
