/** `npm run soak -- NAME [OPTIONS]`: long runs on real things, which end with exit code 0 if everything went as it must. */
import { parseArgs } from 'node:util';
import { cluster } from './cluster.ts';
import { crashes } from './crashes.ts';
import { releases } from './releases.ts';
import type { Soak, SoakOption } from './soak.ts';

const soaks: Readonly<Record<string, Soak>> = {
  crashes,
  releases,
  cluster,
};

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h') return help();
  const soak = soaks[name];
  if (!soak) return refuse(`there is no "${name}"; there are ${Object.keys(soaks).join(', ')}`);
  const given = read(soak, args);
  if (typeof given === 'string') return refuse(`${given}; see: npm run soak -- ${name} --help`);
  if (given.help) return helpOf(name, soak);
  const outcome = await soak.run(given.numbers, (line) => console.error(line));
  for (const line of given.json ? [JSON.stringify(outcome.report)] : outcome.lines) console.log(line);
  return outcome.ok ? 0 : 1;
}

interface Given {
  readonly help: boolean;
  readonly json: boolean;
  readonly numbers: Readonly<Record<string, number>>;
}

/** Answers a sentence for arguments that do not fit. */
function read({ options }: Soak, args: readonly string[]): Given | string {
  const flags = { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;
  const typeOf = ({ fallback }: SoakOption) => (fallback === undefined ? ('boolean' as const) : ('string' as const));
  const texts = Object.fromEntries(Object.entries(options).map(([name, row]) => [name, { type: typeOf(row) }]));
  try {
    const { values }: { values: Record<string, unknown> } = parseArgs({ args: [...args], options: { ...texts, ...flags } });
    const rows = Object.entries(options).map(([name, { fallback }]) => [name, Number(values[name] ?? fallback ?? 0)] as const);
    const wrong = rows.find(([, value]) => !Number.isSafeInteger(value) || value < 0);
    if (wrong) return `--${wrong[0]} takes a whole number`;
    return { help: values['help'] === true, json: values['json'] === true, numbers: Object.fromEntries(rows) };
  } catch (error) {
    return (error as Error).message;
  }
}

function help(): number {
  console.log('npm run soak -- NAME [OPTIONS]\n');
  for (const [name, { summary }] of Object.entries(soaks)) console.log(`  ${name.padEnd(12)}${summary}`);
  console.log(
    '\nnpm run soak -- NAME --help tells the options. Exit code 0: all went as it must; 1: it did not; 2: no such run.',
  );
  return 0;
}

function helpOf(name: string, { summary, options }: Soak): number {
  console.log(`npm run soak -- ${name}: ${summary}\n`);
  const rows = Object.entries(options).map(([option, row]) =>
    row.fallback === undefined ? [`--${option}`, row.help] : [`--${option} N`, `${row.help} (${row.fallback})`],
  );
  for (const [option = '', text] of [...rows, ['--json', 'print the figures as JSON']])
    console.log(`  ${option.padEnd(16)}${text}`);
  return 0;
}

function refuse(sentence: string): number {
  console.error(`soak: ${sentence}`);
  return 2;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: Error) => {
    console.error(`soak: ${error.message}`);
    process.exitCode = 1;
  },
);
