import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createRecords } from '../../emulator/records.ts';

const test = suite('emulator/records');
const request = { at: 1, method: 'GET', path: '/', status: 200, tookMs: 1, release: 'hello r1' };

test('lines stand with their device, the last forty', () => {
  const records = createRecords();
  for (let line = 0; line < 50; line++) records.log('a', { at: line, level: 'info', text: `line ${line}` });
  records.log('b', { at: 9, level: 'warn', text: 'x'.repeat(900) });
  const log = records.logOf('a');
  assert.equal([log.length, log[0]!.text, log.at(-1)!.text], [40, 'line 10', 'line 49']);
  assert.is(new Set(log.map(({ id }) => id)).size, 40);
  assert.is(records.logOf('b')[0]!.text.length, 500);
  assert.equal(records.logOf('c'), []);
});

test('requests are counted, the last twenty kept, and each is taken once', () => {
  const records = createRecords();
  for (let count = 0; count < 30; count++) records.request('a', { ...request, path: `/${count}` });
  assert.equal([records.countOf('a'), records.countOf('b'), records.requestsOf('a').length], [30, 0, 20]);
  assert.is(records.takeRequests().length, 30);
  assert.equal(records.takeRequests(), []);
});

test.run();
