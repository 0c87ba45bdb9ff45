import { useEffect, useRef } from 'preact/hooks';
import { takeAwayQuestion } from './add.tsx';
import type { Hands } from './hands.ts';
import { switchTheme } from './theme.ts';
import { toolsOn } from './tools.ts';
import { SPEEDS } from './top.tsx';

interface Reach {
  readonly hands: Hands;
  readonly count: number;
  readonly chosen: number;
  readonly isBusy: boolean;
}

/** What each key of the page does; the same list is shown by `?`. */
export const KEYS: readonly (readonly [key: string, does: string])[] = [
  ['space', 'run or pause'],
  [', and .', 'one block back, forward'],
  ['[ and ]', 'slower, faster'],
  ['left, right', 'choose the device before or after'],
  ['1 to 9', 'choose a device by its number'],
  ['enter', 'open the chosen device at true size'],
  ['A, B, X', 'press its left, middle and right key'],
  ['V C L D P F K I Y', 'tools: select, cut, delay, drop, power, probe, skew, image, battery'],
  ['N', 'cut or mend the cable of the chosen device'],
  ['+', 'add a board'],
  ['delete', 'take the chosen device away, asks first'],
  ['Z, shift+Z', 'mend the last fault, mend all'],
  ['S', 'sign the waiting release, asks first'],
  ['R', 'begin again with the same seed, asks first'],
  ['/', 'search the ledger'],
  ['G', 'events or gauges'],
  ['T', 'light or dark'],
  ['?', 'this list'],
  ['escape', 'close; back to select'],
];

/** Listens on the whole page, but never to keys that a field, a link or an open dialog wants. */
export function useKeys(reach: Reach): void {
  const latest = useRef(reach);
  latest.current = reach;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (latest.current.isBusy || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (act(event, latest)) event.preventDefault();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
}

type Latest = { current: Reach };
type Action = (latest: Latest, event: KeyboardEvent) => unknown;

const DEVICE_KEYS: { readonly [key: string]: string } = { a: 'left', b: 'middle', x: 'right' };

const actions: { readonly [key: string]: Action } = {
  ' ': ({ current: { hands } }) => hands.ask({ do: hands.now().clock.paused ? 'run' : 'pause' }),
  '.': ({ current: { hands } }) => hands.ask({ do: 'step' }),
  ',': ({ current: { hands } }) => hands.ask({ do: 'back', block: Math.max(0, hands.now().head.number - 1) }),
  '[': (latest) => faster(latest, -1),
  ']': (latest) => faster(latest, 1),
  arrowleft: (latest) => choose((latest.current.chosen + latest.current.count - 1) % latest.current.count, latest),
  arrowright: (latest) => choose((latest.current.chosen + 1) % latest.current.count, latest),
  enter: ({ current: { hands } }) => hands.open('zoom'),
  '/': () => document.querySelector<HTMLInputElement>('.search')?.focus(),
  t: switchTheme,
  '?': ({ current: { hands } }) => hands.open('help'),
  g: ({ current: { hands } }) => hands.look({ tab: hands.viewNow().tab === 'events' ? 'gauges' : 'events' }),
  s: () => document.querySelector<HTMLElement>('[data-sign]')?.click(),
  n: ({ current: { hands, chosen } }) => {
    const device = hands.now().devices[chosen];
    return device && hands.ask({ do: 'cable', device: device.name, cut: device.cable !== 'cut' });
  },
  '+': ({ current: { hands } }) => hands.open('add'),
  delete: ({ current: { hands, chosen } }) => {
    const device = hands.now().devices[chosen];
    if (device && !device.sequencer && confirm(takeAwayQuestion(device.name))) hands.ask({ do: 'remove', device: device.name });
  },
  z: mend,
  r: ({ current: { hands } }) =>
    confirm(`Begin again with the seed ${hands.setup.seed}?`) && hands.ask({ do: 'restart', seed: hands.setup.seed }),
  escape: ({ current: { hands } }) => hands.look({ tool: 'select' }),
};

function act(event: KeyboardEvent, latest: Latest): boolean {
  const { key, target } = event;
  if (/^[1-9]$/.test(key)) return choose(Number(key) - 1, latest);
  const name = key.toLowerCase();
  // A button or a link takes these itself.
  if ((name === 'enter' || name === ' ') && !isBoardOrPage(target)) return false;
  const { hands, chosen } = latest.current;
  const tool = toolsOn(hands.setup.faults).find((one) => one.key.toLowerCase() === name);
  const device = hands.now().devices[chosen];
  if (tool) hands.look({ tool: tool.id });
  else if (DEVICE_KEYS[name] && device) void hands.ask({ do: 'key', device: device.name, key: DEVICE_KEYS[name] });
  else if (actions[name]) actions[name](latest, event);
  else return false;
  return true;
}

function faster({ current: { hands } }: Latest, by: number): void {
  const at = SPEEDS.indexOf(hands.now().clock.speed);
  const speed = SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, at + by))];
  if (speed !== undefined) void hands.ask({ do: 'speed', speed });
}

function mend({ current: { hands } }: Latest, event: KeyboardEvent): void {
  const { broken, devices } = hands.now();
  const last = broken.at(-1);
  const cut = devices.findLast(({ cable }) => cable === 'cut');
  if (event.shiftKey) void hands.ask({ do: 'mend', id: 'all' });
  else if (last) void hands.ask({ do: 'mend', id: last.id });
  else if (cut) void hands.ask({ do: 'cable', device: cut.name, cut: false });
}

/** Chooses a device; the focus follows if it was on a board. */
function choose(index: number, latest: Latest): boolean {
  if (!(index < latest.current.count)) return false;
  latest.current.hands.choose(index);
  // The next key may come before the next paint.
  latest.current = { ...latest.current, chosen: index };
  const board = document.querySelector<HTMLElement>(`[data-device="${index}"]`);
  if (isBoard(document.activeElement)) board?.focus();
  board?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  return true;
}

function isBoard(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.dataset['device'] !== undefined;
}

function isBoardOrPage(target: EventTarget | null): boolean {
  return target === document.body || isBoard(target);
}

function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && target.type !== 'checkbox';
}
