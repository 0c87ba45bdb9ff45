import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commands } from '../../cli/commands/index.ts';
import { run } from '../../cli/run.ts';

export interface Said {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line in this process. */
export async function classpad(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Said> {
  const out: string[] = [];
  const err: string[] = [];
  const io = { out: (line: string) => out.push(line), err: (line: string) => err.push(line), env };
  const exitCode = await run(commands, args, io, '0.0.0');
  return { exitCode, out: out.join('\n'), err: err.join('\n') };
}

export const folder = mkdtempSync(join(tmpdir(), 'classpad-cli-'));

/** Writes a file for one test and answers its path. */
export function file(name: string, content: string | Uint8Array, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, content, { mode });
  return path;
}
