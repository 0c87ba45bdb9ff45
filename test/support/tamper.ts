/** Every way to change one place of a JSON value: each with its path, and the value with that place changed. */
export function* tamperings(value: unknown, path = ''): Generator<readonly [path: string, changed: unknown]> {
  if (Array.isArray(value)) {
    for (const [index, each] of value.entries())
      for (const [at, changed] of tamperings(each, `${path}[${index}]`)) yield [at, value.with(index, changed)];
    if (value.length > 0) yield [`${path} without its first`, value.slice(1)];
    if (value.length > 1) yield [`${path} reversed`, [...value].reverse()];
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, each] of Object.entries(value))
      for (const [at, changed] of tamperings(each, path ? `${path}.${key}` : key)) yield [at, { ...value, [key]: changed }];
  } else if (typeof value === 'string' && value !== '') yield [path, changedText(value)];
  else if (typeof value === 'number') yield [path, value + 1];
}

/** Of the same form, and another. */
function changedText(text: string): string {
  if (/^\d{4}-/.test(text)) return text.replace(/\d(?=Z$)/, (digit) => String((Number(digit) + 1) % 10));
  if (/^\d+$/.test(text)) return String(BigInt(text) + 1n);
  const at = text.startsWith('0x') ? text.length - 1 : text.length >> 1;
  const replaced =
    text[at] === '1' || text[at] === 'A'
      ? 'B'
      : text[at]!.match(/[0-9A-F]/)
        ? text[at] === '2'
          ? '3'
          : '2'
        : text[at] === 'a'
          ? 'b'
          : 'a';
  return text.slice(0, at) + replaced + text.slice(at + 1);
}
