import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Snapshot, ViewState } from '../../../emulator/protocol.ts';
import { elapsedParts, grouped, hostOf, reach, timeOfDay } from '../../../emulator/web/words.ts';

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
for (const [said, meant] of texts) words(meant, () => assert.is(said, meant));

const fleets: [states: ViewState[], quorum: number | undefined, sentence: string][] = [
  [[], undefined, '0 of 0 together'],
  [['healthy', 'failed', 'changing'], 3, '3 of 3 together, can decide'],
  [['healthy', 'offline', 'offline'], 2, '1 of 3 together, cannot decide: 2 needed'],
];
for (const [states, quorum, sentence] of fleets) {
  words(sentence, () => {
    const release = quorum === undefined ? {} : { release: { quorum } };
    const snapshot = { devices: states.map((state) => ({ state })), ...release } as unknown as Snapshot;
    assert.is(reach(snapshot).sentence, sentence);
  });
}

words.run();
