/**
 * `npm run bench -- vm`: our VM beside @ethereumjs/evm and native revm (anvil), the same calls in the same run, alternating; medians
 * with spread. Times are CPU times where the system tells those of both processes, so that a busy machine does not blur them.
 */
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { Exit } from '../../cli/command.ts';
import { type Script, wholeOf } from '../../cli/script.ts';
import type { Vm } from '../../runtime/ports/index.ts';
import { createVm } from '../../vm/embed/index.ts';
import { type Anvil, startAnvil } from './anvil.ts';
import { type Case, type Cases, ownCases, readCases } from './cases.ts';
import { ourRun, type Run, theirRun } from './engines.ts';
import { type Clock, geometricMean, ownClock, sample, type Timing, timingOf, wallClock } from './measure.ts';
import { measureStart, type Start } from './start.ts';

interface Row {
  readonly name: string;
  readonly ours: Timing;
  /** The first run of this code. */
  readonly firstMs: number;
  readonly ethereumjs?: Timing;
  /** Without the cost of the request. */
  readonly revm?: Timing;
}

/** A sample lasts at least so long, by repetition. */
const SAMPLE_MS = 20;
const REQUESTS_MS = 40;
/** One sample is enough of a run longer than this. */
const LONG_MS = 1500;
/** revm's time must exceed its spread so many times to count. */
const RESOLUTION = 3;

export const benchVm: Script = {
  name: 'vm',
  summary: 'the EVM beside @ethereumjs/evm and native revm (anvil)',
  options: {
    cases: { value: 'FILE', help: "cases of a file instead of the project's own" },
    filter: { value: 'TEXT', fallback: '', help: 'only cases whose name contains it' },
    rounds: { value: 'N', fallback: '7', help: 'samples of each case' },
    'no-ethereumjs': { help: 'leave EthereumJS out, which takes longest' },
    wasm: { value: 'FILE', help: 'another build of the VM than build/vm.wasm' },
    wall: { help: 'wall time in place of processor time' },
    json: { help: 'print the figures as JSON' },
  },
  async run(input, io) {
    const [casesFile, wasmFile, isJson] = [input.text('cases'), input.text('wasm'), input.has('json')];
    const rounds = wholeOf(input, 'rounds');
    const all = casesFile ? readCases(casesFile) : await ownCases();
    const cases: Cases = { ...all, cases: all.cases.filter(({ name }) => name.includes(input.text('filter') ?? '')) };
    const vm = createVm({ fork: all.fork, ...(wasmFile && { wasm: readFileSync(wasmFile) }) });
    const log = isJson ? () => undefined : io.out;
    const anvil = await startAnvil(cases);
    try {
      const clocks: Clocks =
        input.has('wall') || (anvil && !anvil.clock) ? WALL : { ours: ownClock, revm: anvil?.clock ?? wallClock };
      log(heading(cases, anvil !== undefined, clocks === WALL ? 'wall time' : 'CPU time'));
      const rows: Row[] = [];
      for (const each of cases.cases) {
        const row = await measure({ vm, cases, anvil, clocks }, each, rounds, !input.has('no-ethereumjs'));
        rows.push(row);
        log(lineOf(row));
      }
      const start = await measureStart(clocks.ours);
      if (isJson) io.out(JSON.stringify(summaryOf(rows, start)));
      else printSummary(rows, start);
    } finally {
      await anvil?.stop();
    }
    return Exit.ok;
  },
};

/** How time is taken on either side. */
interface Clocks {
  readonly ours: Clock;
  readonly revm: Clock;
}

const WALL: Clocks = { ours: wallClock, revm: wallClock };

interface Setting {
  readonly vm: Vm;
  readonly cases: Cases;
  readonly anvil: Anvil | undefined;
  readonly clocks: Clocks;
}

async function measure(setting: Setting, each: Case, rounds: number, withEthereumjs: boolean): Promise<Row> {
  const { vm, cases, anvil, clocks } = setting;
  const ours = ourRun(cases, each, vm);
  const native = await anvil?.prepare(each);
  const firstMs = await sample(async () => checked(each, 'ours', ours), 0, clocks.ours, 1);
  const output = await ours();
  if (native) await agree(each, output, 'revm', native.work);
  const oursMs: number[] = [];
  const nativeMs: number[] = [];
  for (let i = 0; i < rounds; i++) {
    oursMs.push(await sample(ours, SAMPLE_MS, clocks.ours));
    if (!native) continue;
    const idleMs = await sample(native.idle, REQUESTS_MS, clocks.revm);
    nativeMs.push((await sample(native.work, REQUESTS_MS, clocks.revm)) - idleMs);
  }
  return {
    name: each.name,
    ours: timingOf(oursMs),
    firstMs,
    ...(withEthereumjs && { ethereumjs: await measureEthereumjs(cases, each, output, clocks.ours) }),
    ...(native && { revm: timingOf(nativeMs) }),
  };
}

async function measureEthereumjs(cases: Cases, each: Case, output: string, clock: Clock): Promise<Timing> {
  const run = theirRun(cases, each);
  const first = await sample(async () => agree(each, output, 'EthereumJS', run), 0, clock, 1);
  if (first > LONG_MS) return timingOf([first]);
  const samples: number[] = [];
  for (let i = 0; i < 3; i++) samples.push(await sample(run, SAMPLE_MS, clock));
  return timingOf(samples);
}

async function checked(each: Case, who: string, run: Run): Promise<string> {
  const output = await run();
  const { expected } = each;
  if (expected && `0x${output}` !== expected.output)
    throw new Error(`${each.name}: ${who} gave 0x${output}, not ${expected.output}`);
  return output;
}

async function agree(each: Case, output: string, who: string, run: Run): Promise<string> {
  const theirs = await run();
  if (theirs !== output) throw new Error(`${each.name}: ${who} gave ${theirs.slice(0, 80)}, we ${output.slice(0, 80)}`);
  return theirs;
}

function isResolved({ revm }: Row): boolean {
  return revm !== undefined && revm.medianMs > RESOLUTION * revm.spreadMs;
}

function summaryOf(rows: readonly Row[], start: Start) {
  return {
    cases: rows.map((row) => ({
      name: row.name,
      oursMs: row.ours.medianMs,
      ethereumjsMs: row.ethereumjs?.medianMs ?? null,
      revmMs: row.revm?.medianMs ?? null,
      counts: isResolved(row),
    })),
    geomean: geomeans(rows),
    start,
  };
}

function geomeans(rows: readonly Row[]) {
  const resolved = rows.filter(isResolved).map(({ ours, revm }) => ours.medianMs / revm!.medianMs);
  const compared = rows.flatMap(({ ours, ethereumjs }) => (ethereumjs ? [ethereumjs.medianMs / ours.medianMs] : []));
  return {
    vsEthereumjs: compared.length > 0 ? geometricMean(compared) : null,
    vsRevm: resolved.length > 0 ? geometricMean(resolved) : null,
  };
}

function heading(cases: Cases, hasAnvil: boolean, unit: string): string {
  const machine = `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, Node ${process.version}, ${cases.fork}, ${unit}`;
  const request = hasAnvil
    ? 'revm: eth_call of anvil less the same call to the same code behind a STOP'
    : 'anvil is not installed: no comparison with revm';
  const columns = ['case'.padEnd(38), 'ours ms', '±', 'first ms', 'revm ms', '±', 'ours/revm', 'EthereumJS ms', 'times faster'];
  return `${machine}; ${request}\n\n${columns.map((text, i) => (i === 0 ? text : text.padStart(i === 7 ? 14 : 12))).join('')}`;
}

function lineOf(row: Row): string {
  const { name, ours, firstMs, revm, ethereumjs } = row;
  const cell = (value: number | undefined, digits = 4, width = 12) => (value?.toFixed(digits) ?? '–').padStart(width);
  const ratio = isResolved(row) ? ours.medianMs / revm!.medianMs : undefined;
  const faster = ethereumjs && ethereumjs.medianMs / ours.medianMs;
  const cells = [
    cell(ours.medianMs),
    cell(ours.spreadMs),
    cell(firstMs),
    cell(revm?.medianMs),
    cell(revm?.spreadMs),
    cell(ratio, 2),
  ];
  const once = ethereumjs?.samples === 1 ? ' (one sample)' : '';
  return `${name.padEnd(38)}${cells.join('')}${cell(ethereumjs?.medianMs, 3, 14)}${cell(faster, 0)}${once}`;
}

function printSummary(rows: readonly Row[], start: Start): void {
  const { vsEthereumjs, vsRevm } = geomeans(rows);
  const unresolved = rows.filter((row) => row.revm && !isResolved(row)).length;
  console.log(
    `\ngeometric mean: ${vsRevm?.toFixed(2) ?? '–'} × revm's time, ${vsEthereumjs?.toFixed(0) ?? '–'} times as fast as EthereumJS`,
  );
  if (unresolved > 0)
    console.log(`${unresolved} cases are too short to tell revm from the request around it; they do not count there`);
  console.log(
    `instance and first small call ${start.instanceMs.toFixed(2)} ms (module compiled in ${start.compileMs.toFixed(2)} ms before)`,
  );
  console.log(`ERC-20 transfer, warm, through the API: ${start.transferUs.toFixed(1)} µs`);
  console.log(`signature recovery: ${start.recoverUs.toFixed(0)} µs, @noble/curves ${start.nobleRecoverUs.toFixed(0)} µs`);
}
