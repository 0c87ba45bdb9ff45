import type { KeyName } from '../../runtime/ports/index.ts';

/** A place on a board, in units of two LCD pixels from its upper left corner. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Of its corners. */
  readonly radius?: number;
}

/** What a part of a board is made of; the page gives each a tone in light and in dark. */
export type Material = 'shell' | 'lip' | 'glass' | 'metal' | 'chip' | 'hole' | 'trace' | 'pin';

export interface Part extends Box {
  readonly of: Material;
}

export interface BoardKey extends Box {
  readonly name: KeyName;
  /** Printed on it or beside it. */
  readonly label: string;
}

/** How a board looks, as data: parts from back to front, then what is alive on it. */
export interface Looks {
  readonly name: string;
  readonly title: string;
  readonly width: number;
  readonly height: number;
  readonly parts: readonly Part[];
  /** 160 × 264. */
  readonly lcd: Box;
  readonly keys: readonly BoardKey[];
  readonly lamp: { readonly x: number; readonly y: number; readonly radius: number };
  /** Where the cable leaves it, on its lower edge. */
  readonly plug: Box;
}

export const LCD = { width: 160, height: 264 } as const;
