import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { launchChromium, openPage, saveScreenshot } from '../../support/chromium.ts';
import { need, root } from '../../support/need.ts';
import { toldStory } from '../../support/told-story.ts';

const DEVICES = 4;
const FILES = ['firmware.js', 'inside.js', 'vm.wasm', 'contracts/Fleet.json', 'web/page.js'];

const suiteOfPage = suite('page');
const isBuilt = need(
  'the built emulator',
  FILES.every((file) => existsSync(join(root, 'build', file))),
  'run `npm run build` first',
);
const browser = isBuilt ? await launchChromium() : undefined;

/** By device, what the page says it runs and how it is, such as `hello r1, healthy`. */
type Tags = readonly string[];

/** Moments worth a picture, in order: a name, how to know them by the tags, and the sentence on top. */
const MOMENTS: readonly (readonly [name: string, isIt: (tags: Tags) => boolean, sentence: string])[] = [
  ['story-1-rolling-out', (tags) => tags.some((tag) => tag === 'hello r1, rolling out'), 'Rolling out hello r1'],
  ['story-2-healthy', (tags) => tags.every((tag) => tag === 'hello r1, healthy'), 'hello r1 runs on all 4 devices'],
  ['story-3-second', (tags) => tags.some((tag) => tag === 'hello r2, rolling out'), 'Rolling out hello r2'],
  ['story-4-failing', (tags) => tags.some((tag) => tag === 'hello r2, unhealthy'), 'hello r2'],
  ['story-5-rolling-back', (tags) => tags.some((tag) => tag === 'hello r1, rolling back'), 'Rolling back hello r2 to r1'],
  ['story-6-back', (tags) => tags.every((tag) => tag === 'hello r1, healthy'), 'hello r2 was rolled back to r1'],
];

/** Waits until the page has painted the world's present moment. */
async function caughtUp(page: Page, elapsedMs: number): Promise<void> {
  await page.locator(`time[datetime="PT${elapsedMs / 1000}S"]`).waitFor({ timeout: 30_000 });
}

function tagsOf(page: Page): Promise<Tags> {
  return page
    .locator('.place')
    .evaluateAll((places) =>
      places.map((place) => ['.runs', '.tag em'].map((part) => place.querySelector(part)?.firstChild?.textContent).join(', ')),
    );
}

/** Whether the words come in this order, others between them allowed. */
function inOrder(list: readonly string[], words: readonly string[]): boolean {
  let at = 0;
  for (const text of list) if (text === words[at]) at++;
  return at === words.length;
}

if (browser) {
  suiteOfPage('four devices go from revision 1 to 2 and back, before one’s eyes', async () => {
    const story = await toldStory(DEVICES);
    const context = await browser.newContext({ viewport: { width: 1600, height: 1000 }, colorScheme: 'dark' });
    const { page, complaints } = await openPage(context, story.server.pageUrl);
    const seen: Tags[] = [];
    const moments = [...MOMENTS];
    try {
      await story.play(async () => {
        await caughtUp(page, story.elapsedMs());
        const tags = await tagsOf(page);
        seen.push(tags);
        const [name, isIt, sentence] = moments[0] ?? [];
        if (!isIt?.(tags)) return;
        await page.locator('h1', { hasText: sentence! }).waitFor({ timeout: 10_000 });
        await saveScreenshot(page, name!);
        moments.shift();
      });
      assert.equal(
        moments.map(([name]) => name),
        [],
      );
      for (let device = 0; device < DEVICES; device++) {
        const tags = seen.map((all) => all[device]!);
        const way = ['hello r1, rolling out', 'hello r1, healthy', 'hello r2, rolling out', 'hello r1, healthy'];
        assert.ok(inOrder(tags, way), `device ${device} was seen as ${JSON.stringify(tags)}`);
      }
      assert.match((await page.locator('.events tr.RolledBack .text').textContent()) ?? '', 'hello r2 was rolled back to r1');
      await caughtUp(page, story.elapsedMs());
      const screen = story.world.boards[0]!.status()!.screen;
      assert.equal(await page.locator('.screen-text li').allTextContents(), [...screen]);
      assert.equal(complaints, []);
    } finally {
      await context.close();
      await story.stop();
    }
  });
  suiteOfPage.after(() => browser.close());
}

suiteOfPage.run();
