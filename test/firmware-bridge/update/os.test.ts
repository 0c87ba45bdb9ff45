import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isPassing, reasonIn } from '../../../firmware-bridge/update/os.ts';

const s = suite('update/os');

/** What RAUC 1.8 prints, on both its outputs, and what is told of it. */
const rows: [name: string, printed: string[], reason: string | undefined][] = [
  [
    'half of a bundle, of which it was only asked what it is',
    [
      'rauc-Message: 07:40:37.975: Reading bundle: /data/payloads/a.raucb',
      'Invalid bundle format: Signature size (17322418551708842387) exceeds bundle size',
    ],
    'Invalid bundle format: Signature size (17322418551708842387) exceeds bundle size',
  ],
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

/** Of RAUC 1.8, its client and what starts it: what says nothing of a bundle. */
const hindrances: [reason: string, isPassing: boolean][] = [
  ['Error creating proxy: Error calling StartServiceByName for de.pengutronix.rauc: Timeout was reached', true],
  ['GDBus.Error:org.freedesktop.DBus.Error.NoReply: Message recipient disconnected', true],
  ['spawn rauc ENOENT', true],
  ['Failed to write to /data/rauc/status: No space left on device', true],
  ["Compatible mismatch: Expected 'classpad-qemu-x86_64' but bundle manifest has 'other-board'", false],
  ['signature verification failed: Verify error: self-signed certificate', false],
  ['Invalid bundle format: Signature size (17322418551708842387) exceeds bundle size', false],
  ['Installation error: Failed updating slot system.1: Failed splicing data: Error reading from file: Input/output error', false],
];
for (const [reason, expected] of hindrances)
  s(`a verdict or not: ${reason.slice(0, 40)}`, () => assert.is(isPassing(reason), expected));

s.run();
