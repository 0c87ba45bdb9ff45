import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { createControls } from '../../emulator/controls.ts';
import { driveLive } from '../../emulator/driver.ts';
import { readFleet } from '../../emulator/fleet.ts';
import { operatorsOn } from '../../emulator/operators.ts';
import { readScripts } from '../../emulator/quickjs/device.ts';
import { type EmulatorServer, serveWorld } from '../../emulator/server.ts';
import { liveStage } from '../../emulator/stage.ts';
import { createWorld } from '../../emulator/world.ts';
import { createRpcServer } from '../../firmware-bridge/system/rpc-server.ts';
import { createVm } from '../../vm/embed/index.ts';
import { need, root } from './need.ts';

const FILES = ['firmware.js', 'inside.js', 'vm.wasm', 'contracts/Fleet.json', 'web/page.js'];
const build = join(root, 'build');
/** Devices boot and vote in the world's own time; a machine with much else to do takes longer for it. */
export const PATIENCE_MS = 240_000;

/** Whether there is an emulator with a page; prints a skip if not. */
export const hasEmulator = (): boolean =>
  need(
    'the built emulator',
    FILES.every((file) => existsSync(join(build, file))),
    'run `npm run build` first',
  );

/** Four devices in real time, enrolled and without a release. */
export async function openWorld(run: 'inline' | 'native' = 'inline') {
  const show = { server: undefined as EmulatorServer | undefined };
  const fleet = readFleet(build);
  const world = createWorld({
    seed: 'hands',
    devices: 4,
    startMs: Date.UTC(2026, 10, 21, 14, 32),
    version: '0.1.0',
    run,
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

export const waitFor = (page: Page, selector: string, hasText: string | RegExp) =>
  page.locator(selector, { hasText }).first().waitFor({ timeout: PATIENCE_MS });

/** Proposes one of the examples; the first operator signs. */
export async function propose(page: Page, which: string): Promise<void> {
  await page.locator('.release header button').click();
  await page.locator('dialog button', { hasText: `One that ${which}` }).click();
  await page.locator('dialog button[type=submit]').click();
  await page.locator('dialog').waitFor({ state: 'detached', timeout: PATIENCE_MS });
}

/** Approves what waits, as the named operator. */
export async function approve(page: Page, operator: string): Promise<void> {
  await page.locator('.sign').waitFor({ timeout: PATIENCE_MS });
  await page.locator('.sign select').selectOption(operator);
  await page.keyboard.press('Escape');
  await page.locator('.sign [data-sign]').click();
  await page.locator('.confirm .primary', { hasText: `as ${operator}` }).click();
}

/** Draws a blade across the cable of a device. */
export async function cut(page: Page, device: string): Promise<void> {
  await page.locator('.tool', { hasText: 'Cut' }).click();
  const box = (await page.locator(`[aria-label^="Cable of ${device}"]`).boundingBox())!;
  await page.mouse.move(box.x + 8, box.y + 14);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width - 8, box.y + 30, { steps: 8 });
  await page.mouse.up();
  await page.locator('.tool', { hasText: 'Select' }).click();
}
