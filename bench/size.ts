/** `npm run size`: what `build/vm.wasm` weighs, against its limits; ends with 1 if it is too heavy. */
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { Exit } from '../cli/command.ts';
import { runAlone } from '../cli/script.ts';

const LIMIT_BYTES = 80 * 1024;
const GZIPPED_LIMIT_BYTES = 28 * 1024;

await runAlone('size', {
  summary: 'what build/vm.wasm weighs, against its limits',
  options: {},
  async run(_, io) {
    const wasm = readFileSync('build/vm.wasm');
    const rows: readonly (readonly [name: string, bytes: number, limit: number])[] = [
      ['build/vm.wasm', wasm.length, LIMIT_BYTES],
      ['build/vm.wasm, gzipped', gzipSync(wasm, { level: 9 }).length, GZIPPED_LIMIT_BYTES],
    ];
    for (const [name, bytes, limit] of rows) {
      io.out(`${bytes > limit ? 'too large' : 'ok       '} ${name.padEnd(24)} ${bytes} bytes, at most ${limit}`);
    }
    return rows.some(([, bytes, limit]) => bytes > limit) ? Exit.failed : Exit.ok;
  },
});
