import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { reasonIn } from '../../../firmware-bridge/update/os.ts';

const s = suite('update/os');

/** What RAUC 1.8 prints, on both its outputs, and what is told of it. */
const rows: [name: string, printed: string[], reason: string | undefined][] = [
  [
    'the reason stands before the last line',
    [
      'installing',
      '100% Installing failed.',
      "LastError: Compatible mismatch: Expected 'classpad-qemu-x86_64' but bundle manifest has 'other-board'",
      'Installing `/data/payloads/a.raucb` failed',
    ],
    "Compatible mismatch: Expected 'classpad-qemu-x86_64' but bundle manifest has 'other-board'",
  ],
  [
    'without one the last line that tells of a failure',
    ['installing', 'rauc-WARNING: signature verification failed'],
    'signature verification failed',
  ],
  ['nothing', ['', 'installing'], undefined],
];

for (const [name, printed, reason] of rows) s(name, () => assert.is(reasonIn(printed.join('\n')), reason));

s.run();
