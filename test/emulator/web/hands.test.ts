import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { launchChromium, openPage, saveScreenshot } from '../../support/chromium.ts';
import { until } from '../../support/wait.ts';
import { approve, cut, hasEmulator, openWorld, PATIENCE_MS, propose, waitFor } from '../../support/world-by-hand.ts';

const suiteOfHands = suite('hands');
const browser = hasEmulator() ? await launchChromium() : undefined;

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
      // While a device catches up, its screen has other keys for a moment: then a finger presses once more.
      const press = async () => {
        if (!(await screenOf(page)).includes('HEALTHY')) return false;
        await page
          .locator('.lcd-place')
          .nth(3)
          .click({ position: { x: 20, y: 250 } });
        await page.locator('.screen-text li', { hasText: '[!] r2 rolled back' }).waitFor({ timeout: 5_000 });
        return true;
      };
      await until('the releases on the LCD', press, { withinMs: PATIENCE_MS });
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
