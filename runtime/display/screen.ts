import type { Display } from '../ports/index.ts';
import { Canvas } from './canvas.ts';
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

/**
 * A screen on a display that may hold anything before the first picture. A panel that says the same in the same place is
 * not painted again; of one that differs, the smallest rectangle that holds all changed pixels goes to the display.
 */
export function createScreen(display: Display): Screen {
  const shown = new Uint16Array(LCD_WIDTH * LCD_HEIGHT);
  /** What each panel says, by its upper edge. */
  let said = new Map<number, string>();
  let lines: string[] = [];
  let isFirst = true;

  function push(canvas: Canvas, top: number): void {
    const before = shown.subarray(top * LCD_WIDTH, (top + canvas.height) * LCD_WIDTH);
    const changed = isFirst ? { x: 0, y: 0, width: LCD_WIDTH, height: canvas.height } : difference(before, canvas);
    if (!changed) return;
    before.set(canvas.pixels);
    display.draw({ ...changed, y: top + changed.y, pixels: crop(canvas, changed) });
  }

  return {
    show(model) {
      const panels = panelsOf(model);
      const now = new Map<number, string>();
      let top = 0;
      for (const panel of panels) {
        const height = heightOf(panel);
        if (height <= 0) continue;
        const words = JSON.stringify(panel);
        now.set(top, words);
        if (said.get(top) !== words) push(painted(panel, height), top);
        top += height;
      }
      said = now;
      isFirst = false;
      lines = panels.flatMap(textOf);
    },
    text: () => [...lines],
  };
}

function painted(panel: Panel, height: number): Canvas {
  const canvas = new Canvas(LCD_WIDTH, height);
  paint(panel, canvas);
  return canvas;
}

interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The smallest rectangle that holds every pixel in which the canvas differs from what was shown there. */
function difference(before: Uint16Array, canvas: Canvas): Area | undefined {
  const { width, height, pixels } = canvas;
  let [left, right, top, bottom] = [width, -1, height, -1];
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      if (before[at] === pixels[at]) continue;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      bottom = y;
    }
  }
  return right < 0 ? undefined : { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}

function crop(canvas: Canvas, area: Area): Uint16Array {
  const pixels = new Uint16Array(area.width * area.height);
  for (let row = 0; row < area.height; row++) {
    const from = (area.y + row) * canvas.width + area.x;
    pixels.set(canvas.pixels.subarray(from, from + area.width), row * area.width);
  }
  return pixels;
}
