import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RollCall } from '../../../runtime/consensus/roll-call.ts';

const test = suite('consensus/roll-call');

const rows: [what: string, hadCompany: boolean, inReach: string[], heard: string[], isOpen: boolean, asked: string[]][] = [
  ['it was always alone', false, [], [], false, []],
  ['others are new to it', false, ['a', 'b'], [], false, ['a', 'b']],
  ['others are new to it and answer', false, ['a', 'b'], ['a', 'b'], false, []],
  ['nobody is in reach', true, [], [], true, []],
  ['nobody has answered', true, ['a', 'b'], [], true, ['a', 'b']],
  ['one has answered', true, ['a', 'b'], ['b'], true, ['a']],
  ['all have answered', true, ['a', 'b'], ['b', 'a'], false, []],
  ['one has answered and gone', true, [], ['a'], false, []],
];

for (const [what, hadCompany, inReach, heard, isOpen, asked] of rows) {
  test(what, () => {
    const told: string[] = [];
    const written: string[] = [];
    const store = {
      get: () => (hadCompany ? Uint8Array.of(1) : undefined),
      write: (entries: readonly (readonly [string, unknown])[]) => void written.push(...entries.map(([key]) => key)),
    };
    const call = new RollCall(store, () => inReach, (peer) => told.push(peer)); // biome-ignore format: a row
    for (const peer of heard) call.heard(peer);
    assert.is(call.isOpen(), isOpen);
    call.repeat();
    assert.equal(told, asked);
    assert.equal(written, !hadCompany && heard.length > 0 ? ['solo/company'] : []);
  });
}

test.run();
