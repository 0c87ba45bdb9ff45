/** Worlds that take one another's place, by the page's own buttons, in the emulator as the command starts it. */
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { emulate } from '../../../emulator/main.ts';
import type { World } from '../../../emulator/world.ts';
import { createRpcServer } from '../../../firmware-bridge/system/rpc-server.ts';
import { launchChromium, openPage, saveScreenshot } from '../../support/chromium.ts';
import { root } from '../../support/need.ts';
import { freePorts } from '../../support/node-process.ts';
import { hasEmulator, PATIENCE_MS, waitFor } from '../../support/world-by-hand.ts';

const again = suite('again');
const browser = hasEmulator() ? await launchChromium() : undefined;
const DEVICES = 3;
/** A block of the story's first half, and one of its second. */
const BLOCK = 7;

/** What the trace of a world was after each event so far. */
function traceOf({ trace }: World): ReadonlySet<string> {
  const hashes = new Set<string>();
  const { add } = trace;
  Object.assign(trace, {
    add(...event: Parameters<typeof add>) {
      add(...event);
      hashes.add(trace.hash());
    },
  });
  return hashes;
}

/** The emulator with its page, in this process so that its worlds can be looked at. */
async function start() {
  const [port = 0, rpcPort = 0] = await freePorts(2);
  const ending = new AbortController();
  const worlds: World[] = [];
  const traces: ReadonlySet<string>[] = [];
  const lines: string[] = [];
  const options = {
    devices: DEVICES,
    port,
    rpcPort,
    once: false,
    seed: 'again',
    paceMs: 0,
    root,
    version: '0.1.0',
    native: true,
    // Slowly at first: the page has to be there before the block that it is to pause at.
    speed: 0.25,
  };
  const onWorld = (world: World) => {
    worlds.push(world);
    traces.push(traceOf(world));
  };
  const ended = emulate(
    options,
    { line: (text) => void lines.push(text) },
    { ending: ending.signal, makeRpcServer: createRpcServer, onWorld },
  );
  const says = async (what: string) => {
    for (const endMs = Date.now() + PATIENCE_MS; !lines.some((line) => line.includes(what)); ) {
      if (Date.now() > endMs) throw new Error(`the emulator does not say "${what}":\n${lines.join('\n')}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  await says('page');
  return {
    pageUrl: `http://127.0.0.1:${port}/`,
    rpcUrl: `http://127.0.0.1:${rpcPort}`,
    worlds,
    traces,
    says,
    async stop(): Promise<number> {
      ending.abort();
      return ended;
    },
  };
}

const openMenu = async (page: Page): Promise<void> => {
  if (!(await page.locator('.world-menu .menu-sheet').isVisible())) await page.locator('summary', { hasText: 'World' }).click();
};

async function pauseAt(page: Page, condition: string): Promise<void> {
  await openMenu(page);
  await page.locator('.world-menu [list=conditions]').fill(condition);
  await page.locator('.world-menu [list=conditions]').press('Enter');
}

/** Draws now back to a block with the keys. */
async function drawBack(page: Page, head: number, block: number): Promise<void> {
  await page.locator('.signal .now').focus();
  for (let at = head; at > block; at -= 1) await page.keyboard.press('ArrowLeft');
  await page.locator('.signal .now span', { hasText: `back to ${block}` }).waitFor();
  await page.keyboard.press('Enter');
}

const headOf = async (page: Page): Promise<number> => Number(await page.locator('.top .head').textContent());
const isPaused = (page: Page) => page.locator('[aria-label="Run (space)"]').waitFor({ timeout: PATIENCE_MS });

async function save(page: Page): Promise<string> {
  await openMenu(page);
  const button = page.locator('.world-menu button', { hasText: 'Save world' });
  const [download] = await Promise.all([page.waitForEvent('download'), button.click()]);
  return readFileSync((await download.path())!, 'utf8');
}

async function load(page: Page, text: string): Promise<void> {
  await openMenu(page);
  const file = { name: 'kept.json', mimeType: 'application/json', buffer: Buffer.from(text) };
  await page.locator('.world-menu input[type=file]').setInputFiles(file);
}

/** The world whose turn it is now, once it stands still at that block. */
async function nextWorld(worlds: readonly World[], count: number, page: Page, block: number): Promise<World> {
  for (const endMs = Date.now() + PATIENCE_MS; worlds.length < count; ) {
    if (Date.now() > endMs) throw new Error('no other world came');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await page.locator('.top .head', { hasText: new RegExp(`^${block}$`) }).waitFor({ timeout: PATIENCE_MS });
  await isPaused(page);
  return worlds.at(-1)!;
}

if (browser) {
  again('back to a block, load, begin again and a crash: each world is the one that was asked for', async () => {
    const { pageUrl, rpcUrl, worlds, traces, says, stop } = await start();
    const context = await browser.newContext({ viewport: { width: 1600, height: 1000 } });
    const { page, complaints } = await openPage(context, pageUrl);
    try {
      await pauseAt(page, `block ${BLOCK}`);
      await isPaused(page);
      await waitFor(page, '.heard', `paused: block ${BLOCK}`);
      assert.is(worlds[0]!.sequencer.status()!.head.number, BLOCK);
      await page.locator('.speeds button', { hasText: '8×' }).click();
      await page.locator('[aria-label="Run (space)"]').click();
      await says('stays up');
      await page.locator('[aria-label="Pause (space)"]').click();
      await isPaused(page);
      const kept = await save(page);
      const atSave = worlds[0]!.trace.hash();
      const head = await headOf(page);
      assert.ok(head > BLOCK, `head is ${head}`);

      await drawBack(page, head, BLOCK);
      const back = await nextWorld(worlds, 2, page, BLOCK);
      assert.is(back.sequencer.status()!.head.number, BLOCK);
      assert.ok(traces[0]!.has(back.trace.hash()), 'the world of that block, event by event');
      assert.is(await page.locator('.board').count(), DEVICES);
      await page.reload();
      await waitFor(page, '.top .head', new RegExp(`^${BLOCK}$`));

      await load(page, kept);
      const loaded = await nextWorld(worlds, 3, page, head);
      assert.is(loaded.trace.hash(), atSave, 'the world that was saved, event by event');
      await waitFor(page, 'h1', 'rolled back');
      await page.locator('[aria-label="Back one block (,)"]').click();
      assert.is((await nextWorld(worlds, 4, page, head - 1)).sequencer.status()!.head.number, head - 1);
      await load(page, '{"format":"something else"}');
      await waitFor(page, '.toast', 'is no saved world');

      await openMenu(page);
      await page.locator('.world-menu input[type=number]').fill('2');
      await page.locator('.world-menu button', { hasText: 'Begin again with 2' }).click();
      await page.locator('.board').nth(2).waitFor({ state: 'detached', timeout: PATIENCE_MS });
      await waitFor(page, 'h1', 'hello r1 runs');
      assert.is(worlds.length, 5);
      assert.is(worlds[4]!.seed, 'again');

      worlds[4]!.clock.after(0, () => {
        throw new Error('two heads at block 12');
      });
      await waitFor(page, 'h1', 'World stopped');
      await waitFor(page, '.verdict', 'two heads at block 12');
      await saveScreenshot(page, 'again-crashed');
      await page.reload();
      await waitFor(page, '.verdict', 'two heads at block 12');
      const body = '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}';
      const answer = await fetch(rpcUrl, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      assert.equal(await answer.json(), { jsonrpc: '2.0', id: 1, result: '0x1130' });
      const stopped = await headOf(page);
      await page.locator('.way-out button', { hasText: 'Go back one block' }).click();
      await nextWorld(worlds, 6, page, stopped - 1);
      await page.locator('.way-out').waitFor({ state: 'detached' });
      // The page hears every other world by a stream of its own; between two it calls in vain.
      const isOurs = (complaint: string) => !/live' failed|ERR_CONNECTION_REFUSED/.test(complaint);
      assert.equal(complaints.filter(isOurs), []);
    } catch (error) {
      await saveScreenshot(page, 'again-failed');
      throw error;
    } finally {
      await context.close();
      await stop();
    }
  });
  again.after(() => browser.close());
}

again.run();
