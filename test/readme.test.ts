/** What the documents promise is there: files, scripts, commands and their options. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { commands } from '../cli/commands/index.ts';
import { root } from './support/need.ts';

const s = suite('documents');
const LEFT_OUT = new Set(['node_modules', 'build', '.git', 'coverage']);
/** Other spellings, and what has no table. */
const WORDS = new Set(['enroll', 'command', 'help']);

function documents(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (LEFT_OUT.has(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? documents(path) : entry.name.endsWith('.md') ? [path] : [];
  });
}

const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

/** Code of a document: what stands in fences, line by line, and in backticks. */
function codeOf(text: string): string[] {
  const fenced = [...text.matchAll(/```[^\n]*\n([\s\S]*?)```/g)].flatMap(([, block]) => block!.replace(/\\\n/g, ' ').split('\n'));
  const inline = [...text.replace(/```[\s\S]*?```/g, '').matchAll(/`([^`]+)`/g)].map(([, code]) => code!.replace(/\s+/g, ' '));
  return [...fenced, ...inline];
}

/** The commands of a line, each with its words. */
function callsOf(line: string): string[][] {
  const code = line.replace(/\s#.*$/, '').replace(/\$\(([^)]*)\)/g, ' ; $1 ; ');
  return code.split(/[;|]|&&/).flatMap((part) => {
    const at = /(?:^|\s)classpad ([a-z]+)\b(.*)$/.exec(part);
    return at ? [[at[1]!, ...at[2]!.trim().split(/\s+/)]] : [];
  });
}

for (const path of documents(root)) {
  const name = relative(root, path);
  const text = readFileSync(path, 'utf8');

  s(`${name}: its links lead somewhere`, () => {
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, link]) => link!)
      .filter((link) => !/^(https?:|#|mailto:)/.test(link));
    for (const link of links) {
      const [file = '', anchor] = link.split('#');
      const target = join(dirname(path), file);
      assert.ok(existsSync(target), link);
      if (anchor === undefined) continue;
      const headings = [...readFileSync(target, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, title]) => slug(title!));
      assert.ok(headings.includes(anchor), link);
    }
  });

  s(`${name}: its scripts are in package.json`, () => {
    for (const [, script] of text.matchAll(/npm run (?:--silent )?([\w:-]+)/g)) assert.ok(scripts[script!], script);
  });

  s(`${name}: its commands and their options are there`, async () => {
    for (const [command = '', ...words] of codeOf(text).flatMap(callsOf)) {
      if (WORDS.has(command)) continue;
      assert.ok(Object.hasOwn(commands, command), `classpad ${command}`);
      const { options } = await commands[command]!();
      for (const [, option] of words.join(' ').matchAll(/(?<=^|\s)--([\w-]+)/g))
        assert.ok(Object.hasOwn(options, option!) || option === 'help', `classpad ${command} --${option}`);
    }
  });
}

function slug(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .replace(/\s/g, '-');
}

s('README.md names every command', () => {
  const text = readFileSync(join(root, 'README.md'), 'utf8');
  const missing = Object.keys(commands).filter((name) => !new RegExp(`\\b${name}\\b`).test(text));
  assert.equal(missing, []);
});

s.run();
