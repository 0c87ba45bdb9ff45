import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { boundedHttp } from '../../../cli/fleet/transport.ts';

/** Answers on a thread of its own, and soon closes a connection that it has promised to keep. */
const SERVER = `
const { createServer } = require('node:http');
const { parentPort } = require('node:worker_threads');
const server = createServer((request, response) => {
  request.resume().on('end', () => {
    response.setHeader('keep-alive', 'timeout=60');
    response.end('{"jsonrpc":"2.0","id":1,"result":"0x1"}');
    setTimeout(() => request.socket.end(), 50);
  });
});
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

test('a connection that was closed while this process computed is not used again', async () => {
  const server = new Worker(SERVER, { eval: true });
  try {
    const [port] = await once(server, 'message');
    const { request } = boundedHttp(`http://127.0.0.1:${port}`)({});
    for (let round = 0; round < 5; round++) {
      assert.is(await request({ method: 'eth_chainId' }), '0x1');
      // Nothing is noticed meanwhile.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 150);
    }
  } finally {
    await server.terminate();
  }
});

test.run();
