/**
 * Takes the pictures of the README: `npx tsx test/emulator/web/screenshot.ts`, after a build. Seven devices go back from a broken
 * release, one of them cut off; a real emulator, a real browser, the same moment each time.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { launchChromium, openPage } from '../../support/chromium.ts';
import { root } from '../../support/need.ts';
import { packed } from '../../support/png.ts';
import { toldStory } from '../../support/told-story.ts';

const DEVICES = 7;
const CUT_OFF = 'pad-07';
const VIEWPORT = { width: 1440, height: 900 };
const SCHEMES = ['dark', 'light'] as const;

const browser = await launchChromium();
if (!browser) process.exit(1);
const story = await toldStory(DEVICES);
const { network, boards } = story.world;
const pages = await Promise.all(
  SCHEMES.map(async (colorScheme) => {
    const { page } = await openPage(await browser.newContext({ viewport: VIEWPORT, colorScheme }), story.server.pageUrl);
    return { colorScheme, page };
  }),
);
let [hasTried, isTaken] = [false, false];
const outcome = await story
  .play(async () => {
    const running = boards.flatMap((board) => board.status()?.releases.map(({ revision }) => revision) ?? []);
    hasTried ||= running.includes(2);
    if (!hasTried || isTaken) return;
    for (const { identity } of boards) if (identity.name !== CUT_OFF) network.setLink(CUT_OFF, identity.name, { cut: true });
    const back = boards.filter((board) => board.status()?.screen.includes('HEALTHY'));
    if (running.includes(2) || back.length < DEVICES - 1) return;
    isTaken = true;
    for (const { colorScheme, page } of pages) {
      // Transitions end, and whoever was chosen is drawn so.
      await page.waitForTimeout(1000);
      const file = join(root, `emulator/web/screenshot${colorScheme === 'dark' ? '' : '-light'}.png`);
      writeFileSync(file, packed(await page.screenshot()));
    }
    throw new Taken();
  })
  .catch((error: Error) => error);
await browser.close();
await story.stop();
console.log(isTaken ? 'both pictures are taken' : `no picture: ${outcome}`);
process.exit(isTaken ? 0 : 1);

class Taken extends Error {}
