import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Containers, Rectangle } from '../runtime/ports/index.ts';
import { createVm } from '../vm/embed/index.ts';
import type { BoardEngine } from './board.ts';
import { type Driver, driveLive } from './driver.ts';
import { type FleetArtifact, readFleet } from './fleet.ts';
import { type CountedContainers, counted } from './in-flight.ts';
import { writeOperators } from './operators.ts';
import { checkOptions, type EmulateOptions } from './options.ts';
import { readScripts } from './quickjs/device.ts';
import { type EmulatorServer, serveWorld } from './server.ts';
import { liveStage } from './stage.ts';
import { playStory, StoryFailed } from './story.ts';
import { lineTeller, type Out } from './teller.ts';
import { createWorld, type World } from './world.ts';

export type { EmulateOptions } from './options.ts';
export type { Out } from './teller.ts';

/** A real Docker Engine as one device sees it; the command line brings the maker. */
export interface RealEngine {
  readonly containers: Containers;
  reach(containerId: string, port: number): Promise<{ readonly host: string; readonly port: number }>;
  /** Makes the image of the example, if it is missing. */
  ensureHelloImage(): Promise<void>;
  /** Removes the device's containers and what belongs to them. */
  clear(): Promise<void>;
  close(): void;
}

export interface Injected {
  readonly engine?: (url: string, device: string) => RealEngine;
  /** Aborted when the user wants the emulator to end. */
  readonly ending: AbortSignal;
}

const STEP_DEADLINE_MS = 120_000;

/** Boots a fleet, plays the main job and, unless asked for once, stays up. Answers the exit code; throws sentences. */
export async function emulate(options: EmulateOptions, out: Out, injected: Injected): Promise<number> {
  checkOptions(options);
  const engines = realEngines(options, injected);
  try {
    const containers = await prepare(engines, options);
    return await run(options, out, injected.ending, engines, containers);
  } finally {
    await Promise.all(engines.made.map((engine) => cleanUp(engine, out)));
  }
}

/** Removes what the device has made, and what a last call is still making. */
async function cleanUp({ engine, containers }: MadeEngine, out: Out): Promise<void> {
  await containers.idle();
  await engine.clear().catch((error: Error) => out.line(`what is left on the engine could not be removed: ${error.message}`));
  engine.close();
}

interface MadeEngine {
  readonly engine: RealEngine;
  readonly containers: CountedContainers;
}

interface Engines {
  readonly made: MadeEngine[];
  readonly maker: ((device: string) => BoardEngine) | undefined;
  readonly first: (() => RealEngine) | undefined;
}

function realEngines({ docker }: EmulateOptions, { engine }: Injected): Engines {
  const made: MadeEngine[] = [];
  if (docker === undefined) return { made, maker: undefined, first: undefined };
  if (!engine) throw new Error('this emulator was started without a way to a Docker Engine');
  const maker = (device: string): BoardEngine => {
    const own = engine(docker, device);
    const containers = counted(own.containers);
    made.push({ engine: own, containers });
    return { containers, reach: (containerId, port) => own.reach(containerId, port) };
  };
  return { made, maker, first: () => engine(docker, 'pad-01') };
}

/** Makes sure that the engine is there and has the example's image. Answers what the containers are, in words. */
async function prepare({ first }: Engines, { docker }: EmulateOptions): Promise<string> {
  if (!first) return 'virtual containers';
  const engine = first();
  try {
    const name = await engine.containers.describe();
    await engine.ensureHelloImage();
    return name;
  } catch (error) {
    throw new Error(`--docker ${docker}: ${(error as Error).message}`);
  } finally {
    engine.close();
  }
}

async function run(
  options: EmulateOptions,
  out: Out,
  ending: AbortSignal,
  engines: Engines,
  containers: string,
): Promise<number> {
  const build = join(options.root, 'build');
  const fleet = readFleet(build);
  const show = { draw: (_device: number, _rectangle: Rectangle): void => {} };
  const world = createWorld({
    seed: options.seed,
    devices: options.devices,
    startMs: Date.now(),
    version: options.version,
    scripts: readScripts(build),
    vm: createVm({ fork: 'Osaka', wasm: readFileSync(join(build, 'vm.wasm')) }),
    ...(engines.maker ? { engine: engines.maker } : {}),
    onDraw: (device, rectangle) => show.draw(device, rectangle),
    onLog: (device, level, message) => {
      if (level === 'error') out.line(`    ${device}: ${message}`);
    },
  });
  const { port, rpcPort } = options;
  const server = await serveWorld({ world, fleet, containers, port, rpcPort, pageFolder: join(build, 'web') });
  show.draw = server.draw;
  const driver = driveLive(world);
  try {
    writeOperators(world, server.rpcUrl, build);
    for (const line of greeting(options, server, containers)) out.line(line);
    await world.boot();
    const story = tellStory({ options, out, ending, world, server, fleet });
    const code = await Promise.race([story, ended(ending), driver.ended.then(() => 0)]);
    if (options.once || ending.aborted) return code;
    for (const line of whatNext(options, server)) out.line(line);
    await Promise.race([ended(ending), driver.ended]);
    return code;
  } finally {
    await endWorld(world, driver, server);
  }
}

interface Telling {
  readonly options: EmulateOptions;
  readonly out: Out;
  readonly ending: AbortSignal;
  readonly world: World;
  readonly server: EmulatorServer;
  readonly fleet: FleetArtifact;
}

async function tellStory({ options, out, ending, world, server, fleet }: Telling): Promise<number> {
  const startedMs = performance.now();
  const story = playStory({
    stage: liveStage(world, server),
    fleet,
    feed: server.observer.feed,
    teller: lineTeller(out, () => performance.now()),
    exampleFolder: join(options.root, 'examples', 'hello'),
    paceMs: options.paceMs,
    deadlineMs: STEP_DEADLINE_MS,
  });
  try {
    await story;
  } catch (error) {
    if (!(error instanceof StoryFailed)) throw error;
    // Who ends the emulator in the middle of the story need not hear that it did not go on.
    if (ending.aborted) return 0;
    out.redraw?.('');
    out.line(`  ✗ ${error.message}`);
    return 1;
  }
  out.line('');
  out.line(`All as told, in ${((performance.now() - startedMs) / 1000).toFixed(1)} s.`);
  return 0;
}

function ended(ending: AbortSignal): Promise<number> {
  if (ending.aborted) return Promise.resolve(0);
  return new Promise((resolve) => ending.addEventListener('abort', () => resolve(0), { once: true }));
}

async function endWorld(world: World, driver: Driver, server: EmulatorServer): Promise<void> {
  world.stop();
  await driver.stop().catch(() => {});
  await server.stop();
}

function greeting({ devices, seed }: EmulateOptions, { pageUrl, rpcUrl }: EmulatorServer, containers: string): string[] {
  return [
    `classpad emulator: ${devices} ${devices === 1 ? 'device' : 'devices'}, ${containers}, seed "${seed}"`,
    `  page      ${pageUrl}`,
    `  JSON-RPC  ${rpcUrl}`,
    '',
  ];
}

function whatNext({ rpcPort }: EmulateOptions, { pageUrl, rpcUrl, proxyUrls }: EmulatorServer): string[] {
  const rpc = rpcPort === 8545 ? '' : ` --rpc ${rpcUrl}`;
  const rows: [command: string, what: string][] = [
    [pageUrl, 'the page, in a browser'],
    [`curl ${proxyUrls[0]}/`, 'what the first device serves'],
    [`npx classpad status${rpc}`, 'how the fleet stands'],
    [`npx classpad deploy examples/hello/compose.yaml${rpc}`, 'release another revision'],
    [`npx classpad audit${rpc}`, 'who did what, when'],
    [`curl -d '{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber"}' ${rpcUrl}`, 'the ledger, by JSON-RPC'],
  ];
  const width = Math.max(...rows.map(([command]) => command.length));
  return [
    '',
    'The emulator stays up. What to try next:',
    ...rows.map(([command, what]) => `  ${command.padEnd(width)}  ${what}`),
    '',
    'Ctrl-C ends it.',
  ];
}
