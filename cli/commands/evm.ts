import { existsSync, readFileSync } from 'node:fs';
import { bytesToHex, hexToBytes } from '../../runtime/bytes.ts';
import type { ForkName } from '../../runtime/ports/index.ts';
import { errorOf, type TracedStep } from '../../vm/embed/index.ts';
import { type Command, Exit, Failure, type Input, type Io } from '../command.ts';
import { FORKS, readFixtures } from '../statetest/fixtures.ts';
import { runStateTests } from '../statetest/report.ts';
import { callCode } from '../statetest/single.ts';
import { hex, stepLine, tracerOf } from '../statetest/trace.ts';
import { printJson } from '../tell.ts';

const DEFAULT_GAS = '10000000000';

type Action = (target: string, input: Input, io: Io) => number;

const actions: Readonly<Record<string, Action>> = { run: runCode, statetest: runStateTestFile };

export const evm: Command = {
  name: 'evm',
  summary: 'run code, or a state test, in the VM alone',
  operands: [
    { name: 'run|statetest', help: 'what to do: run code, or run the state tests of a file or folder' },
    { name: 'CODE|FILE', help: 'code in hexadecimal or a file that holds it; or state tests as JSON' },
  ],
  options: {
    fork: { value: 'NAME', help: `rules to apply: ${FORKS.join(', ')} (run: Osaka; statetest: every fork in the file)` },
    input: { value: 'HEX', fallback: '0x', help: 'run: call data' },
    gas: { value: 'N', fallback: DEFAULT_GAS, help: 'run: gas for the code itself' },
    value: { value: 'WEI', fallback: '0', help: 'run: wei sent along' },
    json: { help: 'trace lines as EIP-3155 has them, on stderr; statetest: a summary as JSON on stdout' },
    memory: { help: 'with --json: the memory in every trace line too' },
  },
  examples: [
    ['classpad evm run 6003600401', 'three and four'],
    ['classpad evm run --json --input 0x1234 code.hex', 'every instruction as a line of JSON'],
    ['classpad evm statetest --json --fork Osaka test.json', "what other EVMs' differential tools expect"],
  ],
  async run(input, io) {
    const [name, target] = input.operands;
    const action = actions[name!];
    if (!action) throw new Failure(`"${name}" is not something evm does: it is run or statetest`, Exit.badInput);
    return action(target!, input, io);
  },
};

/** Like geth's `evm run`: the code stands at an address and is called, with no fee and no intrinsic gas. */
function runCode(target: string, input: Input, io: Io): number {
  const code = codeOf(target);
  const data = bytesOf(input.text('input')!, '--input');
  const watcher = tracerOf(input, (step) => tellStep(step, io));
  const { outcome, gasUsed } = callCode(
    code,
    data,
    quantity(input, 'gas'),
    quantity(input, 'value'),
    forkOf(input) ?? 'Osaka',
    watcher,
  );
  if (outcome.kind === 'refused') throw new Failure(`the call was refused: ${outcome.reason}`);
  const error = errorOf(outcome.status);
  const output = bytesToHex(outcome.output);
  if (input.has('json')) io.err(JSON.stringify({ output: output.slice(2), gasUsed: hex(gasUsed), ...(error && { error }) }));
  else for (const line of [output, `${outcome.status}, ${gasUsed} gas used${error ? `: ${error}` : ''}`]) io.out(line);
  return outcome.succeeded ? Exit.ok : Exit.failed;
}

/** Like geth's `evm statetest`: one result for each case; exit code 1 if one is not as the file says. */
function runStateTestFile(target: string, input: Input, io: Io): number {
  if (!existsSync(target)) throw new Failure(`${target}: there is no such file`, Exit.badInput);
  const results = [...readFixtures([target], 0, 1)].flatMap((file) =>
    runStateTests(
      file.tests,
      forkOf(input),
      tracerOf(input, (step) => tellStep(step, io)),
      (root) => (input.has('json') ? io.err(JSON.stringify({ stateRoot: root })) : undefined),
    ),
  );
  if (results.length === 0)
    throw new Failure(`${target} holds no state test${input.text('fork') ? ' for this fork' : ''}`, Exit.badInput);
  const failed = results.filter(({ pass }) => !pass);
  if (input.has('json')) printJson(io, results);
  else for (const { name, fork, error } of failed) io.out(`FAIL ${name} [${fork}]: ${error}`);
  if (!input.has('json')) io.out(`${results.length - failed.length} passed, ${failed.length} failed`);
  return failed.length > 0 ? Exit.failed : Exit.ok;
}

function tellStep(step: TracedStep, io: Io): void {
  io.err(stepLine(step));
}

function forkOf(input: Input): ForkName | undefined {
  const name = input.text('fork');
  if (name === undefined) return undefined;
  const fork = FORKS.find((known) => known.toLowerCase() === name.toLowerCase());
  if (!fork) throw new Failure(`--fork ${name}: the forks are ${FORKS.join(', ')}`, Exit.badInput);
  return fork;
}

function codeOf(target: string): Uint8Array {
  return existsSync(target) ? bytesOf(readFileSync(target, 'utf8').trim(), target) : bytesOf(target, 'the code');
}

function bytesOf(text: string, what: string): Uint8Array {
  const digits = text.replace(/^0x/, '').replace(/\s+/g, '');
  if (!/^([0-9a-fA-F]{2})*$/.test(digits)) throw new Failure(`${what} is not hexadecimal of whole bytes`, Exit.badInput);
  return hexToBytes(`0x${digits}`);
}

function quantity(input: Input, option: string): bigint {
  const text = input.text(option)!;
  if (!/^(\d+|0x[0-9a-fA-F]+)$/.test(text)) throw new Failure(`--${option} ${text}: this is not a whole number`, Exit.badInput);
  return BigInt(text);
}
