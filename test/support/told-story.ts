import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createControls } from '../../emulator/controls.ts';
import { readFleet } from '../../emulator/fleet.ts';
import { readScripts } from '../../emulator/quickjs/device.ts';
import { type EmulatorServer, serveWorld } from '../../emulator/server.ts';
import { virtualStage } from '../../emulator/stage.ts';
import { playStory } from '../../emulator/story.ts';
import { createWorld, type World } from '../../emulator/world.ts';
import { createRpcServer } from '../../firmware-bridge/system/rpc-server.ts';
import { createVm } from '../../vm/embed/index.ts';
import { root } from './need.ts';

/** A real emulator whose time passes only when the story waits, so that a test can look as long as it likes. */
export interface ToldStory {
  readonly world: World;
  readonly server: EmulatorServer;
  /** Milliseconds of the world since its page was served. */
  elapsedMs(): number;
  /** Boots the fleet and plays the main job; `look` is called, and waited for, whenever a device or the head has changed. */
  play(look: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

const START_MS = Date.UTC(2026, 10, 21, 14, 32);

/** Makes the fleet and opens its ports; needs everything built. */
export async function toldStory(devices: number, seed = 'page'): Promise<ToldStory> {
  const build = join(root, 'build');
  const show = { server: undefined as EmulatorServer | undefined };
  const fleet = readFleet(build);
  const world = createWorld({
    seed,
    devices,
    startMs: START_MS,
    version: JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version,
    scripts: readScripts(build),
    vm: createVm({ fork: 'Osaka', wasm: readFileSync(join(build, 'vm.wasm')) }),
    onDraw: (device, rectangle) => show.server?.draw(device, rectangle),
    onLog: (device, level, message) => show.server?.log(device, level, message),
  });
  const server = await serveWorld({
    world,
    controls: createControls(world),
    fleet,
    containers: 'virtual containers',
    port: 0,
    rpcPort: 0,
    pageFolder: join(build, 'web'),
    makeRpcServer: createRpcServer,
  });
  show.server = server;
  return {
    world,
    server,
    elapsedMs: () => world.clock.nowMs() - START_MS,
    async play(look) {
      await world.boot();
      const stage = virtualStage(world);
      const sleep = slowly(world, look);
      await playStory({
        stage: { ...stage, sleep },
        fleet,
        feed: server.observer.feed,
        teller: { waiting: () => {}, done: () => {}, line: () => {} },
        exampleFolder: join(root, 'examples/hello'),
        paceMs: 500,
        deadlineMs: 120_000,
      });
    },
    async stop() {
      world.stop();
      await server.stop();
    },
  };
}

const SLICE_MS = 25;

/** Lets time pass in slices and looks after every change that a page would show. */
function slowly(world: World, look: () => Promise<void>): (durationMs: number) => Promise<void> {
  let before = '';
  return async (durationMs) => {
    for (let leftMs = durationMs; leftMs > 0; leftMs -= SLICE_MS) {
      await world.advance(Math.min(SLICE_MS, leftMs));
      const now = JSON.stringify(world.boards.map((board) => picture(board.status())));
      if (now === before) continue;
      before = now;
      await look();
    }
  };
}

function picture(status: ReturnType<World['boards'][number]['status']>): unknown {
  return status && [status.state, status.head.number, status.releases];
}
