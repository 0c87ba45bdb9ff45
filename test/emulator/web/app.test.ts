import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { seriousFindings } from '../../support/axe.ts';
import { launchChromium, openPage, saveScreenshot } from '../../support/chromium.ts';
import { FakeEmulator } from '../../support/fake-emulator.ts';
import { play, playScene, type Scene } from '../../support/fake-story.ts';
import { need, root } from '../../support/need.ts';

const app = suite('app');
const desktop = { viewport: { width: 1600, height: 1000 } };
const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true };

const isBuilt = need('the built page', existsSync(join(root, 'build/web/page.js')), 'run `npm run build` first');
const browser = isBuilt ? await launchChromium() : undefined;

interface Stage {
  readonly world: FakeEmulator;
  readonly page: Page;
  readonly complaints: string[];
}

/** A test that has a fake emulator and a page open on it; it must leave the console empty. */
type PageOptions = BrowserContextOptions & { readonly devices?: number; readonly board?: string };

function onPage(name: string, options: PageOptions, act: (stage: Stage) => Promise<void>): void {
  if (!browser) return;
  app(name, async () => {
    const world = new FakeEmulator(options.devices ?? 4, options.board);
    const context = await (browser as Browser).newContext(options);
    try {
      const stage = { world, ...(await openPage(context, await world.listen())) };
      await act(stage);
      assert.equal(stage.complaints, []);
    } finally {
      await context.close();
      world.close();
    }
  });
}

/** Waits until the page says the sentence in its heading. */
async function says(page: Page, sentence: string): Promise<void> {
  await page.locator('h1', { hasText: sentence }).waitFor({ timeout: 60_000 });
}

/** Waits until a pixel of an LCD's first line has that colour. */
async function shows(page: Page, device: number, colour: readonly number[]): Promise<void> {
  await page.waitForFunction(
    `(() => {
      const copy = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
      const canvas = document.querySelectorAll('.board canvas')[${device}];
      const scale = canvas.width / 320;
      copy.drawImage(canvas, 8 * scale, 60 * scale, 1, 1, 0, 0, 1, 1);
      return [...copy.getImageData(0, 0, 1, 1).data].join() === '${colour}';
    })()`,
    undefined,
    { timeout: 30_000 },
  );
}

async function boards(page: Page): Promise<(string | null)[]> {
  return page.locator('.choose').evaluateAll((all) => all.map((board) => board.getAttribute('aria-label')));
}

onPage('the story, scene by scene', desktop, async ({ world, page }) => {
  const scenes: [scene: Scene, sentence: string, pad02: string, phase: string][] = [
    ['empty', 'All devices wait', 'pad-02, Harbour, ready', 'No release yetPropose…'],
    ['rolling out', 'Rolling out hello r1', 'pad-02, Harbour, rolling out', 'hello r1rolling outPropose…'],
    ['healthy', 'hello r1 runs on all 4 devices', 'pad-02, Harbour, healthy', 'hello r1activePropose…'],
    ['second', 'Rolling out hello r2', 'pad-02, Harbour, rolling out', 'hello r2rolling outPropose…'],
    ['failing', 'hello r2 fails on pad-02', 'pad-02, Harbour, unhealthy', 'hello r2rolling outPropose…'],
    ['rolling back', 'Rolling back hello r2 to r1', 'pad-02, Harbour, rolling back', 'hello r2rolled backPropose…'],
    ['back', 'hello r1 runs again on all 4 devices', 'pad-02, Harbour, healthy', 'hello r2rolled backPropose…'],
  ];
  for (const [scene, sentence, pad02, phase] of scenes) {
    playScene(world, scene);
    await says(page, sentence);
    assert.is((await boards(page))[1], pad02);
    assert.is(await page.locator('.release header').textContent(), phase);
    assert.match(await page.title(), sentence);
  }
  assert.is(
    await page.locator('.events tr.RolledBack .text').textContent(),
    'hello r2 was rolled back to r1: a healthy quorum can no longer be reached',
  );
});

onPage('an LCD shows the pixels that the firmware drew', desktop, async ({ world, page }) => {
  play(world, 'failing');
  await says(page, 'hello r2 fails');
  const wanted: [device: number, colour: number[]][] = [
    [1, [255, 109, 66, 255]], // failed
    [0, [255, 182, 41, 255]], // changing
  ];
  for (const [device, colour] of wanted) await shows(page, device, colour);
});

const switchOf = (page: Page, name: string) => page.locator(`[role=switch][aria-label^="Cable of ${name}"]`);

onPage('a blade drawn across cables cuts them, a click mends one, and so do keys', desktop, async ({ world, page }) => {
  play(world, 'healthy');
  await says(page, 'hello r1 runs on all');
  await page.keyboard.press('c');
  const spots = await Promise.all(['pad-01', 'pad-02'].map((name) => switchOf(page, name).boundingBox()));
  const [first, second] = spots as { x: number; y: number; width: number; height: number }[];
  await page.mouse.move(first!.x - 10, first!.y + 20);
  await page.mouse.down();
  await page.mouse.move(second!.x + second!.width + 10, second!.y + 28, { steps: 12 });
  await page.mouse.up();
  await switchOf(page, 'pad-02').and(page.locator('[aria-checked=false]')).waitFor();
  assert.equal(world.commands, [
    { do: 'cable', device: 'pad-01', cut: true },
    { do: 'cable', device: 'pad-02', cut: true },
  ]);
  await page.locator('.wounds', { hasText: '2 faults' }).waitFor();
  await page.locator('.bracket', { hasText: '2 of 4 together, cannot decide: 3 needed' }).waitFor();
  await saveScreenshot(page, 'page-cut');
  await page.keyboard.press('Escape');
  await switchOf(page, 'pad-01').click();
  await switchOf(page, 'pad-02').focus();
  await page.keyboard.press('Enter');
  await page.locator('.bracket', { hasText: 'all 4 together, can decide' }).waitFor();
  assert.equal(world.commands.slice(2), [
    { do: 'cable', device: 'pad-01', cut: false },
    { do: 'cable', device: 'pad-02', cut: false },
  ]);
});

onPage('the LCD of the chosen board takes touches, and its keys are keys', desktop, async ({ world, page }) => {
  play(world, 'healthy');
  await says(page, 'hello r1 runs on all');
  const lcd = page.locator('.lcd-place').nth(1);
  await lcd.click({ position: { x: 20, y: 250 } });
  assert.equal(world.commands, []);
  await page.locator('.device h2', { hasText: 'pad-02' }).waitFor();
  await lcd.click({ position: { x: 20, y: 250 } });
  await page.keyboard.press('b');
  await page.locator('button[aria-label="right key of pad-02"]').click();
  const device = 'pad-02';
  assert.equal(world.commands, [
    { do: 'touch', device, phase: 'down', x: 40, y: 500 },
    { do: 'touch', device, phase: 'up', x: 40, y: 500 },
    { do: 'key', device, key: 'middle' },
    { do: 'key', device, key: 'right' },
  ]);
});

onPage('keys run, pause, step, rewind and change the speed; a refusal is said', desktop, async ({ world, page }) => {
  play(world, 'healthy');
  world.refusals.set('back', 'this world cannot step back: its inputs are not recorded');
  await says(page, 'hello r1 runs on all');
  await page.keyboard.press(' ');
  await page.locator('[aria-label="Run (space)"]').waitFor();
  for (const key of ['.', ']', ',', 'n', 'Shift+Z']) await page.keyboard.press(key);
  await page.locator('.toast', { hasText: 'cannot step back' }).waitFor();
  assert.equal(
    world.commands.map((command) => command.do),
    ['pause', 'step', 'speed', 'back', 'cable', 'mend'],
  );
});

onPage('the line that is now is drawn back with the mouse', desktop, async ({ world, page }) => {
  play(world, 'back');
  await says(page, 'hello r1 runs again');
  const now = await page.locator('.now .grip').boundingBox();
  await page.mouse.move(now!.x + 5, now!.y + 4);
  await page.mouse.down();
  await page.mouse.move(now!.x - 80, now!.y + 4, { steps: 5 });
  await page.locator('.now span', { hasText: `back to ${world.block - 3}` }).waitFor();
  await page.mouse.up();
  await page.waitForTimeout(100);
  assert.equal(world.commands, [{ do: 'back', block: world.block - 3 }]);
});

onPage('a link made elsewhere says so', desktop, async ({ world, page }) => {
  play(world, 'healthy');
  await page.goto(`${page.url()}#seed=other&device=pad-03&tab=gauges`);
  await page.reload();
  await page.locator('.notice', { hasText: 'other' }).waitFor();
  await page.locator('.gauge canvas').first().waitFor();
  assert.is(await page.locator('.device h2').textContent(), 'pad-03');
  await page.locator('.notice button', { hasText: 'Restart with other' }).click();
  await page.locator('.notice').waitFor({ state: 'detached' });
  assert.equal(world.commands, [{ do: 'restart', seed: 'other' }]);
});

onPage('a page opened late, or reloaded, shows the same', desktop, async ({ world, page }) => {
  play(world, 'back');
  await says(page, 'hello r1 runs again');
  await page.keyboard.press('3');
  await page.reload();
  await says(page, 'hello r1 runs again');
  assert.is(await page.locator('.device h2').textContent(), 'pad-03');
  assert.equal(await boards(page), [
    'pad-01, Harbour, healthy',
    'pad-02, Harbour, healthy',
    'pad-03, Harbour, healthy',
    'pad-04, Quarry, healthy',
  ]);
});

onPage('keys choose, open, close, search and change the theme', desktop, async ({ world, page }) => {
  play(world, 'back');
  await says(page, 'hello r1 runs again');
  const presses: [key: string, device: string][] = [
    ['2', 'pad-02'],
    ['ArrowRight', 'pad-03'],
    ['ArrowRight', 'pad-04'],
    ['ArrowRight', 'pad-01'],
    ['ArrowLeft', 'pad-04'],
    ['9', 'pad-04'],
  ];
  for (const [key, device] of presses) {
    await page.keyboard.press(key);
    await page.locator('.device h2', { hasText: device }).waitFor({ timeout: 5_000 });
  }
  await page.keyboard.press('Enter');
  const size = await page.locator('dialog canvas').evaluate((canvas) => [canvas.clientWidth, canvas.clientHeight]);
  assert.equal(size, [320, 528]);
  await page.keyboard.press('Escape');
  await page.locator('dialog').waitFor({ state: 'detached' });
  await page.keyboard.press('?');
  await page.locator('dialog').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('dialog').waitFor({ state: 'detached' });
  await page.keyboard.press('/');
  await page.keyboard.type('r7 rolledback');
  await page.locator('.events', { hasText: 'No event says "r7 rolledback".' }).waitFor();
  await page.locator('.search').fill('rolledback');
  await page.locator('.events tbody tr:only-child').waitFor();
  await page.locator('.search').blur();
  const ground = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
  const before = await ground();
  await page.keyboard.press('t');
  assert.is.not(await ground(), before);
});

onPage('the list of events holds still under the pointer and counts what is new', desktop, async ({ world, page }) => {
  play(world, 'healthy');
  await says(page, 'hello r1 runs on all');
  const first = () => page.locator('.events tbody tr').first().textContent();
  const before = await first();
  await page.locator('.events').hover({ position: { x: 200, y: 30 } });
  playScene(world, 'second');
  await page.locator('.fresh', { hasText: '3 new' }).waitFor();
  assert.is(await first(), before);
  await page.mouse.move(10, 10);
  await page.locator('.events tbody tr').first().locator('text=RollingOut').waitFor();
});

if (browser) {
  app('a page that lost the emulator says so, hides nothing, and comes back', async () => {
    const world = new FakeEmulator(4);
    const context = await browser.newContext(desktop);
    const { page } = await openPage(context, await world.listen());
    play(world, 'healthy');
    await says(page, 'hello r1 runs on all');
    await page.locator('.heard', { hasText: 'last heard' }).waitFor({ timeout: 10_000 });
    assert.is((await boards(page)).length, 4);
    world.hangUp();
    await page.waitForTimeout(1500); // the page calls again after a second
    world.send(100);
    await page.locator('.heard').waitFor({ state: 'detached', timeout: 10_000 });
    await context.close();
    world.close();
  });
}

const looks: [name: string, options: PageOptions, scene: Scene][] = [
  ['light', { ...desktop, colorScheme: 'light' }, 'rolling back'],
  ['dark', { ...desktop, colorScheme: 'dark' }, 'rolling back'],
  ['small', { viewport: { width: 1024, height: 900 }, colorScheme: 'light' }, 'failing'],
  ['phone', { ...phone, colorScheme: 'dark' }, 'cut off'],
  ['twelve', { ...desktop, colorScheme: 'dark', devices: 12 }, 'failing'],
  ['forty', { ...desktop, colorScheme: 'light', devices: 40 }, 'failing'],
  ['hundred', { ...desktop, colorScheme: 'dark', devices: 100 }, 'failing'],
  ['many', { ...desktop, colorScheme: 'light', devices: 130 }, 'rolling out'],
  ['phone-many', { ...phone, colorScheme: 'light', devices: 30 }, 'failing'],
  ['bare', { ...desktop, colorScheme: 'light', board: 'bare' }, 'healthy'],
  ['none', { ...desktop, colorScheme: 'light', devices: 0 }, 'empty'],
];
for (const [name, options, scene] of looks) {
  onPage(
    `${name}: nothing sticks out and axe finds nothing serious`,
    { ...options, reducedMotion: 'reduce' },
    async ({ world, page }) => {
      play(world, scene);
      await says(page, world.verdict.sentence);
      const width = await page.evaluate('document.documentElement.scrollWidth');
      assert.is(width, options.viewport!.width);
      assert.equal(await seriousFindings(page), []);
      await saveScreenshot(page, `page-${name}`);
    },
  );
}

/** What can be open over the page, and how a hand opens it. */
const openings: [name: string, open: (page: Page) => Promise<unknown>][] = [
  ['the keys', (page) => page.keyboard.press('?')],
  ['a board to add', (page) => page.keyboard.press('+')],
  ['true size', (page) => page.keyboard.press('Enter')],
  ['a proposal', (page) => page.locator('.release header button').click()],
  ['the world', (page) => page.locator('summary', { hasText: 'World' }).click()],
  ['faults', (page) => page.locator('summary', { hasText: 'Faults…' }).click()],
  ['gauges', (page) => page.keyboard.press('g')],
  ['a pinned block', (page) => page.locator('.signal canvas').click({ position: { x: 200, y: 60 } })],
];
for (const colorScheme of ['light', 'dark'] as const) {
  onPage(`${colorScheme}: axe finds nothing serious whatever is open`, { ...desktop, colorScheme }, async ({ world, page }) => {
    play(world, 'back');
    await says(page, 'hello r1 runs again');
    for (const [name, open] of openings) {
      await open(page);
      await page.waitForTimeout(250); // what moves has come to rest
      assert.equal(await seriousFindings(page), [], name);
      await saveScreenshot(page, `page-${colorScheme}-${name.replaceAll(' ', '-')}`);
      await page.keyboard.press('Escape');
    }
  });
}

if (browser) app.after(() => browser.close());
app.run();
