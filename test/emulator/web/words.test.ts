import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Snapshot } from '../../../emulator/protocol.ts';
import { bytesText, elapsedParts, grouped, hostOf, reach, spanText, timeOfDay } from '../../../emulator/web/words.ts';

const words = suite('words');

const texts: [said: string, meant: string][] = [
  [elapsedParts(0).join(''), '00:00:00.0'],
  [elapsedParts(872_480).join(''), '00:14:32.4'],
  [elapsedParts(100 * 3_600_000).join(''), '100:00:00.0'],
  [timeOfDay(14 * 3600 + 32 * 60 + 7), '14:32:07'],
  [timeOfDay(86_400 + 0.7), '00:00:00'],
  [grouped(7), '7'],
  [grouped(1234), '1\u2009234'],
  [grouped(1_234_567), '1\u2009234\u2009567'],
  [hostOf('http://127.0.0.1:4401/'), '127.0.0.1:4401'],
];
texts.push(
  [bytesText(17 * 1024 ** 2), '17.0 MiB'],
  [bytesText(3 * 1024 ** 3), '3.0 GiB'],
  [spanText(3), '+3 ms'],
  [spanText(-7_200_000), '-2 h'],
  [spanText(1500), '+1.5 s'],
);
for (const [said, meant] of texts) words(meant, () => assert.is(said, meant));

const fleets: [groups: number[], quorum: number | undefined, sentence: string][] = [
  [[], undefined, '0 of 0 together, cannot decide: 1 needed'],
  [[0, 0, 0], 3, '3 of 3 together, can decide'],
  [[0, 0, 0], undefined, '3 of 3 together, can decide'],
  [[0, 1, 2], 2, '1 of 3 together, cannot decide: 2 needed'],
  [[0, 1, 1, 1], 3, '3 of 4 together, can decide'],
];
for (const [groups, quorum, sentence] of fleets) {
  words(`${groups}: ${sentence}`, () => {
    const release = quorum === undefined ? {} : { release: { quorum } };
    const snapshot = { devices: groups.map((group) => ({ group, powered: true })), ...release } as unknown as Snapshot;
    assert.is(reach(snapshot).sentence, sentence);
  });
}

words.run();
