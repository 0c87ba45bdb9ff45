/** The page of refusals, row by row: what stands there is what is said. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseDocument } from 'yaml';
import { composeToManifest, type Path } from '../../../runtime/manifest/index.ts';
import { refusedServiceKeys, refusedTopKeys } from '../../../runtime/manifest/refused.ts';
import { refusal } from '../../../runtime/ports/index.ts';
import { helloSpec } from '../../support/containers/stage.ts';
import { artifactOf } from '../../support/contract.ts';
import { root } from '../../support/need.ts';

const s = suite('manifest/refused');

/** The tables of the page, in their order; a row is its two cells. */
const tables = readFileSync(join(root, 'runtime/manifest/REFUSED.md'), 'utf8')
  .split(/\n\n/)
  .filter((block) => block.startsWith('|'))
  .map((block) => block.trim().split('\n').slice(2).map(cells));
const [service, top, ledger, device] = tables as [Row[], Row[], Row[], Row[]];

type Row = readonly [what: string, words: string];

function cells(line: string): Row {
  const [what = '', words = ''] = line.slice(2, -2).split(/ (?<!\\)\| /);
  return [plain(what), plain(words)];
}

function plain(cell: string): string {
  return cell.replace(/^`|`$/g, '').replaceAll('\\|', '|');
}

function check(source: string): string {
  const document = parseDocument(source, { merge: true });
  const lineOf = (path: Path) => {
    const node = document.getIn(path, true) as { range?: [number] } | undefined;
    return node?.range ? source.slice(0, node.range[0]).split('\n').length : undefined;
  };
  try {
    composeToManifest(document.toJS(), lineOf);
    return 'nothing: it is honoured';
  } catch (error) {
    return (error as Error).message;
  }
}

for (const [key, words] of service)
  s(`of a service: ${key}`, () => assert.is(check(`services:\n  web:\n    image: app:1\n    ${key}\n`), words));

for (const [key, words] of top)
  s(`at the top: ${key}`, () => assert.is(check(`services: { web: { image: app:1 } }\n${key}\n`), words));

for (const [field, words] of device) {
  s(`by the device: ${field}`, () => {
    const spec = { ...helloSpec({ device: 'pad-1' }, 'web'), ...JSON.parse(field) };
    assert.is(refusal(spec, 'pad-1'), words);
  });
}

s('no refused key is missing', () => {
  const shown = (rows: readonly Row[]) => new Set(rows.map(([key]) => key.split(':')[0]!));
  assert.equal(
    Object.keys(refusedServiceKeys).filter((key) => !shown(service).has(key)),
    [],
  );
  assert.equal(
    Object.keys(refusedTopKeys).filter((key) => !shown(top).has(key)),
    [],
  );
});

s('no error of the contract is missing', () => {
  const errors = artifactOf('Fleet').abi.flatMap((item) => (item.type === 'error' ? [(item as { name: string }).name] : []));
  assert.equal(ledger.map(([name]) => name).sort(), errors.sort());
});

s.run();
