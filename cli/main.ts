import type { Io } from './command.ts';
import { commands } from './commands/index.ts';
import { version } from './root.ts';
import { run } from './run.ts';

const io: Io = {
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
  ...(process.stderr.isTTY && { redraw: (text: string) => process.stderr.write(`\r\x1b[K${text}`) }),
  serial: (text) => process.stdout.write(text),
  env: process.env,
};

// A reader that has seen enough (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

process.exitCode = await run(commands, process.argv.slice(2), io, version);
