import { type Command, Exit, Failure, type Io, parse } from './command.ts';
import { explain } from './explain.ts';
import { helpOf, overview } from './help.ts';
import { printable } from './tell.ts';

/** Runs one command line and answers its exit code. Whatever goes wrong becomes a sentence on `io.err`. */
export async function run(commands: readonly Command[], args: readonly string[], raw: Io, version: string): Promise<number> {
  const io = printable(raw);
  try {
    return await dispatch(commands, args, io, version);
  } catch (error) {
    if (io.env['CLASSPAD_DEBUG'] === '1' && error instanceof Error) for (const line of `${error.stack}`.split('\n')) io.err(line);
    const { sentence, exitCode } = explain(error);
    for (const line of sentence.split('\n')) io.err(`classpad: ${line}`);
    return exitCode;
  }
}

async function dispatch(commands: readonly Command[], args: readonly string[], io: Io, version: string): Promise<number> {
  const [name, ...rest] = args;
  if (name === '--version') return print(io, [version]);
  if (name === undefined || name === '--help' || name === '-h') return print(io, overview(commands, version));
  if (name === 'help' && rest.length === 0) return print(io, overview(commands, version));
  const wanted = name === 'help' ? rest[0] : name;
  const command = commands.find(({ name, alias }) => name === wanted || alias === wanted);
  if (!command) {
    const names = commands.map((each) => each.name).join(', ');
    throw new Failure(`there is no command "${wanted}"; there are ${names}`, Exit.badInput);
  }
  if (name === 'help') return print(io, helpOf(command));
  const input = parse(command, rest, io.env);
  return input.help ? print(io, helpOf(command)) : command.run(input, io);
}

function print(io: Io, lines: readonly string[]): number {
  for (const line of lines) io.out(line);
  return Exit.ok;
}
