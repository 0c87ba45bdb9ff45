import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { wayOut } from '../../../cli/cluster/start.ts';
import { askHeights, type Heights, leftBehind } from '../../../firmware-bridge/cometbft/left-behind.ts';

const test = suite('cometbft/left-behind');

const of = (...rows: readonly (readonly [earliest: number, latest: number])[]): Heights[] =>
  rows.map(([earliest, latest], index) => ({ name: `pad-0${index + 1}`, earliest, latest }));

const rows: readonly (readonly [name: string, heights: Heights[], behind: string[]])[] = [
  ['nobody answers', [], []],
  ['one alone', of([5, 9]), []],
  ['all are even', of([1, 9], [1, 9], [1, 9]), []],
  ['one is behind, and its next block is there', of([10, 50], [11, 50], [1, 9]), []],
  ['one of those ahead still has it', of([40, 50], [5, 50], [1, 9]), []],
  ['nobody ahead has it', of([40, 50], [30, 50], [1, 9]), ['pad-03 at 9, from 30']],
  ['one is left behind, another has its next block of that one', of([40, 50], [1, 9], [1, 12]), ['pad-03 at 12, from 40']],
  ['one that is new', of([1, 50], [0, 0]), []],
];

for (const [name, heights, behind] of rows)
  test(name, () => {
    const told = leftBehind(heights).map((each) => `${each.name} at ${each.latest}, from ${each.earliest}`);
    assert.equal(told, behind);
  });

test('heights are asked of whoever answers in their form', async () => {
  const answers: Record<string, string> = {
    good: JSON.stringify({ result: { sync_info: { earliest_block_height: '7', latest_block_height: '9' } } }),
    strange: '{"result":{}}',
    broken: '<html>',
  };
  const servers = Object.values(answers).map((body) => createServer((_request, response) => void response.end(body)));
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))),
    ),
  );
  const nodes = Object.keys(answers).map((name, index) => ({ name, url: `http://127.0.0.1:${ports[index]}` }));
  const found = await askHeights([...nodes, { name: 'away', url: 'http://127.0.0.1:1' }]);
  for (const server of servers) server.close();
  assert.equal(found, [{ name: 'good', earliest: 7, latest: 9 }]);
});

test('the way out names the command', () => {
  const lines = wayOut('fleet', { name: 'pad-04', latest: 9, earliest: 30 });
  assert.match(lines[0]!, /^pad-04 stands at height 9, and the others keep their blocks only from 30 on/);
  assert.match(lines[1]!, /classpad cluster start fleet --rejoin pad-04$/);
});

test.run();
