import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { stringToHex, toHex } from 'viem';
import type { Board, BoardEngine } from '../../emulator/board.ts';
import { virtualClock } from '../../emulator/clock.ts';
import { createBoard } from '../../emulator/emulated-board.ts';
import { readFleet } from '../../emulator/fleet.ts';
import { identityOf } from '../../emulator/identity.ts';
import { virtualNetwork } from '../../emulator/network.ts';
import { operatorsOn } from '../../emulator/operators.ts';
import type { ShellDoor } from '../../emulator/process/exchange.ts';
import { readScripts } from '../../emulator/quickjs/device.ts';
import { seededRandom } from '../../emulator/random.ts';
import { createRounds } from '../../emulator/rounds.ts';
import { type Stage, virtualStage } from '../../emulator/stage.ts';
import { readManifest } from '../../emulator/story.ts';
import { runningTrace } from '../../emulator/trace.ts';
import { createWorld, type World } from '../../emulator/world.ts';
import { createVm } from '../../vm/embed/index.ts';
import { root } from '../support/need.ts';

const test = suite('emulator/emulated-board');
const build = join(root, 'build');
const vm = createVm({ fork: 'Osaka', wasm: readFileSync(join(build, 'vm.wasm')) });
const app = stringToHex('hello', { size: 32 });

interface Fleet {
  readonly world: World;
  readonly stage: Stage;
  readonly release: (file: string, revision: number) => Promise<void>;
}

/** Three devices with the real firmware, on which hello r1 is active. */
async function fleetOnFirst(seed: string): Promise<Fleet> {
  const world = createWorld({ seed, devices: 3, startMs: 1_767_225_600_000, version: '0', scripts: readScripts(build), vm });
  const stage = virtualStage(world);
  const operators = operatorsOn(stage, readFleet(build));
  const [first, second] = world.operators;
  const release = async (file: string, revision: number) => {
    await operators.send(first!, 'propose', [
      app,
      toHex(await readManifest(join(root, 'examples/hello', file), world.boards[0]!.engine.containers)),
      300n,
    ]);
    await operators.approve(second!, app, revision);
  };
  await world.boot();
  await operators.deploy(first!);
  const identities = world.boards.map(({ identity }) => identity);
  await operators.enrol(identities);
  await release('compose.yaml', 1);
  await world.advance(10_000);
  for (const board of world.boards) assert.equal(standing(board), 'healthy r1');
  return { world, stage, release };
}

function standing(board: Board): string {
  const status = board.status();
  return status ? `${status.state} r${status.releases[0]?.revision ?? 0}` : 'off';
}

async function containerIds({ world }: Fleet, board: Board): Promise<string> {
  const found = board.engine.containers.list();
  await world.advance(100);
  return (await found).map(({ id, state }) => `${state} ${id}`).join();
}

const head = (board: Board): number => board.status()?.head.number ?? -1;

test('a firmware that restarts comes back with the same head and the same containers', async () => {
  const fleet = await fleetOnFirst('restart');
  const board = fleet.world.boards[1]!;
  const before = [head(board), await containerIds(fleet, board)];
  board.kill();
  assert.is(standing(board), 'off');
  await fleet.world.advance(1000);
  await board.boot();
  assert.is(head(board), before[0]);
  await fleet.world.advance(2000);
  assert.is(standing(board), 'healthy r1');
  assert.equal([head(board), await containerIds(fleet, board)], before);
  assert.is((await fleet.stage.get(1, '/')).body, 'hello from revision 1\n');
});

test('after a power cut, and before it hears from anyone, a device runs again what was agreed', async () => {
  const fleet = await fleetOnFirst('power');
  const { world, stage } = fleet;
  const board = world.boards[2]!;
  for (const peer of ['pad-01', 'pad-02']) world.network.setLink('pad-03', peer, { cut: true });
  board.cutPower();
  assert.is((await stage.get(2, '/')).status, 503);
  await world.advance(5000);
  await board.restorePower();
  await world.advance(10_000);
  assert.equal(board.status()!.peers, []);
  assert.is((await stage.get(2, '/')).body, 'hello from revision 1\n');
});

test('a device that was cut off catches up when its cables are mended', async () => {
  const fleet = await fleetOnFirst('cut');
  const { world } = fleet;
  const board = world.boards[2]!;
  for (const peer of ['pad-01', 'pad-02']) world.network.setLink('pad-03', peer, { cut: true });
  await fleet.release('compose.broken.yaml', 2);
  await world.advance(10_000);
  assert.ok(head(board) < head(world.sequencer));
  assert.match(standing(board), /r1$/);
  world.network.heal();
  await world.advance(15_000);
  assert.is(head(board), head(world.sequencer));
  assert.equal(world.boards.map(standing), ['healthy r1', 'healthy r1', 'healthy r1']);
});

test('the LCD is operated by touch and keys, and says what the ledger has', async () => {
  const fleet = await fleetOnFirst('hand');
  const board = fleet.world.boards[1]!;
  // What a hand does is an event of the world: it shows once the world goes on.
  const shown = async () => {
    await fleet.world.advance(100);
    return board.status()!.screen;
  };
  const tap = (x: number, y: number) => {
    for (const phase of ['down', 'up'] as const) board.input({ kind: 'touch', phase, x, y });
    return shown();
  };
  assert.match((await tap(50, 500))[0]!, /^Releases /);
  assert.ok(board.status()!.screen.includes('> [x] r1 active, runs here'));
  assert.ok((await tap(160, 500)).includes('signed by 2'), board.status()!.screen.join('\n'));
  board.input({ kind: 'key', key: 'middle' });
  assert.ok((await shown()).includes('2 of 3, needs 2'), board.status()!.screen.join('\n'));
  for (let presses = 0; presses < 3; presses++) board.input({ kind: 'key', key: 'back' });
  assert.ok((await shown()).includes('HEALTHY'));
});

test('the sequencer goes on where it stood after a power cut', async () => {
  const fleet = await fleetOnFirst('sequencer');
  const { world } = fleet;
  const before = head(world.sequencer);
  world.sequencer.cutPower();
  await world.advance(2000);
  await world.sequencer.restorePower();
  await world.advance(5000);
  assert.is(head(world.sequencer), before);
  await fleet.release('compose.broken.yaml', 2);
  await world.advance(15_000);
  assert.ok(head(world.sequencer) > before);
  assert.equal(world.boards.map(head), [head(world.sequencer), head(world.sequencer), head(world.sequencer)]);
  assert.equal(world.boards.map(standing), ['healthy r1', 'healthy r1', 'healthy r1']);
});

/** A board whose firmware never comes up, because its thread ends each time; how often it began is counted. */
function boardOfDyingThreads() {
  const begun = { times: 0 };
  const rounds = createRounds();
  const clock = virtualClock(0, () => rounds.idle());
  const shell = (): ShellDoor => ({
    enter: async ({ do: what }) => {
      if (what !== 'boot') return { effects: [] };
      begun.times += 1;
      return { effects: [], end: { by: 'neighbour' } };
    },
    status: () => undefined,
    memoryHeldBytes: () => 0,
    setTrap: () => {},
    setStored: () => {},
    close: () => {},
  });
  const board = createBoard({
    identity: identityOf('threads', 'pad-01'),
    looks: undefined,
    clock,
    rounds,
    network: virtualNetwork(clock, seededRandom('threads')),
    engine: { containers: {} } as BoardEngine,
    trace: runningTrace(),
    shell,
    storeIsShared: false,
    record: () => () => {},
  });
  return { board, begun, clock };
}

test('a firmware whose thread ends each time before it is up begins again at once a few times, then ever more slowly', async () => {
  const { board, begun, clock } = boardOfDyingThreads();
  await board.boot();
  assert.equal([begun.times, board.faults], [4, 1]);
  assert.match(board.fault!, /its thread had to be stopped again and again/);
  await clock.advanceTo(60_000);
  assert.ok(begun.times <= 8, `it began ${begun.times} times within a minute`);
});

test.run();
