/** Waiting in real time: for a state wherever there is one to be seen, for a while only where there is none. */

interface Patience {
  readonly withinMs?: number;
  readonly everyMs?: number;
  /** What the error ends with. */
  readonly more?: () => string;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Looks until there is something other than nothing and `false`, and answers it; an error is nothing. Throws after three minutes. */
export async function until<T>(
  what: string,
  look: () => Promise<T> | T,
  { withinMs = 180_000, everyMs = 25, more = () => '' }: Patience = {},
): Promise<NonNullable<T>> {
  for (const endMs = performance.now() + withinMs; ; await pause(everyMs)) {
    const found = await Promise.resolve()
      .then(look)
      .catch(() => undefined);
    if (found !== undefined && found !== null && found !== false) return found;
    if (performance.now() > endMs) throw new Error(`${withinMs / 1000} s were not enough for ${what}${more()}`);
  }
}
