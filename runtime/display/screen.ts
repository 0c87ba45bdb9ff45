import type { Display } from '../ports/index.ts';
import { type Area, Canvas, type Stroke } from './canvas.ts';
import type { ScreenModel } from './model.ts';
import { heightOf, type Panel, paint, textOf } from './panels.ts';
import { LCD_HEIGHT, LCD_WIDTH, panelsOf } from './screens.ts';

/** The LCD as the firmware uses it. */
export interface Screen {
  /** Shows a model; draws only what differs from what is shown. */
  show(model: ScreenModel): void;
  /** What is shown, as lines of text. */
  text(): string[];
}

interface Said {
  readonly words: string;
  readonly height: number;
  readonly strokes: readonly Stroke[];
}

/**
 * A screen on a display that may hold anything before the first picture. A panel that says the same in the same place is
 * not painted again; of one that differs, the smallest rectangle that holds all changed pixels goes to the display.
 */
export function createScreen(display: Display): Screen {
  const shown = new Uint16Array(LCD_WIDTH * LCD_HEIGHT);
  /** What each panel says and how it was drawn, by its upper edge. */
  let said = new Map<number, Said>();
  let panels: readonly Panel[] = [];
  let isFirst = true;

  function push(canvas: Canvas, top: number, last: Said | undefined): void {
    const whole = { x: 0, y: 0, width: LCD_WIDTH, height: canvas.height };
    const area = last?.height === canvas.height ? strokesApart(last.strokes, canvas) : whole;
    if (!area) return;
    const pixels = canvas.pixelsOf(area);
    const changed = isFirst ? area : difference(shown, top, area, pixels);
    if (!changed) return;
    const drawn = changed === area ? pixels : crop(pixels, area, changed);
    for (let row = 0; row < changed.height; row++) {
      const at = (top + changed.y + row) * LCD_WIDTH + changed.x;
      shown.set(drawn.subarray(row * changed.width, (row + 1) * changed.width), at);
    }
    display.draw({ ...changed, y: top + changed.y, pixels: drawn });
  }

  return {
    show(model) {
      panels = panelsOf(model);
      const now = new Map<number, Said>();
      let top = 0;
      for (const panel of panels) {
        const height = heightOf(panel);
        if (height <= 0) continue;
        const words = JSON.stringify(panel);
        const last = said.get(top);
        if (last?.words === words) now.set(top, last);
        else {
          const canvas = painted(panel, height);
          push(canvas, top, last);
          now.set(top, { words, height, strokes: canvas.strokes });
        }
        top += height;
      }
      said = now;
      isFirst = false;
    },
    text: () => panels.flatMap(textOf),
  };
}

function painted(panel: Panel, height: number): Canvas {
  const canvas = new Canvas(LCD_WIDTH, height);
  paint(panel, canvas);
  return canvas;
}

/**
 * The area outside of which both sets of drawings on one background give the same: between the drawings that they begin with
 * alike and those that they end with alike. `undefined` if there is none.
 */
function strokesApart(before: readonly Stroke[], { strokes, width, height }: Canvas): Area | undefined {
  const most = Math.min(before.length, strokes.length);
  let first = 0;
  while (first < most && isSame(before[first]!, strokes[first]!)) first++;
  let last = 0;
  while (last < most - first && isSame(before[before.length - 1 - last]!, strokes[strokes.length - 1 - last]!)) last++;
  const apart = [...before.slice(first, before.length - last), ...strokes.slice(first, strokes.length - last)];
  const left = Math.max(0, Math.min(...apart.map(({ x }) => x)));
  const top = Math.max(0, Math.min(...apart.map(({ y }) => y)));
  const right = Math.min(width, Math.max(...apart.map((stroke) => stroke.x + stroke.width)));
  const bottom = Math.min(height, Math.max(...apart.map((stroke) => stroke.y + stroke.height)));
  return left < right && top < bottom ? { x: left, y: top, width: right - left, height: bottom - top } : undefined;
}

function isSame(one: Stroke, other: Stroke): boolean {
  const { what, colour, x, y, width, height } = one;
  return (
    what === other.what &&
    colour === other.colour &&
    x === other.x &&
    y === other.y &&
    width === other.width &&
    height === other.height
  );
}

/** The smallest rectangle that holds every pixel of the area that is not shown yet. */
function difference(shown: Uint16Array, top: number, area: Area, pixels: Uint16Array): Area | undefined {
  const { width, height } = area;
  const shownAt = (y: number) => (top + area.y + y) * LCD_WIDTH + area.x;
  const leftmost = (y: number, end: number) => firstApart(shown, shownAt(y), pixels, y * width, end);
  let first = 0;
  while (first < height && leftmost(first, width) === width) first++;
  if (first === height) return undefined;
  let last = height - 1;
  while (leftmost(last, width) === width) last--;
  // From here on a row is looked at only as far as it may move an edge.
  let [left, right] = [width, -1];
  for (let y = first; y <= last; y++) {
    left = leftmost(y, left);
    right = lastApart(shown, shownAt(y), pixels, y * width, width, right);
  }
  return { x: area.x + left, y: area.y + first, width: right - left + 1, height: last - first + 1 };
}

/** The first of `end` pixels in which two rows differ; `end` if there is none. */
function firstApart(one: Uint16Array, oneAt: number, other: Uint16Array, otherAt: number, end: number): number {
  let x = 0;
  while (x < end && one[oneAt + x] === other[otherAt + x]) x++;
  return x;
}

/** The last of `end` pixels after `least` in which two rows differ; `least` if there is none. */
function lastApart(one: Uint16Array, oneAt: number, other: Uint16Array, otherAt: number, end: number, least: number): number {
  let x = end - 1;
  while (x > least && one[oneAt + x] === other[otherAt + x]) x--;
  return x;
}

/** A part of an area's pixels. */
function crop(pixels: Uint16Array, area: Area, part: Area): Uint16Array {
  const cropped = new Uint16Array(part.width * part.height);
  for (let row = 0; row < part.height; row++) {
    const from = (part.y - area.y + row) * area.width + part.x - area.x;
    cropped.set(pixels.subarray(from, from + part.width), row * part.width);
  }
  return cropped;
}
