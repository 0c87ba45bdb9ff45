import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeFunctionData, parseAbi, stringToHex, toHex } from 'viem';
import { decodeCall } from '../../emulator/calls.ts';
import { differences, RevisionFold } from '../../emulator/revisions.ts';
import { encodeManifest, type Service } from '../../runtime/manifest/index.ts';

const test = suite('emulator/revisions');
const app = 'hello';
const bytes = (web: Service) => toHex(encodeManifest({ version: 1, services: { web } }));
const nameOf = (address: string) => (address === '0x01' ? 'ops-1' : 'ops-2');
const pinned = (digit: string) => `classpad/hello@sha256:${digit.repeat(64)}`;
const base: Service = { image: pinned('1'), ports: [8080] };

/** r1 is active; what follows is applied on top. */
function folded(...more: Parameters<RevisionFold['apply']>[]): RevisionFold {
  const fold = new RevisionFold();
  fold.apply({ name: 'Proposed', app, revision: 1 }, 3, nameOf, bytes(base));
  fold.apply({ name: 'Approved', app, revision: 1, by: '0x01', approvals: 1, needed: 2 }, 3, nameOf);
  fold.apply({ name: 'Promoted', app, revision: 1 }, 5, nameOf);
  for (const one of more) fold.apply(...one);
  return fold;
}

test('a revision has its signers, its phase and where it was proposed', () => {
  assert.equal(folded().view(), [{ app, revision: 1, phase: 'active', signed: ['ops-1'], needed: 2, block: 3, changes: [] }]);
});

const phases: [event: string, phase: string][] = [
  ['RollingOut', 'rolling out'],
  ['RolledBack', 'rolled back'],
  ['Superseded', 'superseded'],
  ['Noted', 'active'],
];
for (const [name, phase] of phases) {
  test(`after ${name} it is ${phase}`, () => {
    assert.is(folded([{ name, app, revision: 1 }, 6, nameOf]).view()[0]!.phase, phase);
  });
}

test('a second one says what it changes of the active one, newest first', () => {
  const second = bytes({ ...base, image: pinned('2'), environment: { BROKEN: '1' } });
  const [newest, older] = folded([{ name: 'Proposed', app, revision: 2 }, 7, nameOf, second]).view();
  assert.equal([newest!.revision, older!.revision], [2, 1]);
  assert.equal(
    [...newest!.changes].sort((a, b) => a.field.localeCompare(b.field)),
    [
      { field: 'web.environment.BROKEN', before: '', after: '1' },
      { field: 'web.image', before: `…${pinned('1').slice(2, 62)}…`, after: `…${pinned('2').slice(2, 62)}…` },
    ],
  );
});

test('one that goes back says to which', () => {
  const back = folded(
    [{ name: 'Proposed', app, revision: 2 }, 7, nameOf],
    [{ name: 'RollbackProposed', app, revision: 2, to: 1 }, 7, nameOf],
  );
  assert.equal(back.view()[0]!.changes, [{ field: 'as', before: '', after: 'r1' }]);
});

test('a manifest that cannot be read changes nothing that is known', () => {
  assert.equal(folded([{ name: 'Proposed', app, revision: 2 }, 7, nameOf, '0xff']).view()[0]!.changes, []);
});

const abi = parseAbi([
  'function propose(bytes32 app, bytes manifest, uint64 healthWindow)',
  'function enrol(address[] devices, string[] names)',
]);
const someone = '0x00000000000000000000000000000000000000AA';
const encoded = (functionName: 'propose' | 'enrol', args: unknown[]) => encodeFunctionData({ abi, functionName, args } as never);

const calls: [what: string, data: `0x${string}`, name: string, args: string][] = [
  [
    'a proposal',
    encoded('propose', [stringToHex(app, { size: 32 }), '0xabcd', 300n]),
    'propose',
    'app hello, manifest 2 bytes, healthWindow 300',
  ],
  ['lists and addresses', encoded('enrol', [[someone], ['pad-01', 'x']]), 'enrol', 'devices ops-2, names pad-01, x'],
  ['an unknown one', '0x12345678', '0x12345678', ''],
  ['a deployment', `0x${'60'.repeat(900)}`, 'deployment', ''],
  ['a transfer', '0x', 'transfer', ''],
];
for (const [what, data, name, args] of calls) {
  test(`a call in words: ${what}`, () => {
    const call = decodeCall(abi, data, nameOf);
    assert.is(call.name, name);
    assert.is(call.args.map(([key, value]) => `${key} ${value}`).join(', '), args);
  });
}

test('texts that differ only far behind are told apart, and shown where they differ', () => {
  const [before, after] = ['a', 'b'].map((end) => new Map([['web.command', `${'x'.repeat(90)}${end}${'y'.repeat(90)}`]]));
  const same = 'x'.repeat(20);
  assert.equal(differences(before, after), [
    { field: 'web.command', before: `…${same}a${'y'.repeat(39)}…`, after: `…${same}b${'y'.repeat(39)}…` },
  ]);
});

test.run();
