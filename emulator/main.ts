import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createVm } from '../vm/embed/index.ts';
import { createControls } from './controls.ts';
import { type Driver, driveLive } from './driver.ts';
import { type Engines, enginesOf, type RealEngine } from './engines.ts';
import { type FleetArtifact, readFleet } from './fleet.ts';
import { writeOperators } from './operators.ts';
import { checkOptions, type EmulateOptions } from './options.ts';
import { readScripts } from './quickjs/device.ts';
import { type EmulatorServer, serveWorld } from './server.ts';
import { liveStage } from './stage.ts';
import { playStory, StoryFailed } from './story.ts';
import { lineTeller, type Out } from './teller.ts';
import { createWorld, type World } from './world.ts';

export type { RealEngine } from './engines.ts';
export type { EmulateOptions } from './options.ts';
export type { Out } from './teller.ts';

export interface Injected {
  readonly engine?: (url: string, device: string) => RealEngine;
  /** Aborted when the user wants the emulator to end. */
  readonly ending: AbortSignal;
}

const STEP_DEADLINE_MS = 120_000;
/** Exit code of a story that was ended before its end, as shells have it. */
const INTERRUPTED = 130;

/** Boots a fleet, plays the main job and, unless asked for once, stays up. Answers the exit code; throws sentences. */
export async function emulate(options: EmulateOptions, out: Out, injected: Injected): Promise<number> {
  checkOptions(options);
  const engines = enginesOf(options.docker, injected.engine);
  try {
    const containers = await engines.prepare();
    return await run(options, out, injected.ending, engines.make, containers);
  } finally {
    await engines.cleanUp(out);
  }
}

async function run(
  options: EmulateOptions,
  out: Out,
  ending: AbortSignal,
  engine: Engines['make'],
  containers: string,
): Promise<number> {
  const build = join(options.root, 'build');
  const fleet = readFleet(build);
  const show: { server: EmulatorServer | undefined } = { server: undefined };
  const world = createWorld({
    seed: options.seed,
    devices: options.devices,
    startMs: Date.now(),
    version: options.version,
    scripts: readScripts(build),
    vm: createVm({ fork: 'Osaka', wasm: readFileSync(join(build, 'vm.wasm')) }),
    ...(engine ? { engine } : {}),
    onDraw: (device, rectangle) => show.server?.draw(device, rectangle),
    onLog: (device, level, message) => {
      show.server?.log(device, level, message);
      if (level === 'error') out.line(`    ${device}: ${message}`);
    },
  });
  const { port, rpcPort } = options;
  const controls = createControls(world);
  const pageFolder = join(build, 'web');
  const examples = readExamples(join(options.root, 'examples', 'hello'));
  const server = await serveWorld({ world, controls, fleet, containers, port, rpcPort, pageFolder, examples });
  show.server = server;
  const driver = driveLive(world, controls);
  try {
    writeOperators(world, server.rpcUrl, build);
    for (const line of greeting(options, server, containers)) out.line(line);
    await world.boot();
    const story = tellStory({ options, out, ending, world, server, fleet });
    const code = await Promise.race([story, ended(ending).then(() => INTERRUPTED), driver.ended.then(() => 0)]);
    if (code === INTERRUPTED) return options.once ? code : 0;
    if (options.once) return code;
    for (const line of whatNext(options, server)) out.line(line);
    await Promise.race([ended(ending), driver.ended]);
    return code;
  } finally {
    await endWorld(world, driver, server);
  }
}

/** Compose files that the page offers to begin with. */
function readExamples(folder: string): { name: string; yaml: string }[] {
  const files: [name: string, file: string][] = [
    ['works', 'compose.yaml'],
    ['breaks', 'compose.broken.yaml'],
  ];
  return files.map(([name, file]) => ({ name, yaml: readFileSync(join(folder, file), 'utf8') }));
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
    if (ending.aborted) return INTERRUPTED;
    out.redraw?.('');
    out.line(`  ✗ ${error.message}`);
    return 1;
  }
  out.line('');
  out.line(`All as told, in ${((performance.now() - startedMs) / 1000).toFixed(1)} s.`);
  return 0;
}

function ended(ending: AbortSignal): Promise<void> {
  if (ending.aborted) return Promise.resolve();
  return new Promise((resolve) => ending.addEventListener('abort', () => resolve(), { once: true }));
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
    [`npx classpad deploy examples/hello/compose.broken.yaml${rpc}`, 'release what breaks: it comes back by itself'],
    [`npx classpad deploy examples/hello/compose.yaml${rpc}`, 'the same after a change of GREETING in the file'],
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
