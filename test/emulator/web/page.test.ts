import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { elapsedParts } from '../../../emulator/web/words.ts';
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

/** What the page shows of the fleet at one moment. */
interface Sight {
  readonly verdict: string;
  /** By device: what it runs and how it is, such as `hello r1, healthy`. */
  readonly tags: readonly string[];
}

/** The name of a moment worth a picture, and how to know it. */
const MOMENTS: readonly (readonly [name: string, isIt: (sight: Sight) => boolean])[] = [
  ['story-1-rolling-out', ({ verdict }) => verdict === 'Rolling out hello r1'],
  ['story-2-healthy', ({ tags }) => tags.every((tag) => tag === 'hello r1, healthy')],
  ['story-3-second', ({ tags }) => tags.every((tag) => tag === 'hello r2, rolling out')],
  ['story-4-failing', ({ tags }) => tags.some((tag) => tag === 'hello r2, unhealthy')],
  ['story-5-rolling-back', ({ tags }) => tags.some((tag) => tag === 'hello r1, rolling back')],
  ['story-6-back', ({ verdict, tags }) => /rolled back/.test(verdict) && tags.every((tag) => tag === 'hello r1, healthy')],
];

/** Waits until the page has painted the world's present moment. */
async function caughtUp(page: Page, elapsedMs: number): Promise<void> {
  const clock = elapsedParts(elapsedMs).join('');
  await page.locator('.clock', { hasText: clock }).waitFor({ timeout: 30_000 });
}

async function sightOf(page: Page): Promise<Sight> {
  const tags = await page
    .locator('.place')
    .evaluateAll((places) =>
      places.map((place) => ['.runs', '.tag em'].map((part) => place.querySelector(part)?.firstChild?.textContent).join(', ')),
    );
  return { verdict: (await page.locator('h1').textContent()) ?? '', tags };
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
    const sights: Sight[] = [];
    const moments = [...MOMENTS];
    try {
      await story.play(async () => {
        await caughtUp(page, story.elapsedMs());
        const sight = await sightOf(page);
        sights.push(sight);
        if (!moments[0]?.[1](sight)) return;
        await page.waitForTimeout(600); // the verdict may hold the sentence before for half a second
        await saveScreenshot(page, moments.shift()![0]);
      });
      assert.equal(
        moments.map(([name]) => name),
        [],
      );
      for (let device = 0; device < DEVICES; device++) {
        const tags = sights.map((sight) => sight.tags[device]!);
        const way = ['hello r1, rolling out', 'hello r1, healthy', 'hello r2, rolling out', 'hello r1, healthy'];
        assert.ok(inOrder(tags, way), `device ${device} was seen as ${JSON.stringify(tags)}`);
      }
      assert.match((await page.locator('.events tr.RolledBack .text').textContent()) ?? '', 'hello r2 was rolled back to r1');
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
