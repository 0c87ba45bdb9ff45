import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { boards, looksOf } from '../../emulator/boards/index.ts';
import { LCD } from '../../emulator/boards/looks.ts';

const test = suite('emulator/boards');

for (const [name, looks] of Object.entries(boards)) {
  test(`${name}: everything lies on the board, and nothing on the LCD`, () => {
    const { width, height, parts, keys, lcd, plug, lamp } = looks;
    assert.is(looks.name, name);
    assert.equal([lcd.width, lcd.height], [LCD.width, LCD.height]);
    for (const box of [...parts, ...keys, lcd, plug]) {
      assert.ok(box.x >= 0 && box.y >= 0 && box.x + box.width <= width && box.y + box.height <= height, JSON.stringify(box));
    }
    assert.ok(lamp.x < width && lamp.y < height);
    for (const key of keys) assert.ok(key.y >= lcd.y + lcd.height, key.name);
  });

  test(`${name}: keys have their own places and names, the three under the LCD among them`, () => {
    const sorted = [...looks.keys].sort((a, b) => a.x - b.x);
    sorted.slice(1).forEach((key, index) => {
      assert.ok(key.x >= sorted[index]!.x + sorted[index]!.width);
    });
    const names = looks.keys.map((key) => key.name);
    assert.is(new Set(names).size, names.length);
    assert.ok((['left', 'middle', 'right'] as const).every((key) => names.includes(key)));
  });
}

test('a board that is none is refused with those there are', () => {
  assert.throws(() => looksOf('casio'), 'there is no board "casio"; there are handheld, bare');
  assert.throws(() => looksOf('toString'), /there is no board/);
});

test.run();
