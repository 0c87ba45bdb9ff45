import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  changed,
  DEFAULT_SETTINGS,
  HOME,
  idOf,
  move,
  type Place,
  pageModel,
  rowsOf,
  type ScreenModel,
  screenModel,
  softKeysOf,
  targetAt,
} from '../../../runtime/display/index.ts';
import { type InputEvent, KEY_NAMES } from '../../../runtime/ports/index.ts';
import { device, insight, NOW_MS, nodeStatus, release } from '../../support/screens.ts';

const navigation = suite('navigation');
const status = nodeStatus('healthy', [release()]);

function modelAt(place: Place): ScreenModel {
  if (place.page === 'home') return screenModel(status, device, NOW_MS);
  return pageModel(place, { status, device, nowMs: NOW_MS, insight: insight(), settings: DEFAULT_SETTINGS });
}

function step(place: Place, event: InputEvent): { place: Place; changes: boolean } {
  const model = modelAt(place);
  const isPage = model.screen === 'page';
  return move(place, event, {
    soft: softKeysOf(model),
    rows: isPage ? rowsOf(model) : 0,
    idAt: (row) => (isPage ? idOf(model, row) : undefined),
    targetAt: (x, y) => targetAt(model, x, y),
  });
}

const tap = (x: number, y: number): InputEvent[] => [
  { kind: 'touch', phase: 'down', x, y },
  { kind: 'touch', phase: 'up', x, y },
];
const key = (name: (typeof KEY_NAMES)[number]): InputEvent[] => [{ kind: 'key', key: name }];
const [LEFT, MIDDLE, RIGHT] = [tap(50, 500), tap(160, 500), tap(270, 500)] as const;

/** The pages from the lowest to the one that is seen, each with its cursor and what it shows. */
function trail({ page, cursor, item, under }: Place): string {
  return `${under ? `${trail(under)} ` : ''}${page}${item === undefined ? `.${cursor}` : `:${item}`}`;
}

const ways: [what: string, events: InputEvent[][], where: string][] = [
  ['the right key opens the menu', [key('right')], 'home.0 menu.0'],
  ['so does a finger on its cell', [RIGHT], 'home.0 menu.0'],
  ['the left one the releases', [LEFT], 'home.0 releases.0'],
  ['down goes down', [RIGHT, key('down'), key('down')], 'home.0 menu.2'],
  ['up from the top comes round', [RIGHT, key('up')], 'home.0 menu.6'],
  ['three keys reach every entry', [RIGHT, RIGHT, RIGHT, RIGHT, MIDDLE], 'home.0 menu.3 keys.0'],
  ['a finger on a row opens it', [RIGHT, tap(100, 40 + 56 * 4 + 20)], 'home.0 menu.4 log.0'],
  ['a release, and back to its row', [LEFT, key('down'), MIDDLE], 'home.0 releases.1 release:hello r2'],
  ['back', [LEFT, key('down'), MIDDLE, LEFT], 'home.0 releases.1'],
  ['back by its key', [LEFT, MIDDLE, key('back'), key('back')], 'home.0'],
  ['back by a finger on the title', [LEFT, tap(100, 20)], 'home.0'],
  ['back from home stays there', [key('back'), key('back')], 'home.0'],
  ['the votes of a release, and its list again', [LEFT, MIDDLE, MIDDLE, MIDDLE], 'home.0 releases.0'],
  ['a key without a meaning', [key('left'), key('middle'), key('right')], 'home.0 releases.0 release:hello r3'],
  [
    'a finger that slides away does nothing',
    [
      [
        { kind: 'touch', phase: 'down', x: 50, y: 500 },
        { kind: 'touch', phase: 'up', x: 270, y: 500 },
      ],
    ],
    'home.0',
  ],
  ['a finger that only lifts does nothing', [[{ kind: 'touch', phase: 'up', x: 50, y: 500 }]], 'home.0'],
  ['a finger outside the LCD does nothing', [tap(5000, -40)], 'home.0'],
];
for (const [what, events, where] of ways) {
  navigation(what, () => {
    const place = events.flat().reduce((at, event) => step(at, event).place, HOME as Place);
    assert.is(trail(place), where);
  });
}

navigation('a cell under a finger is pressed until it lifts', () => {
  const [down, up] = tap(160, 500);
  const { place } = step(HOME, down!);
  assert.equal(place.pressed, { at: 'soft', cell: 1 });
  assert.is(step(place, up!).place.pressed, undefined);
});

navigation('only the settings change anything', () => {
  const at = (page: Place['page']): Place => ({ page, cursor: 1, under: HOME });
  assert.is(step(at('settings'), key('middle')[0]!).changes, true);
  assert.is(step(at('menu'), key('middle')[0]!).changes, false);
});

navigation('settings go round', () => {
  assert.is(changed(DEFAULT_SETTINGS, 1).log, 'warnings');
  assert.equal(changed(changed(DEFAULT_SETTINGS, 1), 1), DEFAULT_SETTINGS);
  let settings = DEFAULT_SETTINGS;
  for (let hour = 0; hour < 27; hour++) settings = changed(settings, 0);
  assert.equal(settings, DEFAULT_SETTINGS);
});

navigation('whatever a hand does, there is a page, its cursor stands on a row, and the way stays short', () => {
  const touch = fc.record({
    kind: fc.constant('touch' as const),
    phase: fc.constantFrom('down' as const, 'up' as const),
    x: fc.integer({ min: -10, max: 400 }),
    y: fc.integer({ min: -10, max: 600 }),
  });
  const press = fc.record({ kind: fc.constant('key' as const), key: fc.constantFrom(...KEY_NAMES) });
  fc.assert(
    fc.property(fc.array(fc.oneof(touch, press), { maxLength: 60 }), (events) => {
      let place: Place = HOME;
      for (const event of events) {
        place = step(place, event).place;
        const model = modelAt(place);
        if ('cursor' in model) assert.ok(model.cursor >= 0 && model.cursor < Math.max(1, rowsOf(model)));
        assert.ok(trail(place).split(' ').length <= 8, trail(place));
      }
    }),
    { numRuns: 60 },
  );
});

navigation.run();
