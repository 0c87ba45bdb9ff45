import { type Command, lineOf, type Operand, type Option } from './command.ts';

const INDENT = '  ';
/** Lines are no longer than this, whatever the terminal, */
const WIDEST = 100;
/** and no shorter. */
const NARROWEST = 50;
/** The left column takes no more than this part of them. */
const LEFT_PART = 0.44;

/** The help of one command, as lines. */
export function helpOf(command: Command, columns = WIDEST): string[] {
  const width = widthIn(columns);
  const section = sectionsOf(width);
  const operands = command.operands.map((operand) => ` ${bracketed(operand)}`).join('');
  const options: [string, Option][] = [...Object.entries(command.options), ['help', { help: 'show this help' }]];
  return [
    ...wrap(`${lineOf(command).replace(/ --$/, '')}: ${command.summary}`, width),
    '',
    `usage: ${lineOf(command)}${operands} [options]`,
    ...section(
      '',
      command.operands.map(({ name, help }) => [name, help]),
    ),
    ...section(
      'options',
      options.map(([name, option]) => [`--${name}${option.value ? ` ${option.value}` : ''}`, explain(option)]),
    ),
    ...section('examples', command.examples),
    ...(command.notes ?? []).flatMap((note) => ['', ...wrap(note, width)]),
  ];
}

/** The help of the program, as lines. */
export function overview(commands: readonly Command[], version: string, columns = WIDEST): string[] {
  const width = widthIn(columns);
  const section = sectionsOf(width);
  return [
    ...wrap(`classpad ${version}: a ledger decides which containers run on a fleet of devices`, width),
    '',
    'usage: classpad COMMAND [options]',
    ...section(
      'commands',
      commands.map(({ name, operands, summary }) => [[name, ...operands.map(bracketed)].join(' '), summary]),
    ),
    ...section('environment', [
      ['CLASSPAD_RPC', 'JSON-RPC address of a node (default http://127.0.0.1:8545)'],
      ['CLASSPAD_FLEET', 'address of the Fleet contract (default: as the node says)'],
      ['CLASSPAD_KEY', 'files with operator keys, or the keys themselves, separated by commas'],
      ['CLASSPAD_DEBUG', '1 shows where in the program an error arose'],
    ]),
    ...section('exit codes', [
      ['0', 'done as asked; a deployed release is active'],
      ['1', 'not done: rolled back, refused, unreachable, or an audit that found something'],
      ['2', 'bad input: nothing was sent'],
    ]),
    '',
    ...wrap('With --json an outcome is JSON on standard output, and so is an error: {"error": SENTENCE, "exitCode": N}.', width),
    '',
    'classpad COMMAND --help says more about each.',
  ];
}

function explain({ help, env, fallback, many }: Option): string {
  const remarks = [many && 'repeatable', env && `env ${env}`, fallback && `default ${fallback}`].filter(Boolean);
  return remarks.length > 0 ? `${help} (${remarks.join(', ')})` : help;
}

function widthIn(columns: number): number {
  return Math.max(NARROWEST, Math.min(WIDEST, columns));
}

/** What may be left out stands in brackets; a name that has some of its own says it itself. */
function bracketed({ name, optional }: Operand): string {
  return optional && !/[[\]]/.test(name) ? `[${name}]` : name;
}

/** Makes sections: two columns under a heading; nothing for no rows. */
function sectionsOf(width: number) {
  return (title: string, rows: readonly (readonly [string, string])[]): string[] => {
    if (rows.length === 0) return [];
    const widest = Math.max(...rows.map(([left]) => left.length));
    const column = Math.min(Math.floor(width * LEFT_PART), widest) + 2;
    const lines = rows.flatMap(([left, right]) => {
      const [first = '', ...rest] = wrap(right, width - column - INDENT.length);
      const head = left.length > column - 2 ? [left, ' '.repeat(column) + first] : [left.padEnd(column) + first];
      return [...head, ...rest.map((line) => ' '.repeat(column) + line)].map((line) => INDENT + line);
    });
    return ['', ...(title ? [`${title}:`] : []), ...lines];
  };
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line ? `${line} ${word}` : word;
  }
  return [...lines, line];
}
