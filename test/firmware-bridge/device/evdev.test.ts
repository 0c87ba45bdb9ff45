import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { eventReader, interpreter, openEvdev, timeBytes } from '../../../firmware-bridge/device/evdev.ts';
import { placementOn } from '../../../firmware-bridge/device/framebuffer.ts';

/** As the kernel writes it: time, type, code, value. */
function raw(time: number, ...events: readonly [type: number, code: number, value: number][]): Buffer {
  return Buffer.concat(
    events.map(([type, code, value]) => {
      const bytes = Buffer.alloc(time + 8, 0x55);
      bytes.writeUInt16LE(type, time);
      bytes.writeUInt16LE(code, time + 2);
      bytes.writeInt32LE(value, time + 4);
      return bytes;
    }),
  );
}

for (const [architecture, bytes] of [
  ['x64', 16],
  ['arm64', 16],
  ['arm', 8],
] as const) {
  test(`${architecture}: pieces that are not whole are put together`, () => {
    assert.is(timeBytes(architecture), bytes);
    const all = raw(bytes, [1, 59, 1], [3, 0, -7], [0, 0, 0]);
    for (let cut = 0; cut <= all.length; cut++) {
      const read = eventReader(bytes);
      const events = [...read(all.subarray(0, cut)), ...read(all.subarray(cut))];
      assert.equal(
        events.map(({ type, code, value }) => [type, code, value]),
        [
          [1, 59, 1],
          [3, 0, -7],
          [0, 0, 0],
        ],
      );
    }
  });
}

const [SYN, KEY, ABS] = [0, 1, 3];
const panel = { width: 640, height: 1056 };
const range = { mostX: 32767, mostY: 32767 };
type Row = [type: number, code: number, value: number];
/** A tablet's report at a place of the panel. */
const at = (x: number, y: number): Row[] => [
  [ABS, 0, Math.ceil((x * 32768) / 640)],
  [ABS, 1, Math.ceil((y * 32768) / 1056)],
];

const rows: [name: string, events: Row[], out: unknown[]][] = [
  [
    'a key once, however long it is held',
    [
      [KEY, 59, 1],
      [KEY, 59, 2],
      [KEY, 59, 0],
    ],
    [{ kind: 'key', key: 'left' }],
  ],
  [
    'keys of a keyboard',
    [
      [KEY, 28, 1],
      [KEY, 103, 1],
      [KEY, 1, 1],
    ],
    ['middle', 'up', 'back'].map((key) => ({ kind: 'key', key })),
  ],
  [
    'a key that means nothing here',
    [
      [KEY, 30, 1],
      [SYN, 0, 0],
    ],
    [],
  ],
  [
    'a finger down and up',
    [...at(200, 400), [KEY, 0x14a, 1], [SYN, 0, 0], [KEY, 0x14a, 0], [SYN, 0, 0]],
    [
      { kind: 'touch', phase: 'down', x: 100, y: 200 },
      { kind: 'touch', phase: 'up', x: 100, y: 200 },
    ],
  ],
  [
    'the place that counts is that of the whole report',
    [[KEY, 0x110, 1], ...at(20, 40), [SYN, 0, 0]],
    [{ kind: 'touch', phase: 'down', x: 10, y: 20 }],
  ],
  [
    'multitouch coordinates',
    [
      [ABS, 0x35, 0],
      [ABS, 0x36, 0],
      [KEY, 0x14a, 1],
      [SYN, 0, 0],
    ],
    [{ kind: 'touch', phase: 'down', x: 0, y: 0 }],
  ],
  ['moving without touching', [...at(10, 10), [SYN, 0, 0]], []],
];
for (const [name, events, out] of rows) {
  test(name, () => {
    const interpret = interpreter(range, panel, placementOn(panel));
    assert.equal(events.map(([type, code, value]) => interpret({ type, code, value })).filter(Boolean), out);
  });
}

test('beside the picture nothing happens', () => {
  const interpret = interpreter(range, { width: 800, height: 600 }, placementOn({ width: 800, height: 600 }));
  const events = [
    [ABS, 0, 100],
    [ABS, 1, 16000],
    [KEY, 0x14a, 1],
    [SYN, 0, 0],
  ] as const;
  assert.equal(events.map(([type, code, value]) => interpret({ type, code, value })).filter(Boolean), []);
});

const canPipe = spawnSync('mkfifo', ['--version']).status === 0;
if (canPipe) {
  test('devices that are silent take no thread away from files, and are heard when they speak', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'classpad-evdev-'));
    const names = ['event0', 'event1', 'event2', 'event3', 'event4', 'event5'];
    for (const name of names) spawnSync('mkfifo', [join(folder, name)]);
    const holds = names.map((name) => openSync(join(folder, name), 'r+'));
    const input = openEvdev({ range, panel, placement: placementOn(panel), folder });
    const heard: unknown[] = [];
    input.receive((event) => heard.push(event));
    assert.ok((await readFile(import.meta.filename ?? process.argv[1]!)).length > 0);
    writeSync(holds[5]!, raw(timeBytes(process.arch), [KEY, 59, 1]));
    for (let tries = 0; tries < 200 && heard.length === 0; tries++) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(heard, [{ kind: 'key', key: 'left' }]);
    input.close();
    for (const file of holds) closeSync(file);
    rmSync(folder, { recursive: true });
  });
}

test.run();
