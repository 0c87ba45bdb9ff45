import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { differences } from '../../cli/lines.ts';

const s = suite('cli: differences of lines');

const rows: [name: string, a: string, b: string, lines: string[]][] = [
  ['nothing', '', '', []],
  ['the same', 'a b', 'a b', []],
  ['one more', 'a c', 'a b c', ['+ b']],
  ['one less', 'a b c', 'a c', ['- b']],
  ['one changed', 'a b c', 'a x c', ['- b', '+ x']],
  ['all', 'a b', 'x y', ['- a', '- b', '+ x', '+ y']],
  ['moved', 'a b c', 'b c a', ['- a', '+ a']],
];

for (const [name, a, b, lines] of rows) s(name, () => assert.equal(differences(words(a), words(b)), lines));

function words(text: string): string[] {
  return text.split(' ').filter(Boolean);
}

s.run();
