/** A value in a scenario file: what is right, in words, and how it is read. `undefined`: it is not right. */
export interface Field<T = unknown> {
  readonly what: string;
  readonly read: (value: unknown) => T | undefined;
}

/** What a map in a scenario file may hold. */
export type Fields = Readonly<Record<string, Field>>;

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export const text: Field<string> = { what: 'a text', read: (value) => (typeof value === 'string' ? value : undefined) };
export const flag: Field<boolean> = { what: 'true or false', read: (value) => (typeof value === 'boolean' ? value : undefined) };
export const whole: Field<number> = {
  what: 'a whole number',
  read: (value) => (Number.isSafeInteger(value) ? (value as number) : undefined),
};
/** A number, or the number of the repetition. */
export const amount: Field<number | 'n'> = {
  what: 'a number, or n for the number of the repetition',
  read: (value) => (typeof value === 'number' || value === 'n' ? value : undefined),
};
export const duration: Field<number> = {
  what: 'a duration such as 500ms, 30s, 5m or 1h',
  read(value) {
    const parts = typeof value === 'string' ? /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(value) : null;
    return parts ? Number(parts[1]) * UNITS_MS[parts[2]!]! : undefined;
  },
};
export const names: Field<readonly string[]> = {
  what: 'a name or a list of names',
  read(value) {
    const list = Array.isArray(value) ? value : [value];
    return list.every((item) => typeof item === 'string') ? (list as string[]) : undefined;
  },
};
export const texts: Field<Readonly<Record<string, string>>> = {
  what: 'a map of texts',
  read(value) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    const entries = Object.entries(value);
    return entries.every(([, item]) => ['string', 'number'].includes(typeof item))
      ? Object.fromEntries(entries.map(([key, item]) => [key, String(item)]))
      : undefined;
  },
};
export const nothing: Field<true> = { what: 'nothing', read: (value) => (value === null || value === true ? true : undefined) };

export function oneOf<T extends string>(...choices: readonly T[]): Field<T> {
  return { what: `one of ${choices.join(', ')}`, read: (value) => choices.find((choice) => choice === value) };
}
