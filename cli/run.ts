import { type Command, type Commands, Exit, Failure, type Io, parse } from './command.ts';
import { printable } from './printable.ts';

/** Runs one command line and answers its exit code. Whatever goes wrong becomes a sentence on `io.err`, and with `--json` an object on `io.out`. */
export async function run(commands: Commands, args: readonly string[], raw: Io, version: string): Promise<number> {
  const io = printable(raw);
  try {
    return await dispatch(commands, args, io, version);
  } catch (error) {
    return tellError(error, io, args.includes('--json'));
  }
}

/** Says what went wrong in a sentence. Answers the exit code. */
export async function tellError(error: unknown, io: Io, isJson = false): Promise<number> {
  if (io.env['CLASSPAD_DEBUG'] === '1' && error instanceof Error) for (const line of `${error.stack}`.split('\n')) io.err(line);
  const { sentence, exitCode } = (await import('./explain.ts')).explain(error);
  for (const line of sentence.split('\n')) io.err(`classpad: ${line}`);
  if (isJson) io.out(JSON.stringify({ error: sentence, exitCode }));
  return exitCode;
}

async function dispatch(commands: Commands, args: readonly string[], io: Io, version: string): Promise<number> {
  const [name, ...rest] = args;
  if (name === '--version') return print(io, [version]);
  if (name === undefined || HELP.has(name) || (name === 'help' && rest.length === 0)) return overview(commands, io, version);
  if (name === 'help') return help(await load(commands, rest[0]!), io);
  const command = await load(commands, name);
  const input = parse(command, rest, io.env);
  return input.help ? help(command, io) : command.run(input, io);
}

const HELP: ReadonlySet<string> = new Set(['--help', '-h']);
/** Other spellings. */
const ALIASES: Readonly<Record<string, string>> = { enroll: 'enrol' };

function load(commands: Commands, wanted: string): Promise<Command> {
  const name = ALIASES[wanted] ?? wanted;
  if (Object.hasOwn(commands, name)) return commands[name]!();
  throw new Failure(`there is no command "${wanted}"; there are ${Object.keys(commands).join(', ')}`, Exit.badInput);
}

async function overview(commands: Commands, io: Io, version: string): Promise<number> {
  const all = await Promise.all(Object.values(commands).map((load) => load()));
  return print(io, (await import('./help.ts')).overview(all, version, io.columns));
}

async function help(command: Command, io: Io): Promise<number> {
  return print(io, (await import('./help.ts')).helpOf(command, io.columns));
}

function print(io: Io, lines: readonly string[]): number {
  for (const line of lines) io.out(line);
  return Exit.ok;
}
