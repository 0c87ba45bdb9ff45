import { bare } from './bare.ts';
import { handheld } from './handheld.ts';
import type { Looks } from './looks.ts';

export type { Looks } from './looks.ts';

/** Every board there is, by name; a new one is a file and a row. */
export const boards: { readonly [name: string]: Looks } = { handheld, bare };

/** Throws a sentence for a name that is none. */
export function looksOf(name: string): Looks {
  const found = Object.hasOwn(boards, name) ? boards[name] : undefined;
  if (found) return found;
  throw new Error(`there is no board "${name}"; there are ${Object.keys(boards).join(', ')}`);
}
