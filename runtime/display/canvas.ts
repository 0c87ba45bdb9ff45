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

/** One drawing: what it is, and the area outside of which it sets nothing. Equal words at equal places set equal pixels. */
export interface Stroke extends Area {
  readonly what: string;
}

/** A rectangle of RGB565 pixels one can draw on. What would fall outside is not drawn. */
export class Canvas {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint16Array;
  /** All drawings so far, in order. */
  readonly strokes: Stroke[] = [];

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.pixels = new Uint16Array(width * height);
  }

  fill(x: number, y: number, width: number, height: number, colour: number): void {
    this.strokes.push({ what: `fill ${colour}`, x, y, width, height });
    this.set(x, y, width, height, colour);
  }

  private set(x: number, y: number, width: number, height: number, colour: number): void {
    const left = Math.max(0, x);
    const right = Math.min(this.width, x + width);
    const bottom = Math.min(this.height, y + height);
    if (left >= right) return;
    for (let row = Math.max(0, y); row < bottom; row++) {
      this.pixels.fill(colour, row * this.width + left, row * this.width + right);
    }
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
    for (const character of text) {
      const [width, height] = [face.width * scale, face.height * scale];
      if (character !== ' ') {
        this.strokes.push({ what: `${character} ${colour}`, x, y, width, height });
        this.runs(characterRuns(face, character, scale), x, y, colour);
      }
      x += width;
    }
    return x;
  }

  /** Text that ends at `right`. */
  textTo(text: string, right: number, y: number, style: TextStyle): void {
    const { scale = 1, face = FACE_16 } = style;
    this.text(text, right - length(text) * face.width * scale, y, style);
  }

  icon(name: IconName, x: number, y: number, colour: number, scale: 1 | 2 | 4 = 1): void {
    this.strokes.push({ what: `${name} ${colour}`, x, y, width: 16 * scale, height: 16 * scale });
    this.runs(iconRuns(name, scale), x, y, colour);
  }

  mark(name: MarkName, x: number, y: number, size: number, colour: number): void {
    this.strokes.push({ what: `${name} ${colour}`, x, y, width: size, height: size });
    this.runs(markRuns(name, size), x, y, colour);
  }

  /** Thin diagonal lines: not counted. */
  hatch(x: number, y: number, width: number, height: number, colour: number): void {
    this.diagonals(x, y, width, height, colour, 8, 1);
  }

  /** Broad diagonal bars: a warning for eyes that see the filled colours alike. */
  stripes(x: number, y: number, width: number, height: number, colour: number): void {
    this.diagonals(x, y, width, height, colour, 16, 8);
  }

  /** A bar in a frame, filled from the left; `share` is 0 to 1. */
  progress(x: number, y: number, width: number, share: number, colour: number): void {
    const inside = width - 6;
    this.frame(x, y, width, 12, Colour.line, 2);
    this.fill(x + 3, y + 3, Math.round(inside * Math.max(0, Math.min(1, share))), 6, colour);
  }

  private diagonals(x: number, y: number, width: number, height: number, colour: number, pitch: number, thick: number) {
    this.strokes.push({ what: `diagonals ${pitch} ${thick} ${colour}`, x, y, width, height });
    for (let row = 0; row < height; row++) {
      for (let start = -(row % pitch); start < width; start += pitch) {
        const from = Math.max(0, start);
        const to = Math.min(width, start + thick);
        if (from < to) this.set(x + from, y + height - 1 - row, to - from, 1, colour);
      }
    }
  }

  private runs(runs: Runs, x: number, y: number, colour: number): void {
    const { pixels, width, height } = this;
    const isInside = x >= 0 && y >= 0;
    for (let at = 0; at < runs.length; at += 3) {
      const left = x + runs[at]!;
      const row = y + runs[at + 1]!;
      const right = left + runs[at + 2]!;
      if (isInside && right <= width && row < height) pixels.fill(colour, row * width + left, row * width + right);
      else this.set(left, row, right - left, 1, colour);
    }
  }
}

/** Number of characters, not of UTF-16 units. */
export function length(text: string): number {
  return [...text].length;
}
