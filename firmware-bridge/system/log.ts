import type { Logger, LogLevel } from '../../runtime/ports/index.ts';

export const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

const LONGEST = 2000;

/** One line, without its end, a sentence: UTC time, level, text. What arrives from outside cannot begin a line of its own. */
export function lineLogger(least: LogLevel, write: (line: string) => void): Logger {
  const threshold = LOG_LEVELS.indexOf(least);
  return {
    write: (level, message) => {
      if (LOG_LEVELS.indexOf(level) < threshold) return;
      const text = message.slice(0, LONGEST).replace(/\p{Cc}+/gu, ' ');
      write(`${new Date().toISOString()} ${level.padEnd(5)} ${text}`);
    },
  };
}
