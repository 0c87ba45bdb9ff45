import { FACE_16, type Face } from './face.ts';
import type { IconName } from './icons.ts';
import { characterRuns, iconRuns, type MarkName, markRuns, type Runs } from './shapes.ts';

/** Colours in 5-6-5 bits. Five of them mean something and are used for nothing else. */
export const Colour = {
  background: rgb(0x080c10),
  panel: rgb(0x181c21),
  line: rgb(0x31393f),
  dim: rgb(0x94a2a5),
  ink: rgb(0xf7fbf7),
  healthy: rgb(0x39d39c),
  changing: rgb(0xffb629),
  failed: rgb(0xff6d42),
  offline: rgb(0x8c969c),
  chosen: rgb(0x6bb6ff),
} as const;

function rgb(hex: number): number {
  return (((hex >> 19) & 31) << 11) | (((hex >> 10) & 63) << 5) | ((hex >> 3) & 31);
}

/** How text is drawn: colour, 1, 2 or 4 times the cell, and the face. */
export interface TextStyle {
  readonly colour: number;
  readonly scale?: 1 | 2 | 4;
  readonly face?: Face;
}

/** A rectangle of a canvas. */
export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** One drawing: it sets nothing outside its area, and equal ones at equal places set equal pixels. */
export interface Stroke extends Area {
  readonly what: string;
  readonly colour: number;
  readonly paint: (raster: Raster) => void;
}

/** Pixels of a part of a canvas. What would fall outside is not set. */
class Raster {
  readonly pixels: Uint16Array;
  private readonly area: Area;

  constructor(area: Area) {
    this.area = area;
    this.pixels = new Uint16Array(area.width * area.height);
  }

  fill(x: number, y: number, width: number, height: number, colour: number): void {
    const { area, pixels } = this;
    const left = Math.max(0, x - area.x);
    const right = Math.min(area.width, x - area.x + width);
    const bottom = Math.min(area.height, y - area.y + height);
    if (left >= right) return;
    for (let row = Math.max(0, y - area.y); row < bottom; row++) {
      pixels.fill(colour, row * area.width + left, row * area.width + right);
    }
  }

  runs(runs: Runs, x: number, y: number, colour: number): void {
    const { area, pixels } = this;
    const { width, height } = area;
    const [dx, dy] = [x - area.x, y - area.y];
    for (let at = 0; at < runs.length; at += 3) {
      const left = dx + runs[at]!;
      const row = dy + runs[at + 1]!;
      const right = left + runs[at + 2]!;
      if (row < 0 || row >= height) continue;
      if (left >= 0 && right <= width) pixels.fill(colour, row * width + left, row * width + right);
      else this.fill(area.x + left, area.y + row, right - left, 1, colour);
    }
  }
}

/** A rectangle one can draw on, of which any part can be had as RGB565 pixels. What would fall outside is not drawn. */
export class Canvas {
  readonly width: number;
  readonly height: number;
  /** All drawings so far, in order. */
  readonly strokes: Stroke[] = [];

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
  }

  /** The pixels of an area that lies inside. */
  pixelsOf(area: Area): Uint16Array {
    const raster = new Raster(area);
    for (const stroke of this.strokes) if (overlap(stroke, area)) stroke.paint(raster);
    return raster.pixels;
  }

  fill(x: number, y: number, width: number, height: number, colour: number): void {
    this.draw('fill', { x, y, width, height }, colour, (raster) => raster.fill(x, y, width, height, colour));
  }

  /** The outline of a rectangle, `thick` pixels inwards. */
  frame(x: number, y: number, width: number, height: number, colour: number, thick = 1): void {
    this.fill(x, y, width, thick, colour);
    this.fill(x, y + height - thick, width, thick, colour);
    this.fill(x, y, thick, height, colour);
    this.fill(x + width - thick, y, thick, height, colour);
  }

  /** Text with its cell's upper left corner at x, y. Answers where the next character would begin. */
  text(text: string, x: number, y: number, style: TextStyle): number {
    const { colour, scale = 1, face = FACE_16 } = style;
    const [width, height] = [face.width * scale, face.height * scale];
    let left = x;
    for (const character of text) {
      const at = left;
      const paint = (raster: Raster) => raster.runs(characterRuns(face, character, scale), at, y, colour);
      if (character !== ' ') this.draw(character, { x: at, y, width, height }, colour, paint);
      left += width;
    }
    return left;
  }

  /** Text that ends at `right`. */
  textTo(text: string, right: number, y: number, style: TextStyle): void {
    const { scale = 1, face = FACE_16 } = style;
    this.text(text, right - length(text) * face.width * scale, y, style);
  }

  icon(name: IconName, x: number, y: number, colour: number, scale: 1 | 2 | 4 = 1): void {
    const size = 16 * scale;
    this.draw(name, { x, y, width: size, height: size }, colour, (raster) => raster.runs(iconRuns(name, scale), x, y, colour));
  }

  mark(name: MarkName, x: number, y: number, size: number, colour: number): void {
    this.draw(name, { x, y, width: size, height: size }, colour, (raster) => raster.runs(markRuns(name, size), x, y, colour));
  }

  /** Thin diagonal lines: not counted. */
  hatch(x: number, y: number, width: number, height: number, colour: number): void {
    const area = { x, y, width, height };
    this.draw('hatch', area, colour, (raster) => diagonals(raster, area, colour, 8, 1));
  }

  /** Broad diagonal bars: a warning for eyes that see the filled colours alike. */
  stripes(x: number, y: number, width: number, height: number, colour: number): void {
    const area = { x, y, width, height };
    this.draw('stripes', area, colour, (raster) => diagonals(raster, area, colour, 16, 8));
  }

  /** A bar in a frame, filled from the left; `share` is 0 to 1. */
  progress(x: number, y: number, width: number, share: number, colour: number): void {
    const inside = width - 6;
    this.frame(x, y, width, 12, Colour.line, 2);
    this.fill(x + 3, y + 3, Math.round(inside * Math.max(0, Math.min(1, share))), 6, colour);
  }

  private draw(what: string, { x, y, width, height }: Area, colour: number, paint: Stroke['paint']): void {
    this.strokes.push({ what, x, y, width, height, colour, paint });
  }
}

function diagonals(raster: Raster, { x, y, width, height }: Area, colour: number, pitch: number, thick: number): void {
  for (let row = 0; row < height; row++) {
    for (let start = -(row % pitch); start < width; start += pitch) {
      const from = Math.max(0, start);
      const to = Math.min(width, start + thick);
      if (from < to) raster.fill(x + from, y + height - 1 - row, to - from, 1, colour);
    }
  }
}

function overlap(one: Area, other: Area): boolean {
  const apart = one.x >= other.x + other.width || other.x >= one.x + one.width;
  return !apart && one.y < other.y + other.height && other.y < one.y + one.height;
}

/** Number of characters, not of UTF-16 units. */
export function length(text: string): number {
  return [...text].length;
}
