import type { InputEvent, KeyName } from '../ports/index.ts';
import type { Page, PageName, Settings } from './page-model.ts';

/** Where a hand has led the LCD. Pages lie on each other; under all of them lies `home`. */
export interface Place {
  readonly page: PageName;
  /** The chosen row of a list. */
  readonly cursor: number;
  /** What was opened from a list, as {@link idOf} names it: the list may have moved on since. */
  readonly item?: string;
  /** The page that `back` returns to. */
  readonly under?: Place;
  /** What a finger lies on now. */
  readonly pressed?: Target;
}

/** What can be touched: a cell over the keys, a row of a list, the title bar. */
export type Target =
  | { readonly at: 'soft'; readonly cell: number }
  | { readonly at: 'row'; readonly row: number }
  | { readonly at: 'title' };

/** What a key or a touch means. */
export type Act = 'back' | 'open' | 'previous' | 'next' | Exclude<PageName, 'home'>;

export interface SoftKey {
  readonly label: string;
  readonly act: Act;
}
export type SoftKeys = readonly [SoftKey | undefined, SoftKey | undefined, SoftKey | undefined];

export const HOME: Place = { page: 'home', cursor: 0 };

/** The pages that the menu lists, in order. */
export const MENU = ['releases', 'votes', 'network', 'keys', 'log', 'settings', 'about'] as const;

/** The settings in the order of their rows; each has the values that `open` goes through. */
const SETTINGS_ROWS = ['clockOffsetHours', 'log'] as const;

const back: SoftKey = { label: 'Back', act: 'back' };
const open: SoftKey = { label: 'Open', act: 'open' };
const down: SoftKey = { label: 'down', act: 'next' };
const up: SoftKey = { label: 'up', act: 'previous' };
const list: SoftKeys = [back, open, down];
const scroll: SoftKeys = [back, up, down];
const quiet: SoftKeys = [back, undefined, undefined];

/** Three keys are enough for all of it: back, open, and down, which comes round to the top. */
export const pageKeys: { readonly [K in Page['page']]: SoftKeys } = {
  menu: list,
  releases: list,
  release: [back, { label: 'Votes', act: 'votes' }, undefined],
  votes: [back, { label: 'Releases', act: 'releases' }, undefined],
  network: scroll,
  keys: quiet,
  log: list,
  entry: scroll,
  settings: [back, { label: 'Change', act: 'open' }, down],
  about: quiet,
};

/** What names a row of a list whatever is added before it; `undefined` where there is none to open. */
export function idOf(page: Page, row: number): string | undefined {
  const entry = page.page === 'releases' || page.page === 'log' ? page.entries[row] : undefined;
  return entry && ('id' in entry ? `${entry.id}` : releaseId(entry));
}

export function releaseId({ app, revision }: { readonly app: string; readonly revision: number }): string {
  return `${app} r${revision}`;
}

/** How many rows a page has to choose from. */
export function rowsOf(page: Page): number {
  switch (page.page) {
    case 'menu':
      return MENU.length;
    case 'releases':
    case 'log':
      return page.entries.length;
    case 'network':
      return page.names.length;
    case 'settings':
      return SETTINGS_ROWS.length;
    default:
      return 0;
  }
}

/** What a hand can do where it stands. */
export interface Reach {
  readonly soft: SoftKeys;
  readonly rows: number;
  readonly idAt: (row: number) => string | undefined;
  readonly targetAt: (x: number, y: number) => Target | undefined;
}

/** Where an event leads, and whether it changes the setting under the cursor. */
export interface Moved {
  readonly place: Place;
  readonly changes: boolean;
}

const KEY_CELL: { readonly [K in KeyName]?: number } = { left: 0, middle: 1, right: 2 };
const KEY_ACT: { readonly [K in KeyName]?: Act } = { back: 'back', up: 'previous', down: 'next' };

/** Pure. A finger acts when it is lifted where it came down; a key acts at once. */
export function move(place: Place, event: InputEvent, reach: Reach): Moved {
  const { pressed, ...still } = place;
  if (event.kind === 'key') {
    const cell = KEY_CELL[event.key];
    return perform(still, cell === undefined ? KEY_ACT[event.key] : reach.soft[cell]?.act, reach);
  }
  const target = reach.targetAt(event.x, event.y);
  if (event.phase === 'down') return stay(target === undefined ? still : touched(still, target));
  if (pressed === undefined || target === undefined || !isSame(pressed, target)) return stay(still);
  return perform(still, actOf(target, reach), reach);
}

/** The row under a finger is the chosen one. */
function touched(place: Place, target: Target): Place {
  return { ...place, pressed: target, ...(target.at === 'row' && { cursor: target.row }) };
}

function actOf(target: Target, { soft }: Reach): Act | undefined {
  if (target.at === 'soft') return soft[target.cell]?.act;
  return target.at === 'title' ? 'back' : 'open';
}

function perform(place: Place, act: Act | undefined, reach: Reach): Moved {
  const { rows } = reach;
  switch (act) {
    case undefined:
      return stay(place);
    case 'back':
      return stay(place.under ?? HOME);
    case 'next':
      return stay({ ...place, cursor: rows > 0 ? (place.cursor + 1) % rows : 0 });
    case 'previous':
      return stay({ ...place, cursor: rows > 0 ? (place.cursor + rows - 1) % rows : 0 });
    case 'open':
      return opened(place, reach);
    default:
      return stay(goTo(place, act));
  }
}

const INNER: { readonly [K in PageName]?: PageName } = { releases: 'release', log: 'entry' };

function opened(place: Place, { idAt }: Reach): Moved {
  if (place.page === 'settings') return { place, changes: true };
  if (place.page === 'menu') return stay({ page: MENU[place.cursor] ?? 'about', cursor: 0, under: place });
  const inner = INNER[place.page];
  const item = idAt(place.cursor);
  return stay(inner && item !== undefined ? { page: inner, cursor: 0, item, under: place } : place);
}

/** A page that lies below already is gone back to: the way does not grow without end. */
function goTo(place: Place, page: PageName): Place {
  for (let below = place.under; below !== undefined; below = below.under) if (below.page === page) return below;
  return { page, cursor: 0, under: place };
}

const stay = (place: Place): Moved => ({ place, changes: false });

function isSame(a: Target, b: Target): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

const OFFSETS = { least: -12, most: 14 };

/** The setting of a row goes to its next value. */
export function changed(settings: Settings, row: number): Settings {
  const { clockOffsetHours, log } = settings;
  if (SETTINGS_ROWS[row] === 'log') return { ...settings, log: log === 'all' ? 'warnings' : 'all' };
  return { ...settings, clockOffsetHours: clockOffsetHours >= OFFSETS.most ? OFFSETS.least : clockOffsetHours + 1 };
}
