import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Genesis } from '../runtime/config.ts';
import { createVm } from '../vm/embed/index.ts';
import { type Again, type Controls, createControls } from './controls.ts';
import { type Outside, openDoor, writeNodeFile } from './door.ts';
import { type Driver, driveLive } from './driver.ts';
import { type Engines, enginesOf, type RealEngine } from './engines.ts';
import { type FleetArtifact, readFleet } from './fleet.ts';
import { writeOperators } from './operators.ts';
import { checkOptions, type EmulateOptions } from './options.ts';
import { firstPlot, nextPlot, type Plot } from './plot.ts';
import { readThreadKit } from './process/threads.ts';
import { readScripts } from './quickjs/device.ts';
import { replay, type SavedWorld } from './recording.ts';
import type { MakeRpcServer } from './rpc-door.ts';
import type { Scenario } from './scenario/document.ts';
import { playScenario, ScenarioFailed } from './scenario/play.ts';
import { additionsOf } from './scenario/run.ts';
import { type EmulatorServer, serveWorld } from './server.ts';
import { drivenStage, liveStage, type Stage, virtualStage } from './stage.ts';
import { playStory, StoryFailed } from './story.ts';
import { lineTeller, type Out } from './teller.ts';
import { createWorld, type World, type WorldOptions } from './world.ts';

export type { Outside } from './door.ts';
export type { RealEngine } from './engines.ts';
export type { EmulateOptions } from './options.ts';
export type { Out } from './teller.ts';

export interface Injected {
  readonly engine?: (url: string, device: string) => RealEngine;
  /** Makes the server of JSON-RPC that devices have. */
  readonly makeRpcServer: MakeRpcServer;
  /** Opens the sockets by which real nodes take part. */
  readonly outside?: (as: { readonly name: string; readonly genesis: Genesis }) => Promise<Outside>;
  /** Sees each world before time passes in it. */
  readonly onWorld?: (world: World) => void;
  /** Aborted when the user wants the emulator to end. */
  readonly ending: AbortSignal;
}

const STEP_DEADLINE_MS = 120_000;
/** Exit code of a story that was ended before its end, as shells have it. */
const INTERRUPTED = 130;

/** Boots a fleet, plays the main job and, unless asked for once, stays up. Answers the exit code; throws sentences. */
export async function emulate(options: EmulateOptions, out: Out, injected: Injected): Promise<number> {
  checkOptions(options);
  const first = firstPlot(options);
  if (options.headless) return playOut(options, first, out, injected.onWorld);
  const engines = enginesOf(options.docker, injected.engine);
  try {
    const containers = await engines.prepare();
    for (let plot: Plot | undefined = first; ; ) {
      const end: Ended = await run(options, plot, out, injected, engines.make, containers);
      if (typeof end === 'number') return end;
      plot = nextPlot(plot, end);
    }
  } finally {
    await engines.cleanUp(out);
  }
}

/** Headless: a scenario to its last expectation, or a saved world to the moment when it was saved. */
async function playOut(options: EmulateOptions, plot: Plot, out: Out, onWorld: Injected['onWorld']): Promise<number> {
  const startedMs = performance.now();
  const world = createWorld(await worldOptions(options, plot, out));
  onWorld?.(world);
  let failure: string | undefined;
  if (plot.scenario) failure = await playIn(options, plot.scenario, virtualStage(world), out);
  else if (plot.saved) await replay(world, plot.saved);
  const virtualS = (world.clock.nowMs() - plot.startMs) / 1000;
  const realS = (performance.now() - startedMs) / 1000;
  out.line('');
  out.line(`${failure ?? 'All as written'}`);
  out.line(`  ${virtualS.toFixed(1)} virtual s in ${realS.toFixed(1)} s, seed "${plot.seed}", trace ${world.trace.hash()}`);
  if (options.record !== undefined)
    saveTo(options.record, createControls(world, { again: () => {}, ...plotFacts(options, plot) }).save(), out);
  world.stop();
  return failure === undefined ? 0 : 1;
}

type Ended = number | Again;

async function worldOptions(options: EmulateOptions, plot: Plot, out: Out): Promise<WorldOptions> {
  const build = join(options.root, 'build');
  const { seed, devices, startMs } = plot;
  return {
    seed,
    devices,
    startMs,
    version: options.version,
    scripts: readScripts(build),
    vm: createVm({ fork: 'Osaka', wasm: readFileSync(join(build, 'vm.wasm')) }),
    run: options.native ? 'native' : await readThreadKit(build),
    additions: additionsOf(plot),
    onLog: (device, level, message) => {
      if (level === 'error') out.line(`    ${device}: ${message}`);
    },
  };
}

const plotFacts = ({ version }: EmulateOptions, { rogues }: Plot) => ({ version, rogues });

function saveTo(file: string, saved: SavedWorld, out: Out): void {
  writeFileSync(file, `${JSON.stringify(saved)}\n`);
  out.line(`  saved; again: classpad emulate ${file} --headless`);
}

async function run(
  options: EmulateOptions,
  plot: Plot,
  out: Out,
  { ending, makeRpcServer, outside, onWorld }: Injected,
  engine: Engines['make'],
  containers: string,
): Promise<Ended> {
  const build = join(options.root, 'build');
  const fleet = readFleet(build);
  const show: { server: EmulatorServer | undefined } = { server: undefined };
  const common = await worldOptions(options, plot, out);
  const world = createWorld({
    ...common,
    ...(engine && { engine }),
    onDraw: (device, rectangle) => show.server?.draw(device, rectangle),
    onLog: (device, level, message) => {
      show.server?.log(device, level, message);
      common.onLog?.(device, level, message);
    },
  });
  onWorld?.(world);
  let replace: (what: Again) => void = () => {};
  const replaced = new Promise<Again>((resolve) => {
    replace = resolve;
  });
  const controls = createControls(world, { ...plotFacts(options, plot), ...(!engine && { again: replace }) });
  const { port, rpcPort, board } = options;
  const examples = readExamples(join(options.root, 'examples', 'hello'));
  const trouble = (sentence: string) => out.line(`  ✗ ${sentence}`);
  const page = { pageFolder: join(build, 'web'), examples, makeRpcServer, trouble, ...(board !== undefined && { board }) };
  const server = await serveWorld({ world, controls, fleet, containers, port, rpcPort, ...page });
  show.server = server;
  if (plot.saved) await relive(world, controls, plot.saved, plot.block);
  if (options.speed !== undefined) controls.setSpeed(options.speed);
  const door = await outside?.({ name: world.sequencer.identity.name, genesis: world.config.genesis });
  const closeDoor = door && openDoor(world, door, trouble);
  const driver = driveLive(world, controls);
  driver.ended.catch((error: Error) => {
    server.crashed(error.message);
    if (!options.once) out.line(`  ✗ the world stopped: ${error.message}; the page can go back or copy what led there`);
  });
  // A world that can go no further stays to be looked at, and gone back in, unless it was to be played once.
  const halted = driver.ended.then(() => 0);
  const until = {
    ending: ended(ending).then(() => INTERRUPTED),
    driver: options.once ? halted : halted.catch(() => new Promise<number>(() => {})),
    replaced,
  };
  try {
    writeOperators(world, server.rpcUrl, build);
    for (const line of greeting(plot, server, containers)) out.line(line);
    if (door) out.line(`  peers     ${door.url}, for nodes that start from ${writeNodeFile(world, door.url, build)}\n`);
    const end = await Promise.race([tell({ options, plot, out, ending, world, server, fleet }), ...Object.values(until)]);
    if (typeof end !== 'number') return end;
    if (end === INTERRUPTED) return options.once ? end : 0;
    if (options.once) return end;
    for (const line of whatNext(options, server)) out.line(line);
    const last = await Promise.race(Object.values(until));
    return typeof last === 'number' ? end : last;
  } finally {
    if (options.record !== undefined && !engine) saveTo(options.record, await world.outside(() => controls.save()), out);
    closeDoor?.();
    await endWorld(world, driver, server);
  }
}

async function relive(world: World, controls: Controls, saved: SavedWorld, block: number | undefined): Promise<void> {
  await replay(world, saved, block);
  controls.pause();
}

/** What is played in the world, if anything is; answers the exit code. */
async function tell(telling: Telling): Promise<number> {
  const { plot, world, options, out } = telling;
  if (plot.saved) return 0;
  if (plot.scenario) {
    const failure = await playIn(options, plot.scenario, drivenStage(world), out);
    out.line('');
    out.line(failure ?? 'All as written.');
    return failure === undefined ? 0 : 1;
  }
  await world.boot();
  return tellStory(telling);
}

/** Answers why it did not go as written, if it did not. */
async function playIn(options: EmulateOptions, scenario: Scenario, stage: Stage, out: Out): Promise<string | undefined> {
  const teller = lineTeller(out, () => performance.now());
  out.line(`${scenario.name}: ${scenario.summary}`);
  try {
    await playScenario({ scenario, stage, fleet: readFleet(join(options.root, 'build')), teller, folder: options.root });
    return undefined;
  } catch (error) {
    if (!(error instanceof ScenarioFailed)) throw error;
    out.redraw?.('');
    return `✗ ${options.scenario}, ${error.message}`;
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
  readonly plot: Plot;
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
  // Why a world could go no further has been told already.
  await driver.stop().catch(() => {});
  await server.stop();
}

function greeting({ devices, seed }: Plot, { pageUrl, rpcUrl }: EmulatorServer, containers: string): string[] {
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
    [
      `curl -H content-type:application/json -d '{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber"}' ${rpcUrl}`,
      'the ledger, by JSON-RPC',
    ],
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
