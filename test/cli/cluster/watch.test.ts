import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { lineOf, silent } from '../../../cli/cluster/watch.ts';
import { bytesToHex } from '../../../runtime/bytes.ts';
import type { LightBlock } from '../../../runtime/light/index.ts';

const test = suite('cluster/watch');

const address = (n: number) => new Uint8Array(20).fill(n);
const names = new Map([1, 2, 3].map((n) => [bytesToHex(address(n)) as string, `pad-0${n}`]));

/** A block of four validators, the last of whom has no name here. */
const block = (...flags: readonly number[]) =>
  ({
    header: { height: 7, time: { seconds: 1_700_000_000n, nanos: 0 } },
    commit: { signatures: flags.map((flag) => ({ flag })) },
    validators: [1, 2, 3, 4].map((n) => ({ address: address(n) })),
  }) as unknown as LightBlock;

const rows: readonly (readonly [name: string, flags: readonly number[], away: string, votes: string])[] = [
  ['all', [2, 2, 2, 2], '', '4 of 4'],
  ['one is away', [2, 1, 2, 2], 'pad-02', '3 of 4'],
  ['one saw no block', [2, 2, 3, 2], 'pad-03', '3 of 4'],
  ['one without a name', [2, 2, 2, 1], `0x${'04'.repeat(20)}`, '3 of 4'],
  ['two', [1, 1, 2, 2], 'pad-01, pad-02', '2 of 4'],
];

for (const [name, flags, away, votes] of rows) {
  test(name, () => {
    assert.is(silent(block(...flags), names), away);
    assert.is(lineOf(block(...flags), 3), `height 7 of 2023-11-14 22:13:20, signed by ${votes}; block 3`);
  });
}

test.run();
