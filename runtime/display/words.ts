import { length } from './canvas.ts';

/** Breaks a text into lines of at most `columns` characters, at words where it can; the last line ends in `…` if more follows. */
export function wrap(text: string, columns: number, maxLines: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').filter((part) => part !== '')) {
    for (const piece of pieces(word, columns)) {
      const longer = line === '' ? piece : `${line} ${piece}`;
      if (length(longer) <= columns) line = longer;
      else {
        lines.push(line);
        line = piece;
      }
    }
  }
  if (line !== '') lines.push(line);
  if (lines.length <= maxLines) return lines;
  return [...lines.slice(0, maxLines - 1), cut(lines.slice(maxLines - 1).join(' '), columns)];
}

/** At most `columns` characters, cut at a word where one fits, with `…` for what is left out. */
export function cut(text: string, columns: number): string {
  const characters = [...text];
  if (characters.length <= columns) return text;
  const kept = characters.slice(0, columns - 1).join('');
  const space = kept.lastIndexOf(' ');
  return `${space > columns / 2 ? kept.slice(0, space) : kept}…`;
}

/** Hours and minutes of the day in UTC, such as `14:32`. */
export function clockText(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  return `${pair(Math.floor(minutes / 60) % 24)}:${pair(minutes % 60)}`;
}

/** The day in UTC, such as `2026-11-21`. Counted by hand: there is no `Date` where this runs (Gregorian, from 1970 on). */
export function dateText(ms: number): string {
  let day = Math.floor(ms / 86_400_000);
  let year = 1970;
  for (; day >= daysOf(year); year++) day -= daysOf(year);
  const months = [31, daysOf(year) - 337, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  let month = 0;
  for (; day >= months[month]!; month++) day -= months[month]!;
  return `${year}-${pair(month + 1)}-${pair(day + 1)}`;
}

function daysOf(year: number): number {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 366 : 365;
}

/** Used and total memory in the unit that fits the total. */
export function memoryText(usedBytes: number, totalBytes: number): string {
  const [unit, bytes] = totalBytes >= 2 * 1024 ** 3 ? (['GiB', 1024 ** 3] as const) : (['MiB', 1024 ** 2] as const);
  const decimals = totalBytes / bytes < 10 ? 1 : 0;
  return `${(usedBytes / bytes).toFixed(decimals)}/${(totalBytes / bytes).toFixed(decimals)} ${unit}`;
}

function pair(value: number): string {
  return value < 10 ? `0${value}` : `${value}`;
}

function pieces(word: string, columns: number): string[] {
  const characters = [...word];
  const out: string[] = [];
  for (let at = 0; at < characters.length; at += columns) out.push(characters.slice(at, at + columns).join(''));
  return out;
}
