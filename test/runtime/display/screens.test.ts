import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createScreen, LCD_HEIGHT, type ScreenModel } from '../../../runtime/display/index.ts';
import { heightOf } from '../../../runtime/display/panels.ts';
import { panelsOf } from '../../../runtime/display/screens.ts';
import { MemoryDisplay } from '../../support/display.ts';
import { device, release, samples } from '../../support/screens.ts';

const screens = suite('screens');

function textOf(model: ScreenModel): string[] {
  const screen = createScreen(new MemoryDisplay());
  screen.show(model);
  return screen.text();
}

const texts: [name: string, lines: string[]][] = [
  ['empty', ['pad-01 14:32', 'No release', 'yet', 'head 1204', 'peers 3', 'memory 11/24 MiB']],
  ['stranger', ['No release', 'Not of the fleet yet.', 'Operators enrol it by its address:', 'More, Keys shows it.']],
  ['unheard', ['pad-01 14:32 no peers', 'No release', 'peers none', 'Nobody is heard.']],
  [
    'cannot work',
    [
      'this device fault',
      'CANNOT WORK',
      'the store is full:',
      'head 1204',
      'Tries again by itself.',
      'The log says what it has tried.',
    ],
  ],
  ['agreed fault', ['hello r1', 'UNHEALTHY', 'the container', 'ledger active', 'Tries again by itself.']],
  [
    'status',
    ['pad-01 14:32', 'hello r1', 'HEALTHY', 'head 1204', 'peers 3', 'my vote healthy', 'memory 11/24 MiB', 'battery 82%'],
  ],
  ['two apps', ['hello r1', '[x] gateway r12 active']],
  ['rolling out', ['hello r1→r2', 'ROLLING OUT', 'block 1204 0 of 4', '[~] pull r2 now', '[ ] vote', 'pull classpad/hello:2']],
  ['rolling back', ['hello r2→r1', 'ROLLING BACK', 'block 1204 2 of 4', '[x] start r1', '[~] probe r1 now', '[ ] remove r2']],
  ['fault', ['hello r2', 'UNHEALTHY', 'web failed its', 'health check 3', 'times: exit code 1', 'my vote unhealthy']],
  ['short fault', ['Out of memory', 'ledger rolled back', 'r2 will not be tried again.']],
  ['alone', ['pad-01 14:32 no peers', 'hello r1', 'ALONE', 'peers none', 'can decide no', 'Keeps r1 running.']],
  [
    'self-test',
    ['classpad', 'firmware 0.1.0', '[x] display 320x528', '[~] containers asking', '[ ] ledger waiting', '4 of 7 checks 57%'],
  ],
  ['menu', ['More 14:32', 'Releases 3', '> Votes', 'Network 3 peers', 'Keys 7e5f 4552', 'Log 4', 'About', '<Back|Open|down>']],
  [
    'releases',
    [
      'Releases 14:32',
      '[~] r3 proposed',
      'hello 1 signed',
      '> [!] r2 rolled back',
      'hello 14:18',
      '[x] r1 active, runs here',
      ' 2 of 3',
    ],
  ],
  ['no releases', ['No release', 'Nothing to run.']],
  [
    'release',
    ['hello r2', 'ROLLED BACK', 'healthy : not 1 : 3', 'signed by 2', 'proposed 2026-11-21 14:17:00', 'by 0x6813eb93…1cba69'],
  ],
  ['proposed release', ['hello r3', 'PROPOSED', 'signed by 1', 'To approve, all of it:', '9c1f9c1f 9c1f9c1f 9c1f9c1f 9c1f9c1f']],
  [
    'votes',
    ['Vote 14:32', 'Roll back', 'hello r2?', '2 of 4, needs 2', 'my vote unhealthy', 'window ends in 41 s', '<Back|Releases|>'],
  ],
  ['large vote', ['Keep', 'hello r1?', '31 of 100, needs 51', 'my vote not yet', 'window ends in 9 s']],
  ['no votes', ['No vote', 'yet', 'Nothing is decided.']],
  ['network', ['3 peers', 'follows the ledger, block 1204', '[x] pad-02 linked', '> [x] pad-04 linked', '<Back|up|down>']],
  ['large network', ['99 peers', 'makes the blocks, last 1204', '> [x] pad-32 linked', ' 31 of 99']],
  ['keys', [`QR ethereum:${device.address}@4400`, '7e5f 4552 091a 6912 5d5d', 'key stays on this device']],
  ['log', ['> 14:31:58 web of revision 2 is', 'unhealthy: exit code 1', '14:31:54 pull classpad/hello:2', ' 2 of 4']],
  ['entry', ['info', '2026-11-21 14:32:00', 'ledger: hello revision 2 is rolled', 'can no longer be reached']],
  ['settings', ['Clock UTC+0', '> Log shows all', '<Back|Change|down>']],
  ['about', ['firmware 0.1.0', 'consensus solo', 'head 1204', '<Back||>']],
];
for (const [name, lines] of texts) {
  screens(`the text twin of ${name}`, () => {
    const text = textOf(samples[name]!);
    for (const line of lines) assert.ok(text.includes(line), `"${line}" is not in ${JSON.stringify(text)}`);
  });
}

screens('every sample has a row of text here', () => {
  assert.equal(texts.map(([name]) => name).sort(), Object.keys(samples).sort());
});

const LONG = 'an-app-whose-name-is-far-longer-than-a-line '.repeat(9);
const status = samples['status']!;
const extremes: [what: string, model: ScreenModel][] = [
  ['long names', { ...status, name: LONG, release: release({ app: LONG, revision: 1_000_000 }) } as ScreenModel],
  ['a long reason', { ...status, screen: 'fault', release: release({ reason: LONG, phase: LONG }) } as ScreenModel],
  ['thirty apps', { ...status, others: Array.from({ length: 30 }, (_, index) => release({ revision: index })) } as ScreenModel],
  [
    'thirty checks',
    { ...samples['self-test']!, checks: Array(30).fill({ name: LONG, state: 'failed', found: LONG }) } as ScreenModel,
  ],
  ['many steps', { ...samples['rolling out']!, steps: Array(30).fill(LONG) } as ScreenModel],
  ['large numbers', { ...status, head: 2 ** 53 - 1, peers: 1_000_000, batteryPercent: 100 }],
  ['nothing known', { screen: 'status', name: '', address: '0x', nowMs: 0, peers: 0, head: 0, release: release(), others: [] }],
];
for (const [what, model] of [...Object.entries(samples), ...extremes]) {
  screens(`panels cover the LCD: ${what}`, () => {
    const heights = panelsOf(model).map(heightOf);
    assert.is(
      heights.reduce((sum, height) => sum + height, 0),
      LCD_HEIGHT,
    );
    assert.ok(heights.every((height) => height >= 0));
  });
  screens(`no line is longer than the LCD is wide: ${what}`, () => {
    for (const line of textOf(model)) assert.ok([...line].length <= 60, line);
  });
}

screens.run();
