const UNIT_MS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1, us: 0.001 };

/** Milliseconds of a Compose duration such as `1m30s` or `500ms`, rounded up to a whole one; `undefined` if it is none. */
export function durationMs(text: string): number | undefined {
  if (!/^(?:\d+(?:\.\d+)?(?:h|ms|m|us|s))+$/.test(text) || text.length > 40) return undefined;
  const parts = text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|us|s)/g);
  let total = 0;
  for (const [, count, unit] of parts) total += Number(count) * UNIT_MS[unit!]!;
  return Math.ceil(total);
}

const UNIT_BYTES: Readonly<Record<string, number>> = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** Bytes of a Compose size such as `64m`, `1.5g` or `512kb`, in powers of 1024; `undefined` if it is none. */
export function sizeBytes(text: string): number | undefined {
  const match = /^(\d{1,15}(?:\.\d{1,9})?)\s?([bkmg]?)b?$/i.exec(text);
  if (!match) return undefined;
  return Math.round(Number(match[1]) * UNIT_BYTES[match[2]!.toLowerCase() || 'b']!);
}

/** Splits a command line into words as a POSIX shell would, quotes and backslashes honoured; `undefined` for an open quote. */
export function words(line: string): string[] | undefined {
  const out: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < line.length; at++) {
    const character = line[at]!;
    if (character === '\\' && quote !== "'" && (quote === '' || '"\\$`'.includes(line[at + 1] ?? ''))) {
      word = (word ?? '') + (line[++at] ?? '');
    } else if (quote !== '') {
      if (character === quote) quote = '';
      else word += character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= '';
    } else if (/\s/.test(character)) {
      if (word !== undefined) out.push(word);
      word = undefined;
    } else word = (word ?? '') + character;
  }
  if (quote !== '') return undefined;
  return word === undefined ? out : [...out, word];
}
