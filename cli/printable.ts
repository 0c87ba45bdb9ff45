import type { Io } from './command.ts';

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
