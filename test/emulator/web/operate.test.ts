/** Everything on the page that a hand may want, once, on real devices: what it does is seen on the page. */
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { seriousFindings } from '../../support/axe.ts';
import { launchChromium, openPage, saveScreenshot } from '../../support/chromium.ts';
import { hasEmulator, openWorld, propose, waitFor } from '../../support/world-by-hand.ts';

const operate = suite('operate');
const browser = hasEmulator() ? await launchChromium() : undefined;
const LCD = { width: 320, height: 528 };

const screenSays = (page: Page, text: string | RegExp) => waitFor(page, '.screen-text li', text);

/** A finger on the LCD of the first board, in pixels of the LCD. */
async function touch(page: Page, x: number, y: number): Promise<void> {
  const lcd = page.locator('.lcd-place').first();
  const box = (await lcd.boundingBox())!;
  await lcd.click({ position: { x: (x / LCD.width) * box.width, y: (y / LCD.height) * box.height } });
}
/** The cells over the three keys. */
const SOFT = { left: 50, middle: 160, right: 270, y: 505 } as const;

/** From home: what the menu lists, by its row, and what the page that opens says. */
const pages: [row: number, title: string, says: RegExp][] = [
  [0, 'Releases', /r1/],
  [1, 'Vote', /hello|r1/],
  [2, 'Network', /pad-02/],
  [3, 'Keys', /0x/],
];

async function lcdByKeys(page: Page): Promise<void> {
  for (const [row, title, says] of pages) {
    await page.keyboard.press('x');
    await screenSays(page, /^More/);
    for (let at = 0; at < row; at += 1) await page.keyboard.press('x');
    await page.keyboard.press('b');
    await screenSays(page, new RegExp(title));
    await screenSays(page, says);
    await page.keyboard.press('a');
    await page.keyboard.press('a');
    await screenSays(page, 'HEALTHY');
  }
}

async function lcdByTouch(page: Page): Promise<void> {
  await touch(page, SOFT.right, SOFT.y);
  await screenSays(page, /^More/);
  await touch(page, SOFT.middle, SOFT.y);
  await screenSays(page, /Releases/);
  await touch(page, SOFT.left, SOFT.y);
  await touch(page, SOFT.left, SOFT.y);
  await screenSays(page, 'HEALTHY');
}

async function fault(page: Page, title: string, amount?: string): Promise<void> {
  if (!(await page.locator('.device .menu-sheet').isVisible())) await page.locator('summary', { hasText: 'Faults…' }).click();
  if (amount !== undefined) await page.locator(`.menu-sheet input[aria-label^="${title}"]`).fill(amount);
  await page.locator('.menu-sheet .link', { hasText: new RegExp(`^${title}$`) }).click();
}

async function faults(page: Page): Promise<void> {
  await page.keyboard.press('4');
  await waitFor(page, '.device h2', 'pad-04');
  await fault(page, 'Drain the battery');
  await waitFor(page, '.meters', /battery\d+%/);
  await fault(page, 'Let the clock jump', '120000');
  await waitFor(page, '.meters .bad', 'clock skew');
  await fault(page, 'Corrupt the images');
  await waitFor(page, '.wounds', 'corrupt the images');
  await waitFor(page, '.containers', 'unhealthy');
  await fault(page, 'Cut the network');
  await waitFor(page, '.place.offline .tag', 'pad-04');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Shift+Z');
  await waitFor(page, '.bracket', 'all 4 together, can decide');
  await page.locator('.device button', { hasText: 'Power off' }).click();
  await waitFor(page, '.where', 'without power');
  await page.locator('.device button', { hasText: 'Power on' }).click();
  await waitFor(page, '.containers', /hello r1.*healthy/);
  await page.keyboard.press('1');
}

async function time(page: Page): Promise<void> {
  await page.locator('.speeds button', { hasText: '8×' }).click();
  await page.locator('.speeds button[aria-pressed=true]', { hasText: '8×' }).waitFor();
  await page.keyboard.press('g');
  for (const title of ['Block time', 'Gas', 'Memory', 'Requests', 'Latency'])
    await waitFor(page, '.gauge figcaption', new RegExp(`${title} \\d`));
  assert.is(await page.locator('.gauge canvas').count(), 5);
  await page.keyboard.press('g');
  await page.locator('[aria-label="Pause (space)"]').click();
  await page.locator('[aria-label="Run (space)"]').waitFor();
  await page.waitForTimeout(400); // what was under way has been told
  const stood = await page.locator('.clock').textContent();
  await page.waitForTimeout(1200);
  assert.is(await page.locator('.clock').textContent(), stood, 'a paused clock stands');
}

if (browser) {
  operate("the LCD by keys and by touch, logs, containers, a key of one's own, faults, gauges and time", async () => {
    const { world, server, stop } = await openWorld('native');
    const context = await browser.newContext({
      viewport: { width: 1600, height: 1000 },
    });
    const { page, complaints } = await openPage(context, server.pageUrl);
    try {
      await propose(page, 'works');
      // Signed with a key of one's own, which stays in the tab: here the third operator's.
      await page.locator('.sign select').selectOption('own key');
      await page.locator('.own-key').fill(world.operators[2]!.privateKey);
      await page.locator('.own-key').press('Tab');
      await page.locator('.sign [data-sign]').click();
      await page.locator('.confirm .primary', { hasText: 'as own key' }).click();
      await waitFor(page, 'h1', 'hello r1 runs on all 4 devices');
      await waitFor(page, '.events tr.Approved .who', 'ops-3');
      assert.is(await page.locator('.top code').textContent(), 'hands');

      await fetch(server.proxyUrls[0]!).then((answer) => answer.text());
      await waitFor(page, '.requests', /GET \/.*200/);
      await waitFor(page, '.containers', /hello r1.*healthy/);
      await waitFor(page, '.log', 'hello: start hello-r1-web-1');
      await lcdByKeys(page);
      await lcdByTouch(page);
      await page.locator('.events .what button:enabled', { hasText: 'Proposed' }).first().click();
      await waitFor(page, '.call code', /^propose\(app: hello/);
      assert.equal(await seriousFindings(page), []);

      await faults(page);
      await time(page);
      await saveScreenshot(page, 'operate');
      assert.equal(complaints, []);
    } catch (error) {
      await saveScreenshot(page, 'operate-failed');
      throw error;
    } finally {
      await context.close();
      await stop();
    }
  });
  operate.after(() => browser.close());
}

operate.run();
