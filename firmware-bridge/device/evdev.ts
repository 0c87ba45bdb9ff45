import { closeSync, constants, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Input, InputEvent, KeyName } from '../../runtime/ports/index.ts';
import { HEIGHT, WIDTH } from './display.ts';
import type { Placement } from './framebuffer.ts';

/** Largest coordinates that a touch panel reports, from the board's data. */
export interface TouchRange {
  readonly mostX: number;
  readonly mostY: number;
}

/** linux/input-event-codes.h */
const EV_SYN = 0;
const EV_KEY = 1;
const EV_ABS = 3;
const BTN_LEFT = 0x110;
const BTN_TOUCH = 0x14a;
const POSITION_X = [0x00, 0x35];
const POSITION_Y = [0x01, 0x36];

/** Keys of boards and of ordinary keyboards: F1 to F3 are the three under the LCD. */
const KEYS: Readonly<Record<number, KeyName>> = {
  59: 'left', // KEY_F1
  60: 'middle', // KEY_F2
  61: 'right', // KEY_F3
  105: 'left', // KEY_LEFT
  28: 'middle', // KEY_ENTER
  106: 'right', // KEY_RIGHT
  103: 'up', // KEY_UP
  108: 'down', // KEY_DOWN
  1: 'back', // KEY_ESC
  158: 'back', // KEY_BACK
};

/** One `struct input_event` (Documentation/input/input.rst) without its time. */
export interface RawEvent {
  readonly type: number;
  readonly code: number;
  readonly value: number;
}

/** Bytes of the time before type, code and value: two longs. */
export function timeBytes(architecture: string): number {
  return architecture === 'arm' || architecture === 'ia32' ? 8 : 16;
}

/** Cuts what a device gives into events; a piece that is not whole is kept for the next call. */
export function eventReader(time: number): (chunk: Uint8Array) => RawEvent[] {
  const size = time + 8;
  let rest = Buffer.alloc(0);
  return (chunk) => {
    const all = Buffer.concat([rest, chunk]);
    const count = Math.floor(all.length / size);
    rest = all.subarray(count * size);
    return Array.from({ length: count }, (_, index) => {
      const at = index * size + time;
      return { type: all.readUInt16LE(at), code: all.readUInt16LE(at + 2), value: all.readInt32LE(at + 4) };
    });
  };
}

/** What a hand did, from one input device's events. Touches outside the picture count for nothing. */
export function interpreter(range: TouchRange, panel: { width: number; height: number }, place: Placement) {
  let [rawX, rawY] = [0, 0];
  let pressed: boolean | undefined;
  const point = () => {
    const panelX = Math.floor((rawX * panel.width) / (range.mostX + 1)) - place.left;
    const panelY = Math.floor((rawY * panel.height) / (range.mostY + 1)) - place.top;
    return { x: Math.floor((panelX * place.skip) / place.zoom), y: Math.floor((panelY * place.skip) / place.zoom) };
  };
  return ({ type, code, value }: RawEvent): InputEvent | undefined => {
    if (type === EV_ABS && POSITION_X.includes(code)) rawX = value;
    if (type === EV_ABS && POSITION_Y.includes(code)) rawY = value;
    if (type === EV_KEY && (code === BTN_TOUCH || code === BTN_LEFT)) pressed = value !== 0;
    if (type === EV_KEY && value === 1 && KEYS[code] !== undefined) return { kind: 'key', key: KEYS[code] };
    // Where a finger is, is known only at the end of a report.
    if (type !== EV_SYN || pressed === undefined) return undefined;
    const phase = pressed ? 'down' : 'up';
    pressed = undefined;
    const { x, y } = point();
    return x >= 0 && x < WIDTH && y >= 0 && y < HEIGHT ? { kind: 'touch', phase, x, y } : undefined;
  };
}

export interface EvdevOptions {
  readonly range: TouchRange;
  readonly panel: { readonly width: number; readonly height: number };
  readonly placement: Placement;
  readonly folder?: string;
}

const LOOK_MS = 10_000;
/** A finger does not notice it. */
const POLL_MS = 40;
const MOST_BYTES = 64 * 24;

/**
 * All input devices of this machine as one; what is plugged in later is found within seconds. They are polled without waiting:
 * a read that waits would take one of Node's four threads for files away for good.
 */
export function openEvdev({ range, panel, placement, folder = '/dev/input' }: EvdevOptions): Input & { close(): void } {
  const devices = new Map<string, () => readonly InputEvent[] | undefined>();
  let handler: (event: InputEvent) => void = () => {};
  const open = (name: string) => {
    const file = openSync(join(folder, name), constants.O_RDONLY | constants.O_NONBLOCK);
    const read = eventReader(timeBytes(process.arch));
    const interpret = interpreter(range, panel, placement);
    const buffer = Buffer.alloc(MOST_BYTES);
    devices.set(name, () => {
      const count = readNow(file, buffer);
      if (count === undefined) closeSync(file);
      return count === undefined ? undefined : read(buffer.subarray(0, count)).flatMap((event) => interpret(event) ?? []);
    });
  };
  const look = () => {
    for (const name of eventDevices(folder)) if (!devices.has(name)) attempt(() => open(name));
  };
  const poll = () => {
    for (const [name, take] of devices) {
      const events = take();
      if (events === undefined) devices.delete(name);
      for (const event of events ?? []) handler(event);
    }
  };
  look();
  const timers = [setInterval(look, LOOK_MS), setInterval(poll, POLL_MS)];
  for (const timer of timers) timer.unref();
  return {
    receive: (next) => {
      handler = next;
    },
    close: () => {
      for (const timer of timers) clearInterval(timer);
    },
  };
}

/** What is there to be read; 0: nothing now, `undefined`: the device is gone. */
function readNow(file: number, buffer: Buffer): number | undefined {
  try {
    return readSync(file, buffer, 0, buffer.length, null);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? 0 : undefined;
  }
}

function attempt(act: () => void): void {
  try {
    act();
  } catch {
    // It went away, or is not for us.
  }
}

function eventDevices(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /^event\d+$/.test(name));
  } catch {
    return [];
  }
}
