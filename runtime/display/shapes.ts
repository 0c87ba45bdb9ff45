import { type Face, glyphOf } from './face.ts';
import { ICONS, type IconName } from './icons.ts';

/**
 * A one-colour picture as horizontal runs, three numbers each: x, y, length. What a canvas can draw by `fill` alone.
 * Made once and kept: a character at a size costs its geometry the first time only.
 */
export type Runs = Uint8Array;

/** Whether a pixel of a shape is set. */
type Shape = (x: number, y: number) => boolean;

/** The pixels of one row as bits, the leftmost the highest: all of them are enlarged at once. */
type Row = bigint;

const SPREADS: readonly (readonly [shift: bigint, mask: Row])[] = [
  [16n, 0x0000_ffff_0000_ffffn],
  [8n, 0x00ff_00ff_00ff_00ffn],
  [4n, 0x0f0f_0f0f_0f0f_0f0fn],
  [2n, 0x3333_3333_3333_3333n],
  [1n, 0x5555_5555_5555_5555n],
];

/** The four states' marks, by the same shapes on the page: disc with check, half disc, square with cross, broken ring. */
export type MarkName = 'healthy' | 'changing' | 'failed' | 'offline';

const kept = new Map<string, Runs>();

/** A character's runs at 1, 2 or 4 times its cell. */
export function characterRuns(face: Face, character: string, scale: number): Runs {
  return keep(`${face.height}${scale}${character}`, () => enlarged(glyphOf(face, character), face.width, face.height, scale));
}

/** A 16×16 icon's runs at 1, 2 or 4 times. */
export function iconRuns(name: IconName, scale: number): Runs {
  const rows = ICONS[name];
  return keep(`icon ${name}${scale}`, () => enlarged((x, y) => rows[y]?.[x] === '#', 16, 16, scale));
}

/** A mark's runs, fitted to a square of `size` pixels. */
export function markRuns(name: MarkName, size: number): Runs {
  return keep(`mark ${name}${size}`, () => runsIn(rowsOf(MARKS[name](size), size, size), size));
}

function keep(key: string, make: () => Runs): Runs {
  const found = kept.get(key);
  if (found) return found;
  const made = make();
  kept.set(key, made);
  return made;
}

function enlarged(shape: Shape, width: number, height: number, scale: number): Runs {
  let rows = rowsOf(shape, width, height);
  for (let times = 1; times < scale; times *= 2) rows = doubled(rows, width * times);
  return runsIn(rows, width * scale);
}

/**
 * Twice as wide and high. Corner rule: each quarter of a pixel takes the value of the two neighbours it touches
 * when they agree with each other and not with the two opposite, so that stairs become slopes and ends become round.
 */
function doubled(rows: readonly Row[], width: number): Row[] {
  const all = (1n << BigInt(width)) - 1n;
  return rows.flatMap((self, y) => {
    const [up, down] = [rows[y - 1] ?? 0n, rows[y + 1] ?? 0n];
    const [left, right] = [self >> 1n, (self << 1n) & all];
    const corner = (a: Row, b: Row, c: Row, d: Row): Row => self ^ ((a ^ self) & ~(a ^ b) & (a ^ c) & (b ^ d));
    return [
      (spread(corner(up, left, down, right)) << 1n) | spread(corner(up, right, down, left)),
      (spread(corner(down, left, up, right)) << 1n) | spread(corner(down, right, up, left)),
    ];
  });
}

/** Puts a zero before each of at most 32 bits. */
function spread(row: Row): Row {
  return SPREADS.reduce((bits, [shift, mask]) => (bits | (bits << shift)) & mask, row);
}

function rowsOf(shape: Shape, width: number, height: number): Row[] {
  return Array.from({ length: height }, (_, y) => {
    let digits = '0b';
    for (let x = 0; x < width; x++) digits += shape(x, y) ? '1' : '0';
    return BigInt(digits);
  });
}

function runsIn(rows: readonly Row[], width: number): Runs {
  const runs: number[] = [];
  for (const [y, row] of rows.entries()) {
    const digits = `${row.toString(2).padStart(width, '0')}0`;
    for (let x = digits.indexOf('1'), end = 0; x >= 0; x = digits.indexOf('1', end)) {
      end = digits.indexOf('0', x);
      runs.push(x, y, end - x);
    }
  }
  return Uint8Array.from(runs);
}

// Marks are drawn in a square of 16 units, then scaled to whole pixels.
const MARKS: { readonly [K in MarkName]: (size: number) => Shape } = {
  healthy: (size) => {
    const { disc, stroke } = units(size);
    const short = stroke(4.4, 8.4, 7, 11, 1.15);
    const long = stroke(7, 11, 11.8, 5.2, 1.15);
    return (x, y) => disc(x, y) <= 8 && !short(x, y) && !long(x, y);
  },
  changing: (size) => {
    const { disc } = units(size);
    return (x, y) => disc(x, y) <= 8 && (x < size / 2 || disc(x, y) > 5.9);
  },
  failed: (size) => {
    const { square, stroke } = units(size);
    const falling = stroke(5, 5, 11, 11, 1.15);
    const rising = stroke(11, 5, 5, 11, 1.15);
    return (x, y) => square(x, y) <= 2.4 && !falling(x, y) && !rising(x, y);
  },
  offline: (size) => {
    const { disc, centre } = units(size);
    const gap = (x: number, y: number) => Math.min(Math.abs(centre(x)), Math.abs(centre(y))) < 1.7;
    return (x, y) => disc(x, y) <= 8 && disc(x, y) > 5.9 && !gap(x, y);
  },
};

/** Distances in units of a sixteenth of the square, from the middle of a pixel. */
function units(size: number) {
  const centre = (at: number) => ((at + 0.5) * 16) / size - 8;
  const length = (x: number, y: number) => Math.sqrt(x * x + y * y);
  const disc = (x: number, y: number) => length(centre(x), centre(y));
  /** Distance from the square whose corners are rounded by 2.4. */
  const square = (x: number, y: number) => length(Math.max(0, Math.abs(centre(x)) - 5.6), Math.max(0, Math.abs(centre(y)) - 5.6));
  const stroke =
    (fromX: number, fromY: number, toX: number, toY: number, half: number): Shape =>
    (x, y) => {
      const [px, py] = [centre(x) + 8 - fromX, centre(y) + 8 - fromY];
      const [dx, dy] = [toX - fromX, toY - fromY];
      const along = Math.max(0, Math.min(1, (px * dx + py * dy) / (dx * dx + dy * dy)));
      return length(px - along * dx, py - along * dy) <= half;
    };
  return { centre, disc, square, stroke };
}
