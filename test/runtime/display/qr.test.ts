import fc from 'fast-check';
import decodeQR from 'qr/decode.js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeQr, QR_BYTES_LIMIT } from '../../../runtime/display/qr.ts';

const qr = suite('qr');
const QUIET = 4;
const PIXELS = 6;

/** What a camera's software reads, by another's decoder. */
function scan(text: string): string {
  const modules = encodeQr(text);
  const side = (modules.length + 2 * QUIET) * PIXELS;
  const data = new Uint8Array(side * side * 3).fill(255);
  modules.forEach((row, y) => {
    row.forEach((isDark, x) => {
      if (!isDark) return;
      for (let dy = 0; dy < PIXELS; dy++) {
        const at = ((y + QUIET) * PIXELS + dy) * side + (x + QUIET) * PIXELS;
        data.fill(0, at * 3, (at + PIXELS) * 3);
      }
    });
  });
  return decodeQR({ width: side, height: side, data });
}

const texts: [what: string, text: string][] = [
  ['an address on a ledger', 'ethereum:0x7e5f4552091a69125d5dfcb7b8c2659029395bdf@4400'],
  ['nothing', ''],
  ['one character', 'A'],
  ['as much as fits', 'x'.repeat(QR_BYTES_LIMIT)],
];
for (const [what, text] of texts) qr(`${what} is read back`, () => assert.is(scan(text), text));

qr('any printable text is read back', () => {
  const printable = fc.string({ minLength: 1, maxLength: QR_BYTES_LIMIT });
  fc.assert(
    fc.property(printable, (text) => scan(text) === text),
    { numRuns: 40 },
  );
});

qr('too long a text is refused', () => {
  assert.throws(() => encodeQr('x'.repeat(QR_BYTES_LIMIT + 1)), /at most 78 characters, not 79/);
});

qr.run();
