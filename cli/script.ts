/** The scripts of `package.json` read their words by the same tables as the command does: help, defaults, and refusals in a sentence. */
import { type Command, Exit, Failure, type Input, type Io, parse } from './command.ts';
import { helpOf } from './help.ts';
import { wholeNumber } from './values.ts';

/** Largest number that an option takes. */
const MOST = 999_999_999;

/** What `npm run` runs: a command without examples, whose operands are rare. */
export type Script = Pick<Command, 'name' | 'summary' | 'options' | 'run'> & Partial<Pick<Command, 'operands' | 'notes'>>;

const io: Io = { out: (line) => console.log(line), err: (line) => console.error(line), env: process.env };

// A reader that has seen enough (`| head`) is no error.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? Exit.ok : Exit.failed));

/** Runs one of several, `npm run NAME -- WHICH [options]`, and leaves its exit code. */
export async function runOneOf(name: string, scripts: readonly Script[]): Promise<void> {
  const [which, ...rest] = process.argv.slice(2);
  const program = `npm run ${name} --`;
  if (which === undefined || which === '--help' || which === '-h') return overview(program, scripts);
  await ending(name, async () => {
    const script = scripts.find((each) => each.name === which);
    const names = scripts.map((each) => each.name).join(', ');
    if (!script) throw new Failure(`there is no "${which}"; there are ${names}`, Exit.badInput);
    return run(script, program, rest);
  });
}

/** Runs what is alone under its name, `npm run NAME -- [options]`, and leaves its exit code. */
export async function runAlone(name: string, script: Omit<Script, 'name'>): Promise<void> {
  await ending(name, () => run({ ...script, name: '' }, `npm run ${name} --`, process.argv.slice(2)));
}

/** The value of an option as a whole number. Throws {@link Failure}. */
export function wholeOf(input: Input, option: string, least = 1): number {
  return wholeNumber(input.text(option) ?? '', `--${option}`, least, MOST);
}

async function run(script: Script, program: string, args: readonly string[]): Promise<number> {
  const command: Command = { operands: [], examples: [], ...script, program };
  const input = parse(command, args, process.env);
  if (!input.help) return command.run(input, io);
  for (const line of helpOf(command)) io.out(line);
  return Exit.ok;
}

async function ending(name: string, act: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await act();
  } catch (error) {
    const { message, stack } = error as Error;
    io.err(`${name}: ${process.env['CLASSPAD_DEBUG'] === '1' ? stack : message}`);
    process.exitCode = error instanceof Failure ? error.exitCode : Exit.failed;
  }
}

function overview(program: string, scripts: readonly Script[]): void {
  io.out(`usage: ${program} NAME [options]\n`);
  for (const { name, summary } of scripts) io.out(`  ${name.padEnd(12)}${summary}`);
  io.out(`\n${program} NAME --help says more about each.`);
}
