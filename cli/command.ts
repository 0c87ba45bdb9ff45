import { parseArgs } from 'node:util';

/** Where a command's words go, and what it may know of its surroundings. */
export interface Io {
  /** Results: what a script would read. */
  out(line: string): void;
  /** Everything else: progress, remarks, errors. */
  err(line: string): void;
  /** Rewrites the last line of the terminal; absent where there is none. */
  readonly redraw?: (text: string) => void;
  /** Of the terminal that shows results; absent where there is none. */
  readonly columns?: number;
  /** What a virtual board says on its serial console, as it is. */
  serial?(text: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** One `--option` of a command. */
export interface Option {
  /** What stands for its value in the help: `URL`. Absent: a switch. */
  readonly value?: string;
  readonly many?: true;
  /** Environment variable that serves where the option is not given. */
  readonly env?: string;
  readonly fallback?: string;
  readonly help: string;
}

export interface Operand {
  readonly name: string;
  readonly help: string;
  readonly optional?: true;
  /** One or more; only the last may be. */
  readonly many?: true;
}

/** What was given, already checked against the command's own table. */
export interface Input {
  readonly operands: readonly string[];
  has(option: string): boolean;
  /** The value given, else that of the environment, else the fallback. */
  text(option: string): string | undefined;
  list(option: string): readonly string[];
}

export interface Command {
  /** What its name follows. Absent: `classpad`. */
  readonly program?: string;
  readonly name: string;
  /** One line, lower case, no full stop. */
  readonly summary: string;
  readonly operands: readonly Operand[];
  readonly options: Readonly<Record<string, Option>>;
  readonly examples: readonly (readonly [line: string, what: string])[];
  /** Further paragraphs of the help. */
  readonly notes?: readonly string[];
  /** Answers the exit code. */
  run(input: Input, io: Io): Promise<number>;
}

/** Commands by name, each loaded when it is asked for. */
export type Commands = Readonly<Record<string, () => Promise<Command>>>;

/** Exit codes, as `--help` explains them. */
export const Exit = { ok: 0, failed: 1, badInput: 2 } as const;

const helpOption: Option = { help: 'show this help' };

/** What it is called by. */
export function lineOf({ program = 'classpad', name }: Command): string {
  return name ? `${program} ${name}` : program;
}

/** Reads a command's arguments by its table. Throws {@link Failure} with exit code 2. */
export function parse(command: Command, args: readonly string[], env: Io['env']): Input & { readonly help: boolean } {
  const table = { ...command.options, help: helpOption };
  const { values, positionals } = parseByTable(command, table, args);
  const help = values['help'] === true;
  if (!help) checkOperands(command, positionals);
  const given = (option: string): string[] => {
    const row = table[option as keyof typeof table] as Option | undefined;
    if (!row) throw new Error(`${command.name} reads --${option}, which its table does not have`);
    const value = values[option];
    if (value !== undefined) return [value].flat().map(String);
    const inherited = row.env === undefined ? undefined : env[row.env];
    if (inherited) return row.many ? inherited.split(',').map((part) => part.trim()) : [inherited];
    return row.fallback === undefined ? [] : [row.fallback];
  };
  return {
    help,
    operands: positionals,
    has: (option) => values[option] === true,
    text: (option) => given(option)[0],
    list: given,
  };
}

function parseByTable(command: Command, table: Readonly<Record<string, Option>>, args: readonly string[]) {
  const options = Object.fromEntries(
    Object.entries(table).map(([name, { value, many }]) => [
      name,
      {
        type: value ? ('string' as const) : ('boolean' as const),
        ...(many && { multiple: true }),
        ...(name === 'help' && { short: 'h' }),
      },
    ]),
  );
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new Failure(
      `${argumentSentence(error as Error & { code?: string }, table)}; see: ${lineOf(command)} --help`,
      Exit.badInput,
    );
  }
}

function argumentSentence({ message, code }: Error & { code?: string }, table: Readonly<Record<string, Option>>): string {
  const option = message.match(/'(-[^ ',=]*)/)?.[1] ?? 'an option';
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return `there is no option ${option}`;
  const row = table[option.slice(2)];
  if (row && !row.value) return `${option} takes no value`;
  return row ? `${option} needs a value: ${option} ${row.value}` : message;
}

function checkOperands(command: Command, given: readonly string[]): void {
  const missing = command.operands[given.length];
  if (missing && !missing.optional)
    throw new Failure(`${missing.name} is missing: ${missing.help}; see: ${lineOf(command)} --help`, Exit.badInput);
  const extra = given[command.operands.length];
  if (extra !== undefined && !command.operands.at(-1)?.many)
    throw new Failure(`"${extra}" is one argument too many; see: ${lineOf(command)} --help`, Exit.badInput);
}

/** What a command could not do, in a sentence for its user. */
export class Failure extends Error {
  readonly exitCode: number;
  constructor(sentence: string, exitCode: number = Exit.failed) {
    super(sentence);
    this.name = 'Failure';
    this.exitCode = exitCode;
  }
}
