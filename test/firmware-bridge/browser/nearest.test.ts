import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { build } from 'esbuild';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { nodesOf } from '../../../firmware-bridge/browser/nearest.ts';
import { launchChromium } from '../../support/chromium.ts';
import { need, root } from '../../support/need.ts';
import { open, shut } from '../../support/proxied.ts';

const s = suite('browser/nearest');
const servers: Server[] = [];
const browser = await launchChromium();

/** A node so many milliseconds away, which names others. */
async function node(awayMs: number, others: () => readonly string[] = () => []): Promise<{ url: string; server: Server }> {
  const server = createServer((request, response) => {
    setTimeout(() => {
      const headers = { 'access-control-allow-origin': '*', 'content-type': 'application/json' };
      const nodes = others().map((url, index) => ({ name: `pad-${index}`, url }));
      response.writeHead(200, headers).end(request.url === '/who' ? `${awayMs}` : JSON.stringify({ nodes }));
    }, awayMs);
  });
  servers.push(server);
  return { url: `http://127.0.0.1:${await open(server)}`, server };
}

s.after(async () => {
  await browser?.close();
  for (const server of servers) await shut(server);
});

s('what a node names and is no address is passed over; who is silent is not waited for', async () => {
  const strange = [
    7,
    null,
    'javascript:alert(1)',
    'http://10.0.0.2:8080/../x?y',
    '//10.0.0.2',
    'http://10.0.0.2:8080',
    'https://[fe80::1]:8443',
  ];
  const { url } = await node(0, () => strange as string[]);
  assert.equal(await nodesOf(url), [url, 'http://10.0.0.2:8080', 'https://[fe80::1]:8443']);
  const many = await node(0, () => Array.from({ length: 500 }, (_, index) => `http://10.0.0.2:${1000 + index}`));
  assert.is((await nodesOf(many.url)).length, 65);
  const silent = await node(60_000);
  assert.match(`${await nodesOf(silent.url, { deadlineMs: 50 }).catch(({ name }: Error) => name)}`, /TimeoutError/);
});

if (browser && need('Chromium', true, '')) {
  s('a page finds the nodes, the nearest of them, and the next when that one is gone', async () => {
    const bundle = await build({
      entryPoints: [join(root, 'firmware-bridge/browser/nearest.ts')],
      bundle: true,
      format: 'iife',
      globalName: 'classpad',
      write: false,
    });
    const gone = await node(0);
    await shut(gone.server);
    const near = await node(5);
    const middle = await node(150);
    const far = await node(400, () => [gone.url, near.url, middle.url]);
    const page = await (await browser.newContext()).newPage();
    await page.goto(`${far.url}/who`);
    await page.addScriptTag({ content: bundle.outputFiles[0]!.text });
    const order = await page.evaluate(`classpad.nodesOf('${far.url}').then((urls) => classpad.nearest(urls))`);
    assert.equal(order, [near.url, middle.url, far.url]);
    const who = `ask('/who').then((response) => response.text())`;
    await page.evaluate(`ask = classpad.fetchNearest(${JSON.stringify(order)})`);
    assert.is(await page.evaluate(who), '5');
    await shut(near.server);
    assert.is(await page.evaluate(who), '150');
    // The two lines that need no module: whoever answers first is the nearest.
    const twoLines = `(async () => {
      const { nodes } = await (await fetch('/.well-known/classpad')).json();
      return Promise.any(nodes.map(async ({ url }) => (await fetch(url + '/.well-known/classpad')) && url));
    })()`;
    assert.is(await page.evaluate(twoLines), middle.url);
  });
}

if (!browser) s('is skipped without Chromium, and says so', () => assert.is(browser, undefined));
s.run();
