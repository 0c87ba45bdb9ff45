import type { Io } from './command.ts';

/** One line that says what is being waited for. On a terminal it is rewritten; elsewhere each new text is a line. */
export interface Progress {
  say(text: string): void;
  /** Leaves what was said last on the screen. */
  end(): void;
}

export function progress(io: Io): Progress {
  let last = '';
  return {
    say(text) {
      if (text === last) return;
      last = text;
      if (io.redraw) io.redraw(text);
      else io.err(text);
    },
    end() {
      if (io.redraw && last) io.err('');
      last = '';
    },
  };
}

/** What can be rewritten: a text that breaks over two lines of a terminal could not. */
export function fitting(text: string, columns = 80): string {
  const room = Math.max(10, columns - 1);
  return [...text].length <= room ? text : `${[...text].slice(0, room - 1).join('')}…`;
}

export function sleep(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
