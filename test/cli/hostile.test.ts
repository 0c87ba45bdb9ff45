/** Nodes that answer nonsense: a sentence and exit code 1, from every command that asks them. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { classpad, file } from './support.ts';

const s = suite('cli: hostile nodes');
const MEBIBYTE = 1024 * 1024;
const KEY = `0x${'42'.repeat(32)}`;
const good = file('hostile.yaml', 'services:\n  web:\n    image: classpad/hello:1\n');

type Reply = { readonly status?: number; readonly body: string | Buffer } | 'hang up';
type Call = { readonly method: string; readonly id: number };

let reply: (call: Call) => Reply;
let server: Server;
let rpc = '';

s.before(async () => {
  server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const given = reply(JSON.parse(text) as Call);
    if (given === 'hang up') return void request.socket.destroy();
    response.writeHead(given.status ?? 200, { 'content-type': 'application/json' }).end(given.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  rpc = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
s.after(() => void server.close());

/** A node that answers as told for some methods and as a good one up to there. */
function node(answers: Readonly<Record<string, unknown>>) {
  const address = `0x${'11'.repeat(20)}`;
  const config = { fleet: address, chainId: 4400, sequencer: address, genesisHash: `0x${'22'.repeat(32)}`, version: '1' };
  const usual: Readonly<Record<string, unknown>> = {
    eth_chainId: '0x1130',
    classpad_config: config,
    eth_blockNumber: '0x1',
    eth_getCode: '0x00',
  };
  return ({ method, id }: Call): Reply => {
    const table = { ...usual, ...answers };
    const found = Object.hasOwn(table, method);
    const error = { code: -32601, message: `the method ${method} does not exist` };
    return { body: JSON.stringify({ jsonrpc: '2.0', id, ...(found ? { result: table[method] } : { error }) }) };
  };
}

const rows: [name: string, reply: (call: Call) => Reply, commands: string][] = [
  ['a web page', () => ({ body: '<html>hello</html>' }), 'status audit deploy'],
  ['nothing', () => ({ body: '' }), 'status audit deploy'],
  ['not found', () => ({ status: 404, body: 'nope' }), 'status audit deploy'],
  ['an internal error', () => ({ status: 500, body: '{}' }), 'status audit deploy'],
  ['a hang-up', () => 'hang up', 'status audit deploy'],
  ['null', () => ({ body: 'null' }), 'status audit deploy'],
  ['a list', () => ({ body: '[]' }), 'status audit deploy'],
  [
    'an error without a message',
    ({ id }) => ({ body: JSON.stringify({ jsonrpc: '2.0', id, error: {} }) }),
    'status audit deploy',
  ],
  ['more than anybody reads', () => ({ body: Buffer.alloc(65 * MEBIBYTE, 'x') }), 'status'],
  ['a chain id that is none', node({ eth_chainId: 'soon' }), 'status audit deploy'],
  ['a standing that is none', node({ classpad_node: 7, eth_getBlockByNumber: 7 }), 'status'],
  ['a configuration that is none', node({ classpad_config: 7 }), 'status audit deploy'],
  [
    'a configuration with nonsense in it',
    node({ classpad_config: { fleet: 7, sequencer: {}, genesisHash: [] } }),
    'status audit deploy',
  ],
  ['no contract', node({ eth_getCode: '0x' }), 'status deploy'],
  ['a contract that answers nothing', node({ eth_call: '0x' }), 'status deploy'],
  ['a contract that answers nonsense', node({ eth_call: '0x1234', eth_getBlockByNumber: { number: '0x1' } }), 'status deploy'],
  ['a block number that is none', node({ eth_blockNumber: 'many' }), 'audit'],
  ['no block', node({ eth_getBlockByNumber: null }), 'audit'],
  ['a block that is none', node({ eth_getBlockByNumber: 7 }), 'audit'],
  ['a block of nothing', node({ eth_getBlockByNumber: {} }), 'audit'],
  ['transactions that are none', node({ eth_getBlockByNumber: { transactions: [7, null] } }), 'audit'],
];

for (const [name, answer, commands] of rows) {
  for (const command of commands.split(' ')) {
    s(`${command}: ${name}`, async () => {
      reply = answer;
      const args = command === 'deploy' ? [command, good, '--app', 'a'] : [command];
      const said = await classpad(args, { CLASSPAD_RPC: rpc, CLASSPAD_KEY: KEY });
      assert.is(said.exitCode === 0, false, said.out);
      assert.match(said.err, /^classpad: .{10}/m);
      assert.not.match(said.err, / {4}at |of undefined|is not a function|is not iterable|\[object/);
      if (process.env['SHOW']) console.log(`${command}: ${name}: ${said.exitCode} ${said.err}`);
    });
  }
}

s.run();
