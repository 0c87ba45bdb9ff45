import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { printable } from '../../cli/printable.ts';
import { printJson } from '../../cli/tell.ts';

const s = suite('cli: what reaches the terminal');

const rows: [name: string, said: string, shown: string][] = [
  ['words', 'pad-1: healthy', 'pad-1: healthy'],
  ['other scripts', 'grüße, 你好, 🙂', 'grüße, 你好, 🙂'],
  ['a second line', 'ok\n     9  2026-01-01 00:00:00  ops-1  Approved', 'ok      9  2026-01-01 00:00:00  ops-1  Approved'],
  ['a line feed by another name', 'a\u2028b\r\nc', 'a b c'],
  ['an escape sequence', 'a\u001b[2Jb\u009b1m', 'a\ufffd[2Jb\ufffd1m'],
  ['a bell, a null, a delete', '\u0007\u0000\u007f', '\ufffd\ufffd\ufffd'],
  ['a change of direction', 'a\u202eb\u2066c', 'a\ufffdb\ufffdc'],
];

for (const [name, said, shown] of rows) {
  s(name, () => {
    const seen: string[] = [];
    const see = (text: string) => void seen.push(text);
    const io = printable({ out: see, err: see, redraw: see, env: {} });
    io.out(said);
    io.err(said);
    io.redraw!(said);
    assert.equal(seen, [shown, shown, shown]);
  });
}

s('JSON keeps its lines, and its numbers', () => {
  const seen: string[] = [];
  printJson({ out: (line) => seen.push(line), err: () => {}, env: {} }, { small: 1n, large: 2n ** 64n });
  assert.equal(seen, ['{', '  "small": 1,', '  "large": "18446744073709551616"', '}']);
});

s.run();
