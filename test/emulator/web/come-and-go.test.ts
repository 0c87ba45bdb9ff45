/** Boards that come and go under the hands of a user, on real devices, with the mouse and with keys alone. */
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { seriousFindings } from '../../support/axe.ts';
import { launchChromium, openPage, saveScreenshot } from '../../support/chromium.ts';
import { approve, hasEmulator, openWorld, propose, waitFor } from '../../support/world-by-hand.ts';

const test = suite('come and go');
const browser = hasEmulator() ? await launchChromium() : undefined;

const names = (page: Page) => page.locator('.tag b').allTextContents();

/** By the button on the rail of a site. */
async function addAtHarbour(page: Page): Promise<void> {
  await page.locator('[aria-label="Add a board at Harbour"]').click();
  await page.locator('dialog input[value=bare]').check();
  assert.ok(await page.locator('dialog input[value=Harbour]').isChecked(), 'its own site is chosen');
  assert.equal(await seriousFindings(page), []);
  await saveScreenshot(page, 'page-add-a-board');
  await page.locator('dialog button[type=submit]', { hasText: 'Add bare board' }).click();
}

/** By keys alone: the dialog, a choice in it, and what takes the board away again. */
async function addByKeys(page: Page): Promise<void> {
  await page.keyboard.press('+');
  await page.locator('dialog').waitFor();
  await page.locator('dialog input[name=looks]:checked').focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowLeft');
  assert.ok(await page.locator('dialog input[value=handheld]').isChecked());
  await page.keyboard.press('Enter');
}

/** Waits until an LCD shows something beside its ground. */
async function isLit(page: Page, device: string): Promise<void> {
  await page.waitForFunction(
    `(() => {
      const canvas = document.querySelector('canvas[aria-label="LCD of ${device}"]');
      if (!canvas) return false;
      const copy = new OffscreenCanvas(40, 66).getContext('2d', { willReadFrequently: true });
      copy.drawImage(canvas, 0, 0, 40, 66);
      return new Set(new Uint32Array(copy.getImageData(0, 0, 40, 66).data.buffer)).size > 3;
    })()`,
    undefined,
    { timeout: 60_000 },
  );
}

if (browser) {
  test('a board is added at a site and becomes one of the fleet, another by keys; one is taken away, and the fleet decides on', async () => {
    const { world, server, stop } = await openWorld('native');
    const context = await browser.newContext({ viewport: { width: 1600, height: 1000 } });
    const { page, complaints } = await openPage(context, server.pageUrl);
    page.on('dialog', (question) => void question.accept());
    try {
      await propose(page, 'works');
      await approve(page, 'ops-2');
      await waitFor(page, 'h1', 'hello r1 runs on all 4 devices');

      await addAtHarbour(page);
      await waitFor(page, '.device h2', 'pad-05');
      await waitFor(page, 'h1', 'hello r1 runs on all 5 devices');
      assert.equal(await names(page), ['pad-01', 'pad-02', 'pad-03', 'pad-05', 'pad-04']);
      for (const device of await names(page)) await isLit(page, device);
      assert.is(world.boards[3]!.looks, 'bare');
      assert.is(await page.locator('[data-device="3"] ~ .hard-key').count(), 6, 'it has the six keys of its board');
      await waitFor(page, '.events tr', 'pad-05 joined the fleet');
      const served = await fetch(server.proxyUrls[3]!).then((answer) => answer.text());
      assert.is(served, 'hello from revision 1\n');
      await page.reload();
      await waitFor(page, '.device h2', 'pad-05');

      await addByKeys(page);
      await waitFor(page, '.device h2', 'pad-06');
      await waitFor(page, 'h1', 'hello r1 runs on all 6 devices');
      await page.keyboard.press('1');
      await page.keyboard.press('Delete');
      await page.keyboard.press('2');
      await waitFor(page, '.device h2', 'pad-02');
      await page.locator('.where button', { hasText: 'Take away' }).click();
      await waitFor(page, '.events tr', 'pad-02 was removed from the fleet');
      await waitFor(page, 'h1', 'hello r1 runs on all 5 devices');
      assert.equal(await names(page), ['pad-01', 'pad-03', 'pad-05', 'pad-04', 'pad-06'], 'the first one cannot be taken away');
      for (const device of await names(page)) await isLit(page, device);
      await waitFor(page, '.top', '5 of 5');

      await propose(page, 'breaks');
      await approve(page, 'ops-2');
      await waitFor(page, 'h1', 'hello r2 was rolled back to r1');
      assert.equal(await seriousFindings(page), []);
      assert.equal(complaints, []);
    } finally {
      await context.close();
      await stop();
    }
  });

  test.after(() => browser.close());
}

test.run();
