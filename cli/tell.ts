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

/**
 * What ledgers, devices and nodes say may hold anything: nothing but printable characters reaches the terminal, and what is
 * printed as one line is one line. Else a device could forge lines of an audit in the reason of its vote.
 */
export function printable(io: Io): Io {
  const { out, err, redraw } = io;
  return {
    ...io,
    out: (line) => out(oneLine(line)),
    err: (line) => err(oneLine(line)),
    ...(redraw && { redraw: (text: string) => redraw(oneLine(text)) }),
  };
}

function oneLine(text: string): string {
  return text.replace(/[\n\r\t\u2028\u2029]+/g, ' ').replace(/[\p{Cc}\p{Bidi_Control}]/gu, '\ufffd');
}
