import type { IconName } from './icons.ts';
import { MENU } from './navigation.ts';
import type { BallotEntry, LogEntry, Page, PageName, ReleaseEntry, Settings } from './page-model.ts';
import type { Panel } from './panels.ts';
import type { MarkName } from './shapes.ts';
import { clockText, cut, dateText, wrap } from './words.ts';

/** What of the surroundings a page needs. */
interface Around {
  readonly address: string;
  readonly nowMs: number;
  /** What the clock is ahead of UTC. */
  readonly offsetMs: number;
  readonly head: number;
  readonly peers: number;
}

interface Face {
  readonly icon: IconName;
  readonly title: string;
}

export const pageFaces: { readonly [K in Exclude<PageName, 'home'>]: Face } = {
  menu: { icon: 'device', title: 'More' },
  releases: { icon: 'box', title: 'Releases' },
  release: { icon: 'box', title: 'Release' },
  votes: { icon: 'vote', title: 'Vote' },
  network: { icon: 'network', title: 'Network' },
  keys: { icon: 'key', title: 'Keys' },
  log: { icon: 'log', title: 'Log' },
  entry: { icon: 'log', title: 'Log' },
  settings: { icon: 'settings', title: 'Settings' },
  about: { icon: 'about', title: 'About' },
};

type PanelsOf = { readonly [K in Page['page']]: (page: Extract<Page, { page: K }>, around: Around) => readonly Panel[] };

/** The panels between a page's title and its keys. Pure. */
export function pagePanels(page: Page, around: Around): readonly Panel[] {
  return (panels[page.page] as (page: Page, around: Around) => readonly Panel[])(page, around);
}

const panels: PanelsOf = {
  menu: ({ cursor, values }) =>
    MENU.map((name, index) => ({
      kind: 'entry',
      icon: pageFaces[name].icon,
      label: name === 'votes' ? 'Votes' : pageFaces[name].title,
      value: cut(values[name] ?? '', 14),
      row: index,
      chosen: index === cursor,
    })),
  releases: ({ cursor, entries }, { offsetMs }) => [
    ...windowOf(entries, cursor, 4).map(([entry, index]) => itemOf(entry, index, cursor, offsetMs)),
    ...(entries.length === 0 ? [intro('box', 'No release', 'yet')] : []),
    ...listEnd(entries.length, cursor, ['Nothing to run.', 'The ledger has released nothing', 'for this device.']),
  ],
  release: ({ entry }, { offsetMs }) => (entry ? releasePage(entry, offsetMs) : [note(['The ledger has it no more.'])]),
  votes: ({ ballot }, { nowMs }) =>
    ballot
      ? ballotPage(ballot, nowMs)
      : [
          intro('vote', 'No vote', 'yet'),
          note(['Nothing is decided.', 'A release that rolls out asks', 'its devices how they find it.']),
        ],
  network: ({ cursor, names, makesBlocks }, { head }) => [
    networkHeading(names.length, makesBlocks, head),
    ...windowOf(names, cursor, 6).map(
      ([name, index]): Panel => ({
        kind: 'peer',
        mark: 'healthy',
        name: cut(name, 22),
        value: 'linked',
        row: index,
        chosen: index === cursor,
      }),
    ),
    ...listEnd(names.length, cursor, [
      'Keeps what it runs.',
      'Will not change releases until it',
      'hears from the ledger again.',
    ]),
  ],
  keys: ({ chainId }, { address }) => [
    { kind: 'code', content: `ethereum:${address}@${chainId}` },
    { kind: 'lines', lines: ['This device', ...addressLines(address)], scale: 1, height: 80, raised: false },
    { kind: 'pairs', cells: [['ledger', `${chainId}`]] },
    { kind: 'pairs', cells: [['key', 'stays on this device']] },
  ],
  log: ({ cursor, entries }, around) => [
    ...windowOf(entries, cursor, 8).map(([entry, index]) => lineOf(entry, index, cursor, around)),
    ...listEnd(entries.length, cursor, ['Nothing to tell.']),
  ],
  entry: ({ entry }, { offsetMs }) => (entry ? entryPage(entry, offsetMs) : [note(['This line is kept no longer.'])]),
  settings: ({ cursor, settings }) =>
    settingRows(settings).map(([icon, label, value], index) => ({
      kind: 'entry',
      icon,
      label,
      value,
      row: index,
      chosen: index === cursor,
    })),
  about: ({ facts }) =>
    facts.slice(0, 13).map(([label, value]): Panel => ({ kind: 'pairs', cells: [[cut(label, 12), cut(value, 22)]] })),
};

const LOOKS: { readonly [K in ReleaseEntry['phase']]: MarkName } = {
  none: 'offline',
  proposed: 'changing',
  'rolling out': 'changing',
  active: 'healthy',
  'rolled back': 'failed',
  superseded: 'offline',
};

function networkHeading(peers: number, makesBlocks: boolean, head: number): Panel {
  const text = peers === 0 ? 'No peers' : `${peers} ${peers === 1 ? 'peer' : 'peers'}`;
  if (makesBlocks) return { kind: 'heading', text, word: `makes the blocks, last ${head}`, tone: 'healthy' };
  if (peers === 0) return { kind: 'heading', text, word: `cut off at block ${head}`, tone: 'offline' };
  return { kind: 'heading', text, word: `follows the ledger, block ${head}`, tone: 'healthy' };
}

function itemOf(entry: ReleaseEntry, row: number, cursor: number, offsetMs: number): Panel {
  return {
    kind: 'item',
    mark: LOOKS[entry.phase],
    big: `r${entry.revision}`,
    word: cut(entry.isRunning ? `${entry.phase}, runs here` : entry.phase, 20),
    detail: cut(entry.app, 16),
    value: whenOf(entry, offsetMs),
    row,
    chosen: row === cursor,
  };
}

function whenOf({ phase, proposedAt, decidedAt, startedAt, approvals }: ReleaseEntry, offsetMs: number): string {
  if (phase === 'proposed') return `${approvals} signed`;
  return clockText((decidedAt || startedAt || proposedAt) * 1000 + offsetMs);
}

function releasePage(entry: ReleaseEntry, offsetMs: number): readonly Panel[] {
  const isProposed = entry.phase === 'proposed';
  const later: [string, number][] = [
    ['rolled out', entry.startedAt],
    ['decided', entry.decidedAt],
  ];
  const times: [string, number][] = [['proposed', entry.proposedAt], ...(isProposed ? [] : later)];
  const votes = `${entry.healthyVotes} : ${entry.unhealthyVotes}`;
  return [
    {
      kind: 'hero',
      app: cut(entry.app, 12),
      big: `r${entry.revision}`,
      word: entry.phase.toUpperCase(),
      mark: LOOKS[entry.phase],
      quiet: true,
    },
    { kind: 'row', label: 'healthy : not', value: votes },
    { kind: 'row', label: 'signed by', value: `${entry.approvals}` },
    ...times.map(
      ([label, at]): Panel => ({ kind: 'pairs', cells: [[label, at === 0 ? 'not yet' : momentText(at * 1000 + offsetMs)]] }),
    ),
    { kind: 'pairs', cells: [['by', short(entry.proposer)]] },
    // In full: it is what an operator holds against what some other screen has shown.
    ...(isProposed
      ? [{ kind: 'lines', lines: ['To approve, all of it:', ...hashLines(entry.releaseHash)], ...SMALL } as const]
      : []),
  ];
}

function ballotPage({ release, voters, needed, mine, reason, endsAtMs }: BallotEntry, nowMs: number): readonly Panel[] {
  const isBack = release.phase === 'rolled back' || release.unhealthyVotes > release.healthyVotes;
  const isOpen = release.phase === 'rolling out';
  const leftMs = endsAtMs === undefined ? 0 : Math.max(0, endsAtMs - nowMs);
  return [
    { kind: 'question', lines: [isBack ? 'Roll back' : 'Keep', cut(`${release.app} r${release.revision}?`, 13)] },
    {
      kind: 'tally',
      healthy: release.healthyVotes,
      unhealthy: release.unhealthyVotes,
      voters,
      needed: isBack ? voters - needed + 1 : needed,
      back: isBack,
    },
    {
      kind: 'row',
      label: 'my vote',
      value: mine ?? (isOpen ? 'not yet' : 'none'),
      ...(mine === undefined && { tone: 'offline' as const }),
    },
    { kind: 'row', label: 'ledger', value: cut(release.phase, 15) },
    ...(isOpen ? [{ kind: 'pairs', cells: [['window ends in', `${Math.ceil(leftMs / 1000)} s`]] } as const] : []),
    note(reason ? wrap(reason, 36, 3) : isOpen ? OPEN_NOTE : ['Decided.', 'Every vote stands on the ledger.']),
  ];
}

function entryPage(entry: LogEntry, offsetMs: number): readonly Panel[] {
  return [
    { kind: 'heading', text: entry.level, word: momentText(entry.atMs + offsetMs), tone: toneOf(entry) ?? 'offline' },
    { kind: 'lines', lines: wrap(entry.message, 36, 15), scale: 1, height: 352, raised: false },
  ];
}

const OPEN_NOTE = ['Votes by itself, as soon as its', 'own health check has spoken.'];

function lineOf(entry: LogEntry, row: number, cursor: number, { nowMs, offsetMs }: Around): Panel {
  const tone = toneOf(entry);
  const atMs = entry.atMs + offsetMs;
  const isToday = Math.floor(atMs / DAY_MS) === Math.floor((nowMs + offsetMs) / DAY_MS);
  return {
    kind: 'line',
    time: isToday ? timeText(atMs) : dateText(atMs).slice(5),
    lines: wrap(entry.message, 28, 2),
    ...(tone && { tone }),
    row,
    chosen: row === cursor,
  };
}

function toneOf({ level }: LogEntry): MarkName | undefined {
  return level === 'error' ? 'failed' : level === 'warn' ? 'changing' : undefined;
}

function settingRows({ clockOffsetHours, log }: Settings): [icon: IconName, label: string, value: string][] {
  return [
    ['clock', 'Clock', `UTC${clockOffsetHours < 0 ? '' : '+'}${clockOffsetHours}`],
    ['log', 'Log shows', log === 'all' ? 'all' : 'warnings'],
  ];
}

/** The rows of a list that are seen: the windowful in which the cursor stands. */
function windowOf<T>(rows: readonly T[], cursor: number, size: number): (readonly [T, number])[] {
  const from = Math.floor(Math.min(cursor, Math.max(0, rows.length - 1)) / size) * size;
  return rows.slice(from, from + size).map((row, index) => [row, from + index] as const);
}

function listEnd(count: number, cursor: number, empty: readonly string[]): readonly Panel[] {
  if (count === 0) return [note(empty)];
  return [{ kind: 'foot', left: '', right: `${Math.min(cursor, count - 1) + 1} of ${count}` }];
}

function intro(icon: IconName, ...lines: string[]): Panel {
  return { kind: 'intro', icon, lines };
}

function note(lines: readonly string[]): Panel {
  return { kind: 'lines', lines, scale: 1, height: 72, raised: true };
}

/** 40 digits in groups of four, two lines. */
function addressLines(address: string): string[] {
  const groups = address.slice(2).match(/.{1,4}/g) ?? [];
  return [groups.slice(0, 5).join(' '), groups.slice(5).join(' ')];
}

/** 64 digits in groups of eight, two lines. */
function hashLines(hash: string): string[] {
  const groups = hash.slice(2).match(/.{1,8}/g) ?? [];
  return [groups.slice(0, 4).join(' '), groups.slice(4).join(' ')];
}

const SMALL = { scale: 1, height: 72, raised: false } as const;

const short = (hex: string): string => (hex.length > 18 ? `${hex.slice(0, 10)}…${hex.slice(-6)}` : hex);

const DAY_MS = 86_400_000;

const momentText = (ms: number): string => `${dateText(ms)} ${timeText(ms)}`;

/** `14:32:07` */
function timeText(ms: number): string {
  const seconds = Math.floor(ms / 1000) % 60;
  return `${clockText(ms)}:${seconds < 10 ? '0' : ''}${seconds}`;
}
