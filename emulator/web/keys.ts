import { useEffect, useRef } from 'preact/hooks';
import { switchTheme } from './theme.ts';

interface Reach {
  readonly count: number;
  readonly chosen: number;
  readonly isBusy: boolean;
  readonly choose: (index: number) => void;
  readonly open: (index: number) => void;
  readonly help: () => void;
}

/** What each key of the page does; the same list is shown by `?`. */
export const KEYS: readonly (readonly [key: string, does: string])[] = [
  ['1 to 9', 'choose a device by its number'],
  ['left, right', 'choose the device before or after'],
  ['enter', 'open the chosen device at true size'],
  ['/', 'search the ledger'],
  ['T', 'light or dark'],
  ['?', 'this list'],
  ['escape', 'close'],
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

function act({ key, target }: KeyboardEvent, latest: { current: Reach }): boolean {
  const reach = latest.current;
  if (/^[1-9]$/.test(key)) return choose(Number(key) - 1, latest);
  switch (key) {
    case 'ArrowLeft':
      return choose((reach.chosen + reach.count - 1) % reach.count, latest);
    case 'ArrowRight':
      return choose((reach.chosen + 1) % reach.count, latest);
    case 'Enter':
      return isBoardOrPage(target) && reach.count > 0 && done(reach.open(boardOf(target) ?? reach.chosen));
    case '/':
      return done(document.querySelector<HTMLInputElement>('.search')?.focus());
    case 't':
    case 'T':
      return done(switchTheme());
    case '?':
      return done(reach.help());
    default:
      return false;
  }
}

/** Chooses a device; the focus follows if it was on a board. */
function choose(index: number, latest: { current: Reach }): boolean {
  if (!(index < latest.current.count)) return false;
  latest.current.choose(index);
  // The next key may come before the next paint.
  latest.current = { ...latest.current, chosen: index };
  const board = document.querySelector<HTMLElement>(`[data-device="${index}"]`);
  if (boardOf(document.activeElement) !== undefined) board?.focus();
  board?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  return true;
}

function boardOf(target: EventTarget | null): number | undefined {
  const index = target instanceof HTMLElement ? target.dataset['device'] : undefined;
  return index === undefined ? undefined : Number(index);
}

function isBoardOrPage(target: EventTarget | null): boolean {
  return target === document.body || boardOf(target) !== undefined;
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement && target.type !== 'checkbox';
}

function done(_: unknown): true {
  return true;
}
