/** The bundle `classpad/vm` in a browser: on the page itself and in a worker, with the same outcome as in Node. */
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { launchChromium, openPage } from '../../support/chromium.ts';
import { need, root } from '../../support/need.ts';

const BUNDLE = join(root, 'build/vm.js');

/**
 * keccak256 of 3 + 4, stored in slot 7; then bn254's addition of (1, 2) to itself by its precompile, whose first 32 bytes come back.
 * So the wasm and the host's curves both take part.
 */
const PROGRAM = '60036004015f5260205f2060075560015f526002602052600160405260026060526040608060805f5f60065af15060206080f3';

/** Runs in the browser, and here: everything it needs is in its text. */
const RUN = `async (url) => {
  const { createVm } = await import(url);
  const vm = createVm({ fork: 'Osaka' });
  const zero = '0x' + '00'.repeat(32);
  const from = '0x' + '00'.repeat(19) + 'aa';
  const to = '0x' + '00'.repeat(19) + 'c0';
  const code = Uint8Array.from('${PROGRAM}'.match(/../g).map((byte) => parseInt(byte, 16)));
  const contract = { nonce: 1n, balance: 0n, codeHash: '0x' + '11'.repeat(32), hasStorage: false };
  const block = { number: 1n, timestamp: 1n, gasLimit: 30000000n, coinbase: from, baseFee: 0n, prevRandao: zero, excessBlobGas: 0n, chainId: 1n };
  const message = { type: 0, sender: from, to, nonce: 0n, gasLimit: 200000n, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n, value: 0n, data: new Uint8Array() };
  const state = { account: (address) => (address === to ? contract : undefined), slot: () => zero, code: () => code, blockHash: () => zero };
  const outcome = vm.execute(block, message, state, { simulate: true });
  return JSON.stringify(outcome, (key, value) =>
    typeof value === 'bigint' ? value.toString() : value instanceof Uint8Array ? [...value].map((byte) => byte.toString(16).padStart(2, '0')).join('') : value);
}`;

const WORKER = `const run = ${RUN}; run(location.origin + '/vm.js').then((text) => postMessage(text), (error) => postMessage(String(error)));`;

const s = suite<{ browser: Browser | undefined; url: string; close(): void }>('vm/embed in Chromium');

s.before(async (context) => {
  context.browser = need('build/vm.js', existsSync(BUNDLE), 'run npm run build') ? await launchChromium() : undefined;
  const files: Record<string, [type: string, body: () => string | Buffer]> = {
    '/': ['text/html', () => '<!doctype html><link rel="icon" href="data:,"><title>vm</title>'],
    '/vm.js': ['text/javascript', () => readFileSync(BUNDLE)],
    '/worker.js': ['text/javascript', () => WORKER],
  };
  const server = createServer((request, response) => {
    const found = files[request.url ?? ''];
    response.writeHead(found ? 200 : 404, { 'content-type': found?.[0] ?? 'text/plain' }).end(found?.[1]());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  context.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  context.close = () => server.close();
});
s.after(async ({ browser, close }) => {
  await browser?.close();
  close();
});

s('the page, a worker and Node agree', async ({ browser, url }) => {
  if (!browser) return;
  const here = await new Function(`return ${RUN}`)()(`file://${BUNDLE}`);
  const { page, complaints } = await openPage(await browser.newContext(), `${url}/`);
  const onPage = await page.evaluate(`(${RUN})('${url}/vm.js')`);
  const inWorker = await page.evaluate(
    `new Promise((done) => { new Worker('/worker.js', { type: 'module' }).onmessage = (event) => done(event.data); })`,
  );
  const { status, output, diff } = JSON.parse(here);
  assert.is(status, 'Return');
  // 2 · (1, 2) on bn254, its x.
  assert.is(output, '030644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd3');
  assert.ok(diff.length > 0);
  assert.is(onPage, here);
  assert.is(inWorker, here);
  assert.equal(complaints, []);
});

s.run();
