import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createScreen, LCD_HEIGHT, LCD_WIDTH, type ScreenModel } from '../../../runtime/display/index.ts';
import { MemoryDisplay } from '../../support/display.ts';
import { root } from '../../support/need.ts';
import { pngOf565 } from '../../support/png.ts';
import { samples } from '../../support/screens.ts';

const screens = suite('screen');
const names = Object.keys(samples);

function shown(...models: ScreenModel[]) {
  const display = new MemoryDisplay();
  const screen = createScreen(display);
  for (const model of models) {
    display.take();
    screen.show(model);
  }
  return { display, screen };
}

for (const name of names) {
  screens(`${name}: the first picture covers every pixel once`, () => {
    const { display } = shown(samples[name]!);
    const drawn = display.take();
    assert.is(
      drawn.reduce((sum, { width, height }) => sum + width * height, 0),
      LCD_WIDTH * LCD_HEIGHT,
    );
    const folder = join(root, 'build/screenshots/lcd');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${name.replace(' ', '-')}.png`), pngOf565(display.pixels, LCD_WIDTH, LCD_HEIGHT));
  });

  screens(`${name}: the same model draws nothing`, () => {
    const { display } = shown(samples[name]!, { ...samples[name]! });
    assert.equal(display.take(), []);
  });

  for (const before of names) {
    screens(`${before}, then ${name}: the picture is that of ${name} alone`, () => {
      const alone = shown(samples[name]!).display.pixels;
      assert.ok(Buffer.from(shown(samples[before]!, samples[name]!).display.pixels.buffer).equals(Buffer.from(alone.buffer)));
    });
  }
}

screens('a screen that was left and entered again is complete', () => {
  const once = shown(samples['status']!).display.pixels;
  const again = shown(samples['status']!, samples['fault']!, samples['status']!).display.pixels;
  assert.ok(Buffer.from(again.buffer).equals(Buffer.from(once.buffer)));
});

const changes: [what: string, change: Partial<ScreenModel>, top: number, bottom: number][] = [
  ['a new head', { head: 1205 }, 192, 240],
  ['one peer less', { peers: 2 }, 240, 288],
  ['a minute later', { nowMs: samples['status']!.nowMs + 60_000 }, 0, 40],
  ['memory', { memory: { usedBytes: 12 * 1024 ** 2, totalBytes: 24 * 1024 ** 2 } }, 336, 400],
];
for (const [what, change, top, bottom] of changes) {
  screens(`${what} draws one rectangle inside its own row`, () => {
    const { display } = shown(samples['status']!, { ...samples['status']!, ...change } as ScreenModel);
    const [rectangle, ...more] = display.take();
    assert.equal(more, []);
    assert.ok(rectangle && rectangle.y >= top && rectangle.y + rectangle.height <= bottom, JSON.stringify(rectangle));
    assert.ok(rectangle.width < LCD_WIDTH);
  });
}

screens('a second of the clock draws nothing', () => {
  const status = samples['status']!;
  const { display } = shown(status, { ...status, nowMs: status.nowMs + 1000 });
  assert.equal(display.take(), []);
});

screens('text before the first picture is empty', () => {
  assert.equal(createScreen(new MemoryDisplay()).text(), []);
});

screens.run();
