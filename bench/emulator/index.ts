import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Exit, Failure, type Input } from '../../cli/command.ts';
import { type Script, wholeOf } from '../../cli/script.ts';
import { wholeNumber } from '../../cli/values.ts';
import { readFleet } from '../../emulator/fleet.ts';
import { operatorsOn } from '../../emulator/operators.ts';
import { readThreadKit } from '../../emulator/process/threads.ts';
import { readScripts } from '../../emulator/quickjs/device.ts';
import { SCENARIO_START_MS } from '../../emulator/scenario/run.ts';
import { virtualStage } from '../../emulator/stage.ts';
import { createWorld, type WorldOptions } from '../../emulator/world.ts';
import { createVm } from '../../vm/embed/index.ts';

interface Row {
  readonly run: string;
  readonly devices: number;
  /** Virtual seconds per second, of real time and of this process's processor time. */
  readonly perSecond: number;
  readonly perCpuSecond: number;
  readonly virtualHoursPerMinute: number;
  readonly mibPerDevice: number;
}

const RUNS = ['thread', 'inline', 'native'];
const BLOCK_EVERY_MS = 10_000;
const MIB = 1024 * 1024;

/** Virtual time per real time, and memory, by the number of devices. */
export const benchEmulator: Script = {
  name: 'emulator',
  summary: 'virtual time per real time, and memory, by the number of devices',
  options: {
    devices: { value: 'N,…', fallback: '4,16,64,100,256', help: 'how many' },
    run: { value: 'KIND,…', fallback: 'thread,native', help: 'how their firmware runs: thread, inline or native' },
    seconds: { value: 'S', help: 'virtual seconds; by default 120, of 100 devices 60, of 256 devices 30' },
    json: { help: 'print the figures as JSON' },
  },
  notes: [
    'A fleet with its contract; then virtual seconds in which every ten seconds one more device is enrolled, which makes six blocks. Real time and processor time of all threads. Each row is a process of its own; memory is what that process takes for the world, divided by the devices, each of which may use 64 MiB in QuickJS.',
  ],
  async run(input, io) {
    const wanted = wantedOf(input);
    const rows: Row[] = [];
    for (const [run, devices, seconds] of wanted) {
      rows.push(wanted.length > 1 ? inProcessOfItsOwn(run, devices, seconds) : await measure(run, devices, seconds));
      io.err(tell(rows.at(-1)!));
    }
    if (input.has('json')) io.out(JSON.stringify(rows, null, 2));
    else
      for (const line of ['run      devices   × real time   × processor   virtual h/min   MiB/device', ...rows.map(tell)])
        io.out(line);
    return Exit.ok;
  },
};

function wantedOf(input: Input): (readonly [run: string, devices: number, seconds: number])[] {
  const given = input.text('seconds') === undefined ? undefined : wholeOf(input, 'seconds');
  return input
    .text('run')!
    .split(',')
    .flatMap((run) => {
      if (!RUNS.includes(run)) throw new Failure(`--run takes ${RUNS.join(', ')}, not "${run}"`, Exit.badInput);
      return input
        .text('devices')!
        .split(',')
        .map((text) => {
          const devices = wholeNumber(text, '--devices', 1, 256);
          return [run, devices, given ?? usualSeconds(devices)] as const;
        });
    });
}

/** What one row leaves behind would stand in the memory of the next. */
function inProcessOfItsOwn(run: string, devices: number, seconds: number): Row {
  const options = ['--run', run, '--devices', `${devices}`, '--seconds', `${seconds}`, '--json'];
  const args = [...process.execArgv, process.argv[1]!, 'emulator', ...options];
  const [row] = JSON.parse(
    execFileSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
  ) as Row[];
  return row!;
}

/** So that all rows together take a few minutes. */
function usualSeconds(devices: number): number {
  return devices <= 64 ? 120 : devices <= 100 ? 60 : 30;
}

function tell({ run, devices, perSecond, perCpuSecond, virtualHoursPerMinute, mibPerDevice }: Row): string {
  const cells = [
    perSecond.toFixed(1).padStart(12),
    perCpuSecond.toFixed(1).padStart(13),
    virtualHoursPerMinute.toFixed(2).padStart(15),
  ];
  return `${run.padEnd(8)} ${String(devices).padStart(7)} ${cells.join(' ')} ${mibPerDevice.toFixed(1).padStart(12)}`;
}

async function measure(name: string, devices: number, seconds: number): Promise<Row> {
  const build = 'build';
  const before = process.memoryUsage().rss;
  const run = (name === 'thread' ? await readThreadKit(join(process.cwd(), build)) : name) as NonNullable<WorldOptions['run']>;
  const vm = createVm({ fork: 'Osaka', wasm: readFileSync(join(build, 'vm.wasm')) });
  const world = createWorld({
    seed: 'bench',
    devices,
    startMs: SCENARIO_START_MS,
    version: '0',
    scripts: readScripts(build),
    vm,
    run,
  });
  const operators = operatorsOn(virtualStage(world), readFleet(build));
  const [operator] = world.operators;
  await world.boot();
  await operators.deploy(operator!);
  await operators.enrol([world.boards[0]!.identity]);
  const startedMs = performance.now();
  const cpu = process.cpuUsage();
  const fromMs = world.clock.nowMs();
  for (let passedMs = 0, next = 1; passedMs < seconds * 1000; passedMs += BLOCK_EVERY_MS, next += 1) {
    const board = world.boards[next];
    if (board) await operators.enrol([board.identity]);
    await world.advance(Math.max(0, fromMs + passedMs + BLOCK_EVERY_MS - world.clock.nowMs()));
  }
  const realS = (performance.now() - startedMs) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const virtualS = (world.clock.nowMs() - fromMs) / 1000;
  const row = {
    run: name,
    devices,
    perSecond: virtualS / realS,
    perCpuSecond: virtualS / ((user + system) / 1e6),
    virtualHoursPerMinute: (virtualS / realS) * (60 / 3600),
    mibPerDevice: (process.memoryUsage().rss - before) / MIB / devices,
  };
  for (const board of world.boards) board.kill();
  return row;
}
