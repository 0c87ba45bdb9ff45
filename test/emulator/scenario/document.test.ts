import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readScenario } from '../../../emulator/scenario/document.ts';

const test = suite('emulator/scenario/document');
const head = 'name: x\ndevices: 3\n';

const wrong: [name: string, source: string, sentence: RegExp][] = [
  ['no map', 'just words', /^s\.yaml:1: a scenario is a map with name, devices and steps$/],
  ['no name', 'devices: 3\nsteps: []', /^s\.yaml:1: name is missing$/],
  ['no steps', head, /^s\.yaml:\d: steps is missing; it is a list$/],
  ['too many devices', 'name: x\ndevices: 300\nsteps: []', /^s\.yaml:2: devices takes 1 to 256$/],
  ['an unknown key', `${head}colour: red\nsteps: []`, /^s\.yaml:3: a scenario has no "colour"; it has name, summary, /],
  [
    'an unknown rogue',
    `${head}rogues: { pad-01: imp }\nsteps: []`,
    /^s\.yaml:3: there is no rogue firmware "imp"; there are leak, /,
  ],
  ['an unknown step', `${head}steps:\n  - boot\n  - relaese: x`, /^s\.yaml:5: there is no step "relaese"; there are boot, /],
  ['an unknown option', `${head}steps:\n  - wait: 3s\n    for: x`, /^s\.yaml:5: wait has no "for"; it has no options$/],
  ['no duration', `${head}steps:\n  - wait: 3`, /^s\.yaml:4: wait takes a duration such as 500ms, 30s, 5m or 1h$/],
  [
    'an unknown condition',
    `${head}steps:\n  - until: { happy: 1 }`,
    /^s\.yaml:4: until has no "happy"; it has phase, revision, /,
  ],
  ['a value of the wrong kind', `${head}steps:\n  - expect: { phase: done }`, /^s\.yaml:4: phase takes one of none, proposed, /],
  ['a repeat of nothing', `${head}steps:\n  - repeat: 3`, /^s\.yaml:4: repeat needs steps, a list$/],
  ['broken YAML', `${head}steps: [`, /^s\.yaml:\d: /],
];
for (const [name, source, sentence] of wrong) {
  test(`${name}: the line, and what would be right`, () => {
    assert.throws(
      () => readScenario(source, 's.yaml'),
      (error: Error) => sentence.test(error.message) || assert.unreachable(error.message),
    );
  });
}

test('steps with their values, options and lines', () => {
  const source = `${head}steps:\n  - boot\n  - until: { runs: 1 }\n    within: 5m\n    except: pad-02\n  - repeat: 2\n    steps:\n      - wait: 1.5s\n`;
  const { steps } = readScenario(source, 's.yaml');
  assert.equal(
    steps.map(({ verb, value, line }) => [verb, value, line]),
    [
      ['boot', true, 4],
      ['until', { runs: 1 }, 5],
      ['repeat', 2, 8],
    ],
  );
  assert.equal(steps[1]!.options, { within: 300_000, except: ['pad-02'] });
  assert.equal(steps[2]!.steps[0]!.value, 1500);
});

test.run();
