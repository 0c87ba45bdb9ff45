import type { Io } from './command.ts';
import { commands } from './commands/index.ts';
import { fitting } from './progress.ts';
import { version } from './root.ts';
import { run, tellError } from './run.ts';

const { stdout, stderr } = process;

const io: Io = {
  out: (line) => stdout.write(`${line}\n`),
  err: (line) => stderr.write(`${line}\n`),
  ...(stderr.isTTY && { redraw: (text: string) => stderr.write(`\r\x1b[K${fitting(text, stderr.columns)}`) }),
  ...(stdout.isTTY && { columns: stdout.columns }),
  serial: (text) => stdout.write(text),
  env: process.env,
};

// A reader that has seen enough (`| head`) is no error; a full disk is one.
stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  if (code !== 'EPIPE') io.err(`classpad: what it says cannot be written (${code}); is the disk full?`);
  process.exit(code === 'EPIPE' ? 0 : 1);
});
stderr.on('error', () => {});
process.on('uncaughtException', (error) => void tellError(error, io).then((exitCode) => process.exit(exitCode)));

process.exitCode = await run(commands, process.argv.slice(2), io, version);
