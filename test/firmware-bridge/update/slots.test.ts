import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type FirmwareBundle, HOST, sha256 } from '../../../firmware-bridge/update/bundle.ts';
import { openSlots, type Slots, STARTS_LIMIT } from '../../../firmware-bridge/update/slots.ts';

const made: string[] = [];
test.after(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

/** A device's data partition and the firmware of its image. */
function device(): { folder: string; open: () => Slots } {
  const root = mkdtempSync(join(tmpdir(), 'classpad-slots-'));
  made.push(root);
  const [folder, factory] = [join(root, 'data'), join(root, 'factory')];
  mkdirSync(factory);
  writeFileSync(join(factory, 'header.json'), JSON.stringify(bundle('0.1.0').header));
  return { folder, open: () => openSlots(folder, factory) };
}

function bundle(version: string): FirmwareBundle {
  const content = Buffer.from(`firmware ${version}`);
  const file = { name: 'host.cjs', bytes: content.length, sha256: sha256(content) };
  const header = { version, host: HOST, files: [file], payload: { bytes: 1, sha256: '' } };
  return { header, key: '', files: new Map([['host.cjs', content]]) };
}

const install = (slots: Slots, version: string, revision = 1) =>
  slots.install(bundle(version), { sha256: `hash of ${version}`, app: 'firmware', revision });
/** What the launcher of a device that starts anew would choose. */
const start = (open: () => Slots) => open().choose().version;

test('a new device starts what its image holds', () => assert.is(start(device().open), '0.1.0'));

test('what was installed starts, and once it has served it always does', () => {
  const { open } = device();
  install(open(), '0.2.0');
  const slots = open();
  assert.is(slots.choose().version, '0.2.0');
  slots.confirm();
  for (let again = 0; again < 10; again++) assert.is(start(open), '0.2.0');
});

test('what never serves is given up, said, and what ran before starts again', () => {
  const { open } = device();
  install(open(), '0.2.0');
  const first = open();
  first.choose();
  first.confirm();
  install(first, '0.3.0', 2);
  for (let count = 0; count < STARTS_LIMIT; count++) assert.is(start(open), '0.3.0');
  assert.is(start(open), '0.2.0');
  assert.match(open().state().failures[0]!.reason, /did not serve after 3 starts/);
  assert.is(open().state().failures[0]!.sha256, 'hash of 0.3.0');
});

test('without anything before it the image serves again', () => {
  const { open } = device();
  install(open(), '0.2.0');
  for (let count = 0; count < STARTS_LIMIT; count++) start(open);
  assert.is(start(open), '0.1.0');
});

test('two updates fill the two slots in turn', () => {
  const { open } = device();
  for (const version of ['0.2.0', '0.3.0', '0.4.0']) {
    const slots = open();
    install(slots, version);
    const next = open();
    assert.is(next.choose().version, version);
    next.confirm();
  }
  assert.equal(
    Object.values(open().state().slots)
      .map((slot) => slot?.version)
      .sort(),
    ['0.3.0', '0.4.0'],
  );
});

test('going back is at once, and to what had served', () => {
  const { open } = device();
  install(open(), '0.2.0');
  const slots = open();
  slots.choose();
  slots.confirm();
  install(slots, '0.3.0');
  const running = open();
  running.choose();
  running.confirm();
  running.goBack('revision 2 was rolled back');
  assert.is(start(open), '0.2.0');
});

const damages: [name: string, harm: (folder: string) => void][] = [
  ['a file was changed', (folder) => writeFileSync(join(folder, 'host.cjs'), 'evil')],
  ['a file is gone', (folder) => rmSync(join(folder, 'host.cjs'))],
  ['its header is gone', (folder) => rmSync(join(folder, 'header.json'))],
  ['all of it is gone', (folder) => rmSync(folder, { recursive: true })],
];
for (const [name, harm] of damages) {
  test(`damaged: ${name}`, () => {
    const { folder, open } = device();
    install(open(), '0.2.0');
    const slots = open();
    slots.choose();
    slots.confirm();
    harm(join(folder, 'a'));
    assert.is(start(open), '0.1.0');
    assert.match(open().state().failures[0]!.reason, /damaged/);
  });
}

for (const text of ['', '{', 'null', '[]', '{"current":"c"}', '{"current":"a"}', '{"current":"b","slots":{},"failures":[]}']) {
  test(`a state of "${text}" starts the image's firmware`, () => {
    const { folder, open } = device();
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'state.json'), text);
    assert.is(start(open), '0.1.0');
  });
}

/** Copies of the data partition as a power cut could leave it: after each write, before and after each rename. */
test('a power cut at any step of an update leaves the one before or the one after', () => {
  const { folder, open } = device();
  install(open(), '0.2.0');
  const slots = open();
  slots.choose();
  slots.confirm();
  const before = snapshot(folder);
  install(slots, '0.3.0', 2);
  const after = snapshot(folder);
  // The steps in the order in which they reach the disk (each is synced before the next).
  const state = (source: Map<string, string>) => source.get('state.json')!;
  const filling = JSON.stringify({ ...JSON.parse(state(before)), slots: { a: JSON.parse(state(before)).slots.a } });
  const steps: [name: string, files: Map<string, string>][] = [
    ['nothing', before],
    ['the new state is half-written', new Map([...before, ['state.json.new', filling.slice(0, 20)]])],
    ['the slot is given up', new Map([...before, ['state.json', filling]])],
    ['half of a file is there', new Map([...before, ['state.json', filling], ['b.new/host.cjs.new', 'firm']])],
    ['all files, not in place', new Map([...before, ['state.json', filling], ['b.new/host.cjs', after.get('b/host.cjs')!]])],
    ['in place, not yet chosen', new Map([...after, ['state.json', filling]])],
    ['all', after],
  ];
  for (const [name, files] of steps) {
    const copy = device();
    restore(copy.folder, files);
    const version = start(copy.open);
    assert.ok(version === '0.2.0' || (version === '0.3.0' && name === 'all'), `${name}: ${version}`);
    // And it can be updated all the same.
    install(copy.open(), '0.4.0', 3);
    assert.is(start(copy.open), '0.4.0', name);
  }
});

test('whatever happens, something starts, and never what failed', () => {
  const action = fc.constantFrom('install', 'start', 'serve', 'back', 'cut');
  fc.assert(
    fc.property(fc.array(action, { maxLength: 30 }), (actions) => {
      const { open } = device();
      let slots = open();
      let next = 2;
      slots.choose();
      for (const act of actions) {
        if (act === 'install') install(slots, `0.${next++}.0`, next);
        if (act === 'serve') slots.confirm();
        if (act === 'back') slots.goBack('asked to');
        if (act !== 'serve') {
          slots = open();
          const { version, place } = slots.choose();
          assert.ok(/^0\.\d+\.0$/.test(version));
          const failed = slots.state().failures.map((failure) => failure.version);
          assert.ok(place === 'factory' || !failed.includes(version), `${version} had failed`);
        }
      }
    }),
    { numRuns: 60 },
  );
});

function snapshot(folder: string, below = ''): Map<string, string> {
  const entries = readdirSync(join(folder, below), { withFileTypes: true });
  return new Map(
    entries.flatMap((entry): [string, string][] => {
      const path = join(below, entry.name);
      return entry.isDirectory() ? [...snapshot(folder, path)] : [[path, readFileSync(join(folder, path), 'utf8')]];
    }),
  );
}

function restore(folder: string, files: Map<string, string>): void {
  rmSync(folder, { recursive: true, force: true });
  for (const [path, content] of files) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  assert.ok(existsSync(folder));
}

test.run();
