import type { Input, Io } from './command.ts';
import { json } from './values.ts';

/** Tells an outcome: with `--json` as JSON, else in a sentence. */
export function tell(input: Input, io: Io, sentence: string, outcome: unknown): void {
  if (input.has('json')) printJson(io, outcome);
  else io.out(sentence);
}

export function printJson(io: Io, value: unknown): void {
  for (const line of json(value).split('\n')) io.out(line);
}
