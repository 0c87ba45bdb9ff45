/** `npm run soak -- NAME [options]`: long runs on real things, which end with exit code 0 if everything went as it must. */
import { Exit, type Option } from '../../cli/command.ts';
import { runOneOf, type Script, wholeOf } from '../../cli/script.ts';
import { cluster } from './cluster.ts';
import { crashes } from './crashes.ts';
import { releases } from './releases.ts';
import type { Soak, SoakOption } from './soak.ts';

const soaks: Readonly<Record<string, Soak>> = {
  crashes,
  releases,
  cluster,
};

function scriptOf(name: string, soak: Soak): Script {
  const rows = Object.entries(soak.options);
  return {
    name,
    summary: soak.summary,
    options: {
      ...Object.fromEntries(rows.map(([option, row]) => [option, optionOf(row)])),
      json: { help: 'print the figures as JSON' },
    },
    async run(input, io) {
      const given = rows.map(([option, row]) => [option, isFlag(row) ? Number(input.has(option)) : wholeOf(input, option, 0)]);
      const outcome = await soak.run(Object.fromEntries(given), io.err);
      for (const line of input.has('json') ? [JSON.stringify(outcome.report)] : outcome.lines) io.out(line);
      return outcome.ok ? Exit.ok : Exit.failed;
    },
  };
}

function optionOf(row: SoakOption): Option {
  return isFlag(row) ? { help: row.help } : { value: 'N', fallback: String(row.fallback), help: row.help };
}

function isFlag({ fallback }: SoakOption): boolean {
  return fallback === undefined;
}

await runOneOf(
  'soak',
  Object.entries(soaks).map(([name, soak]) => scriptOf(name, soak)),
);
