/** What a node of a cluster says of itself goes into a file of the one that joins: it must be what it should be, and no more. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { beginningOf } from '../../../cli/cluster/join.ts';

const s = suite('cluster: join');
const ID = 'ab'.repeat(20);
const trust = { height: 7, hash: `0x${'cd'.repeat(32)}` };
let body = '';
const server = createServer((_request, response) => void response.end(body));
let url = '';
s.before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
s.after(() => void server.close());

const told = (id: unknown, listen_addr: unknown) => JSON.stringify({ result: { node_info: { id, listen_addr } } });

for (const address of ['10.0.0.1:26656', 'pad-1.example:26656', '[fe80::1]:26656'])
  s(`a peer at ${address}`, async () => {
    body = told(ID, `tcp://${address}`);
    const { peers, stateSync } = await beginningOf({ servers: [url], trust });
    assert.equal(peers, [`${ID}@${address}`]);
    assert.is(stateSync.hash, 'CD'.repeat(32));
  });

const INJECTED = '10.0.0.1:26656"\naddr_book_file = "/etc/passwd';
const refused: readonly (readonly [name: string, body: string])[] = [
  ['an address that goes on', told(ID, `tcp://${INJECTED}`)],
  ['an id that goes on', told(`${ID}"\n[instrumentation]\nprometheus = true\nx = "`, 'tcp://10.0.0.1:26656')],
  ['two addresses', told(ID, `10.0.0.1:26656,${ID}@10.6.6.6:26656`)],
  ['an address without a port', told(ID, '10.0.0.1')],
  ['an id that is a number', told(7, '10.0.0.1:26656')],
  ['no JSON', '<html>'],
  ['null', 'null'],
  ['more than anybody reads', `"${'x'.repeat(17 * 1024 * 1024)}"`],
];
for (const [name, answer] of refused)
  s(`refused: ${name}`, async () => {
    body = answer;
    const said = await beginningOf({ servers: [url], trust }).catch((error: Error) => error);
    assert.ok(said instanceof Error, JSON.stringify(said));
    assert.match(said.message, /is not CometBFT's RPC|answers without end/);
  });

s.run();
