import type { ReleaseStatus } from '../node.ts';
import type { IconName } from './icons.ts';
import type { ScreenModel, Why } from './model.ts';
import { pageKeys, type SoftKeys, type Target } from './navigation.ts';
import { cellAt } from './page-panels.ts';
import { pageFaces, pagePanels } from './pages.ts';
import { heightOf, type Panel } from './panels.ts';
import type { MarkName } from './shapes.ts';
import { clockText, cut, memoryText, wrap } from './words.ts';

export const LCD_WIDTH = 320;
export const LCD_HEIGHT = 528;

/** Characters of a line across the LCD at scale 1. */
const COLUMNS = 36;

/** The panels of a screen, which cover the LCD from top to bottom without a gap or an overlap. Pure. */
export function panelsOf(model: ScreenModel): readonly Panel[] {
  const foot = softPanel(model);
  let left = LCD_HEIGHT - heightOf(foot);
  const fitting = bodyOf(model).filter((panel) => {
    if (heightOf(panel) > left) return false;
    left -= heightOf(panel);
    return true;
  });
  const gap: Panel = { kind: 'gap', height: left };
  const last = fitting.at(-1);
  // A raised note and the count of a list belong to the lower edge.
  return (last?.kind === 'lines' && last.raised) || last?.kind === 'foot'
    ? [...fitting.slice(0, -1), gap, last, foot]
    : [...fitting, gap, foot];
}

function bodyOf(model: ScreenModel): readonly Panel[] {
  switch (model.screen) {
    case 'self-test':
      return selfTest(model);
    case 'empty':
      return empty(model);
    case 'changing':
      return changing(model);
    case 'fault':
      return fault(model);
    case 'alone':
      return alone(model);
    case 'status':
      return status(model);
    case 'page':
      return page(model);
  }
}

/** What the three keys under the LCD do. */
export function softKeysOf(model: ScreenModel): SoftKeys {
  return model.screen === 'page' ? pageKeys[model.page] : homeKeys[model.screen];
}

const MORE = { label: 'More', act: 'menu' } as const;
const NETWORK = { label: 'Network', act: 'network' } as const;
const RELEASES = { label: 'Releases', act: 'releases' } as const;
const LOG = { label: 'Log', act: 'log' } as const;
const VOTES = { label: 'Votes', act: 'votes' } as const;

const homeKeys: { readonly [K in Exclude<ScreenModel['screen'], 'page'>]: SoftKeys } = {
  'self-test': [undefined, undefined, undefined],
  empty: [LOG, NETWORK, MORE],
  status: [RELEASES, NETWORK, MORE],
  changing: [VOTES, LOG, MORE],
  fault: [VOTES, LOG, MORE],
  alone: [RELEASES, NETWORK, MORE],
};

/** What a finger touches at a place on the LCD. */
export function targetAt(model: ScreenModel, x: number, y: number): Target | undefined {
  let top = 0;
  for (const panel of panelsOf(model)) {
    const bottom = top + heightOf(panel);
    if (y < bottom) return targetIn(panel, x);
    top = bottom;
  }
  return undefined;
}

function targetIn(panel: Panel, x: number): Target | undefined {
  if (panel.kind === 'soft') return { at: 'soft', cell: cellAt(x) };
  if (panel.kind === 'title') return { at: 'title' };
  return 'row' in panel ? { at: 'row', row: panel.row } : undefined;
}

type Screen<K extends ScreenModel['screen']> = Extract<ScreenModel, { screen: K }>;
type Resting = Extract<ScreenModel, { release: ReleaseStatus; others: readonly ReleaseStatus[] }>;

function selfTest(model: Screen<'self-test'>): Panel[] {
  const done = model.checks.filter((check) => check.state === 'healthy').length;
  const failed = model.checks.some((check) => check.state === 'failed');
  const share = done / Math.max(1, model.checks.length);
  return [
    { kind: 'brand', name: 'classpad', detail: `firmware ${model.version}` },
    { kind: 'gap', height: 8 },
    ...model.checks
      .slice(0, 10)
      .map((check): Panel => ({ kind: 'check', mark: check.state, label: cut(check.name, 14), value: cut(check.found, 16) })),
    { kind: 'gap', height: 8 },
    {
      kind: 'progress',
      share,
      tone: failed ? 'failed' : share === 1 ? 'healthy' : 'changing',
      label: `${done} of ${model.checks.length} checks`,
      value: `${Math.round(share * 100)}%`,
    },
  ];
}

function empty(model: Screen<'empty'>): Panel[] {
  const { fault } = model;
  const about: Panel[] =
    fault === undefined
      ? [{ kind: 'intro', icon: 'box', lines: ['No release', 'yet'] }]
      : [{ kind: 'hero', app: 'this device', big: 'fault', word: 'CANNOT WORK', mark: 'failed' }, troubleOf(fault)];
  return [
    titleOf(model, fault === undefined ? 'box' : 'device'),
    ...about,
    { kind: 'row', label: 'head', value: `${model.head}` },
    { kind: 'row', label: 'peers', value: model.peers > 0 ? `${model.peers}` : 'none' },
    ...(fault === undefined ? memoryPanel(model) : []),
    note(EMPTY[model.why]),
  ];
}

const EMPTY: { readonly [K in Why]: readonly string[] } = {
  'nothing is released': ['Nothing to run.', 'The ledger has not released an app', 'to this device.'],
  'nobody is heard': ['Nobody is heard.', 'What is released to this device', 'comes with the ledger.'],
  'it is no member': ['Not of the fleet yet.', 'Operators enrol it by its address:', 'More, Keys shows it.'],
  'it cannot work': ['Tries again by itself.', 'The log says what it has tried.'],
};

/** In large letters where there is room for it. */
function troubleOf(reason: string): Panel {
  const large = wrap(reason, COLUMNS / 2, 4);
  const isShort = large.length <= 3;
  return { kind: 'lines', lines: isShort ? large : wrap(reason, COLUMNS, 5), scale: isShort ? 2 : 1, height: 120, raised: false };
}

function status(model: Resting): Panel[] {
  const { release } = model;
  return [
    titleOf(model, 'device'),
    heroOf(release, `r${release.revision}`, 'HEALTHY', 'healthy'),
    { kind: 'row', label: 'head', value: `${model.head}` },
    { kind: 'row', label: 'peers', value: `${model.peers}` },
    voteRow(release),
    ...memoryPanel(model),
    ...othersPanel(model.others),
    { kind: 'pairs', cells: [...batteryCell(model), ['ledger', cut(release.phase, 9)]] },
    { kind: 'lines', lines: ['Runs what the ledger wants.'], scale: 1, height: 40, raised: true },
  ];
}

function batteryCell({ batteryPercent }: ScreenModel): (readonly [string, string])[] {
  return batteryPercent === undefined ? [] : [['battery', `${batteryPercent}%`]];
}

function alone(model: Resting): Panel[] {
  const { release } = model;
  return [
    titleOf(model, 'device'),
    heroOf(release, `r${release.revision}`, 'ALONE', 'offline'),
    { kind: 'row', label: 'peers', value: 'none' },
    { kind: 'row', label: 'last block', value: `${model.head}` },
    { kind: 'row', label: 'can decide', value: 'no' },
    ...memoryPanel(model),
    note([`Keeps r${release.revision} running.`, 'Will not change releases until it', 'hears from the ledger again.']),
  ];
}

function fault(model: Resting): Panel[] {
  const { release } = model;
  return [
    titleOf(model, 'device'),
    heroOf(release, `r${release.revision}`, 'UNHEALTHY', 'failed'),
    troubleOf(release.reason ?? 'The health check failed.'),
    voteRow(release),
    { kind: 'row', label: 'ledger', value: cut(release.phase, 15) },
    note([...nextOf(release)]),
  ];
}

function changing(model: Screen<'changing'>): Panel[] {
  const { release, steps } = model;
  const way = wayOf(release);
  const stages = stagesOf(release, steps, way);
  const done = stages.filter((stage) => stage.mark === 'healthy').length;
  return [
    titleOf(model, 'device'),
    heroOf(release, way.text, way.isBack ? 'ROLLING BACK' : 'ROLLING OUT', 'changing'),
    {
      kind: 'progress',
      share: done / stages.length,
      tone: 'changing',
      label: `block ${model.head}`,
      value: `${done} of ${stages.length}`,
    },
    ...stages,
    { kind: 'lines', lines: steps.slice(0, 2).map((step) => cut(step, COLUMNS)), scale: 1, height: 48, raised: steps.length > 0 },
  ];
}

interface Way {
  readonly text: string;
  readonly from: number | undefined;
  readonly target: number;
  readonly isBack: boolean;
}

/** From which revision to which, and whether that is back: to a lower one, or away from one that was rolled back. */
function wayOf({ revision, previous, phase }: ReleaseStatus): Way {
  if (previous === undefined) return { text: `r${revision}`, from: undefined, target: revision, isBack: phase === 'rolled back' };
  const isBack = phase === 'rolled back' || previous > revision;
  const [low, high] = [Math.min(revision, previous), Math.max(revision, previous)];
  const [from, target] = isBack ? [high, low] : [low, high];
  return { text: `r${from}→r${target}`, from, target, isBack };
}

/** Where a device stands on its way to a release: stages before the one reached are done. */
function stagesOf(release: ReleaseStatus, steps: readonly string[], way: Way): Extract<Panel, { kind: 'step' }>[] {
  const reached = way.isBack || !release.vote ? reachedOf(release, steps) : 4;
  const labels = ['pull', 'start', 'probe'].map((verb) => `${verb} r${way.target}`);
  const last = way.isBack ? `remove r${way.from ?? ''}` : 'vote';
  return [...labels, last].map((label, index) => ({
    kind: 'step',
    mark: index < reached ? 'healthy' : index === reached ? 'changing' : 'offline',
    label: cut(label, 14),
    value: index === reached ? 'now' : '',
  }));
}

/** How many stages are past, by what the health says and the steps in hand. */
function reachedOf(release: ReleaseStatus, steps: readonly string[]): number {
  if (release.health === 'healthy' || release.health === 'unhealthy' || release.health === 'none') return 3;
  if (release.health === 'starting') return 2;
  return steps.some((step) => step.startsWith('create') || step.startsWith('start')) ? 1 : 0;
}

function nextOf(release: ReleaseStatus): string[] {
  if (release.phase === 'active')
    return ['Tries again by itself.', 'What is agreed is restarted, ever', 'more slowly. The log says more.'];
  if (release.phase === 'rolled back') return ['Going back.', `r${release.revision} will not be tried again.`];
  return ['Waiting for the others.', 'Enough unhealthy votes roll', 'this release back.'];
}

function heroOf(release: ReleaseStatus, big: string, word: string, mark: MarkName): Panel {
  return { kind: 'hero', app: cut(release.app, 12), big, word, mark };
}

/** A vote that was not given before the decision will not be given any more. */
function voteRow({ vote, phase }: ReleaseStatus): Panel {
  if (vote) return { kind: 'row', label: 'my vote', value: vote };
  return { kind: 'row', label: 'my vote', value: phase === 'rolling out' ? 'not yet' : 'none', tone: 'offline' };
}

function page(model: Screen<'page'>): Panel[] {
  const { icon, title } = pageFaces[model.page];
  const { address, nowMs, head, peers, clockOffsetMs: offsetMs = 0 } = model;
  return [titleOf(model, icon, title), ...pagePanels(model, { address, nowMs, offsetMs, head, peers })];
}

function titleOf(model: ScreenModel, icon: IconName, title = model.name): Panel {
  return {
    kind: 'title',
    icon,
    title: cut(title, 19),
    clock: clockText(model.nowMs + (model.clockOffsetMs ?? 0)),
    linked: model.peers > 0,
    ...(model.batteryPercent === undefined ? {} : { battery: model.batteryPercent }),
  };
}

function memoryPanel(model: ScreenModel): Panel[] {
  if (!model.memory) return [];
  const { usedBytes, totalBytes } = model.memory;
  return [{ kind: 'meter', label: 'memory', value: memoryText(usedBytes, totalBytes), share: usedBytes / totalBytes }];
}

function othersPanel(others: readonly ReleaseStatus[]): Panel[] {
  if (others.length === 0) return [];
  return others.slice(0, 2).map(
    (other): Panel => ({
      kind: 'check',
      mark: other.health === 'unhealthy' ? 'failed' : other.health === 'starting' ? 'changing' : 'healthy',
      label: cut(`${other.app} r${other.revision}`, 18),
      value: cut(other.phase, 14),
    }),
  );
}

function note(lines: readonly string[]): Panel {
  return { kind: 'lines', lines, scale: 1, height: 72, raised: true };
}

function softPanel(model: ScreenModel): Panel {
  const [left, middle, right] = softKeysOf(model).map((key) => key?.label);
  const { pressedCell } = model;
  return {
    kind: 'soft',
    labels: [left, middle, right],
    ...(model.screen === 'fault' && { primary: 1 }),
    ...(pressedCell !== undefined && { pressed: pressedCell }),
  };
}
