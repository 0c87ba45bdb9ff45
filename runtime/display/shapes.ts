import { type Face, glyphOf } from './face.ts';
import { ICONS, type IconName } from './icons.ts';

/**
 * A one-colour picture as horizontal runs, three numbers each: x, y, length. What a canvas can draw by `fill` alone.
 * Made once and kept: a character at a size costs its geometry the first time only.
 */
export type Runs = Uint8Array;

/** Whether a pixel of a shape is set. */
type Shape = (x: number, y: number) => boolean;

/** The pixels as binary digits, row by row: all of them are enlarged at once. */
type Digits = string;

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
  return keep(`mark ${name}${size}`, () => runsIn(digitsOf(MARKS[name](size), size, size), size));
}

function keep(key: string, make: () => Runs): Runs {
  const found = kept.get(key);
  if (found) return found;
  const made = make();
  kept.set(key, made);
  return made;
}

function enlarged(shape: Shape, width: number, height: number, scale: number): Runs {
  let digits = digitsOf(shape, width, height);
  for (let times = 1; times < scale; times *= 2) digits = doubled(digits, width * times);
  return runsIn(digits, width * scale);
}

/**
 * Twice as wide and high. Corner rule: each quarter of a pixel takes the value of the two neighbours it touches
 * when they agree with each other and not with the two opposite, so that stairs become slopes and ends become round.
 */
function doubled(digits: Digits, width: number): Digits {
  const size = digits.length;
  const self = BigInt(`0b${digits}`);
  const line = BigInt(width);
  const notFirst = repeated(`0${'1'.repeat(width - 1)}`, size);
  const [up, down] = [self >> line, (self << line) & repeated('1', size)];
  const [left, right] = [(self >> 1n) & notFirst, (self & notFirst) << 1n];
  const corner = (a: bigint, b: bigint, c: bigint, d: bigint): bigint => self ^ ((a ^ self) & ~(a ^ b) & (a ^ c) & (b ^ d));
  const upper = sideBySide(corner(up, left, down, right), corner(up, right, down, left), size);
  const lower = sideBySide(corner(down, left, up, right), corner(down, right, up, left), size);
  const rows: Digits[] = [];
  for (let at = 0; at < 2 * size; at += 2 * width) rows.push(upper.slice(at, at + 2 * width), lower.slice(at, at + 2 * width));
  return rows.join('');
}

/** The digits of both in turn. */
function sideBySide(one: bigint, other: bigint, size: number): Digits {
  return ((spread(one, size) << 1n) | spread(other, size)).toString(2).padStart(2 * size, '0');
}

/** Puts a zero before each of `size` bits: by halves, quarters and so on they move to their places. */
function spread(bits: bigint, size: number): bigint {
  let spread = bits;
  for (let half = 2 ** Math.floor(Math.log2(size - 1)); half >= 1; half /= 2)
    spread = (spread | (spread << BigInt(half))) & repeated('0'.repeat(half) + '1'.repeat(half), 2 * size);
  return spread;
}

const patterns = new Map<string, bigint>();

/** So many bits at least, of which the last ones end a pattern that is repeated. */
function repeated(pattern: Digits, size: number): bigint {
  const times = Math.ceil(size / pattern.length);
  const key = `${times} ${pattern}`;
  const known = patterns.get(key) ?? BigInt(`0b${pattern.repeat(times)}`);
  patterns.set(key, known);
  return known;
}

function digitsOf(shape: Shape, width: number, height: number): Digits {
  let digits = '';
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) digits += shape(x, y) ? '1' : '0';
  return digits;
}

function runsIn(digits: Digits, width: number): Runs {
  const runs: number[] = [];
  for (let y = 0; y * width < digits.length; y++) {
    const row = `${digits.slice(y * width, (y + 1) * width)}0`;
    for (let x = row.indexOf('1'), end = 0; x >= 0; x = row.indexOf('1', end)) {
      end = row.indexOf('0', x);
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
