import { type Face, glyphOf } from './face.ts';
import { ICONS, type IconName } from './icons.ts';

/**
 * A one-colour picture as horizontal runs, three numbers each: x, y, length. What a canvas can draw by `fill` alone.
 * Made once and kept: a character at a size costs its geometry the first time only.
 */
export type Runs = Uint8Array;

/** Whether a pixel of a shape is set. */
type Shape = (x: number, y: number) => boolean;

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
  return keep(`mark ${name}${size}`, () => runsOf(MARKS[name](size), size, size));
}

function keep(key: string, make: () => Runs): Runs {
  const found = kept.get(key);
  if (found) return found;
  const made = make();
  kept.set(key, made);
  return made;
}

function enlarged(shape: Shape, width: number, height: number, scale: number): Runs {
  let bits = bitsOf(shape, width, height);
  for (let times = scale; times > 1; times >>= 1) {
    bits = doubled(bits, width, height);
    width *= 2;
    height *= 2;
  }
  return runsOf((x, y) => bits[y * width + x] === 1, width, height);
}

/**
 * Twice as wide and high. Corner rule: each quarter of a pixel takes the value of the two neighbours it touches
 * when they agree with each other and not with the two opposite, so that stairs become slopes and ends become round.
 */
function doubled(bits: Uint8Array, width: number, height: number): Uint8Array {
  const out = new Uint8Array(width * height * 4);
  const at = (x: number, y: number) => (x < 0 || y < 0 || x >= width || y >= height ? 0 : bits[y * width + x]!);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [up, left, right, down] = [at(x, y - 1), at(x - 1, y), at(x + 1, y), at(x, y + 1)];
      const self = at(x, y);
      const corner = (a: number, b: number, c: number, d: number) => (a === b && a !== c && b !== d ? a : self);
      const to = y * 2 * width * 2 + x * 2;
      out[to] = corner(up, left, down, right);
      out[to + 1] = corner(up, right, down, left);
      out[to + width * 2] = corner(down, left, up, right);
      out[to + width * 2 + 1] = corner(down, right, up, left);
    }
  }
  return out;
}

function bitsOf(shape: Shape, width: number, height: number): Uint8Array {
  const bits = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) bits[y * width + x] = shape(x, y) ? 1 : 0;
  return bits;
}

function runsOf(shape: Shape, width: number, height: number): Runs {
  const runs: number[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!shape(x, y)) continue;
      const start = x;
      while (x < width && shape(x, y)) x++;
      runs.push(start, y, x - start);
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
