import { type Hex, stringToHex } from 'viem';
import { Exit, Failure } from './command.ts';

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds of `90s`, `2m`, `1h30m`, `1d`. Throws {@link Failure}. */
export function durationSeconds(text: string, option: string): number {
  const parts = [...text.matchAll(/(\d{1,7})([smhd])/g)];
  const whole = parts.map(([part]) => part).join('');
  const seconds = parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * SECONDS[unit!]!, 0);
  if (whole !== text || seconds === 0)
    throw new Failure(`${option} "${text}" is no duration; write 90s, 2m or 1h30m`, Exit.badInput);
  return seconds;
}

/** A name on the ledger: a DNS label of at most 31 characters. Throws {@link Failure}. */
export function appName(text: string, where: string, of = 'an app'): string {
  if (/^[a-z0-9]([a-z0-9-]{0,29}[a-z0-9])?$/.test(text)) return text;
  throw new Failure(
    `${where} "${text}" is no name for ${of}; use a-z, 0-9 and inner hyphens, at most 31 characters`,
    Exit.badInput,
  );
}

/** `http://host:port` and the like. Throws {@link Failure}. */
export function httpUrl(text: string, option: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol)) return text;
  throw new Failure(`${option} "${text}" is no http address; write http://HOST:PORT`, Exit.badInput);
}

/** Throws {@link Failure}. */
export function accountAddress(text: string, option: string): `0x${string}` {
  if (/^0x[0-9a-fA-F]{40}$/.test(text)) return text.toLowerCase() as `0x${string}`;
  throw new Failure(`${option} "${text}" is no address; write 0x and 40 hexadecimal digits`, Exit.badInput);
}

/** A whole number from `least` to `most`. Throws {@link Failure}. */
export function wholeNumber(text: string, option: string, least: number, most: number): number {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new Failure(`${option} "${text}" does not fit; it must be a whole number from ${least} to ${most}`, Exit.badInput);
}

/** `12 s`, `3 min`, `2 h 5 min`. */
export function inWords(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 120) return `${whole} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 120) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `1 device`, `4 devices`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Time of a block, in UTC, to the second. */
export function timeText(seconds: number | bigint): string {
  return new Date(Number(seconds) * 1000).toISOString().replace('T', ' ').slice(0, 19);
}

/** JSON with bigint as decimal text where it does not fit a number. */
export function json(value: unknown): string {
  return JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? numberOrText(each) : each), 2);
}

function numberOrText(value: bigint): number | string {
  return value <= Number.MAX_SAFE_INTEGER ? Number(value) : value.toString();
}

/** `key=value`, as it stands on the ledger. Throws {@link Failure}. */
export function labelWord(text: string): Hex {
  return stringToHex(labelText(text), { size: 32 });
}

/** `key=value`, as devices carry it. Throws {@link Failure}. */
export function labelText(text: string): string {
  if (/^[a-z0-9._-]+=[a-z0-9._-]+$/.test(text) && text.length <= 32) return text;
  throw new Failure(
    `--label "${text}" is no label; write key=value with a-z, 0-9, hyphen, dot and underscore, at most 32 characters`,
    Exit.badInput,
  );
}
