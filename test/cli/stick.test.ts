/** A site without a network: decisions and images come on a stick, to a real node on a real Docker Engine of its own. */
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { stringToHex } from 'viem';
import type { Stick } from '../../cli/stick/format.ts';
import { openIdentity } from '../../firmware-bridge/device/identity.ts';
import { createEngine } from '../../firmware-bridge/docker/engine.ts';
import { HELLO_IMAGE, helloFiles, readStatic } from '../../firmware-bridge/docker/hello.ts';
import { dockerEngine } from '../../firmware-bridge/docker/index.ts';
import { imageId } from '../../firmware-bridge/docker/pull.ts';
import { tar } from '../../firmware-bridge/docker/tar.ts';
import { decodeBlocks, encodeBlocks } from '../../runtime/consensus/messages.ts';
import { encodeManifest } from '../../runtime/manifest/index.ts';
import { startDockerd } from '../support/dockerd.ts';
import { need } from '../support/need.ts';
import { configText, isBuilt, type NodeProcess, nodeProcess, OPERATOR_KEY } from '../support/node-process.ts';
import { operatorOf, PHASE } from '../support/operator.ts';
import { rawEntry, zeroBlocks } from '../support/raw-tar.ts';
import { fakeRegistry } from '../support/registry.ts';
import { until } from '../support/wait.ts';
import { classpad, folder, type Said } from './support.ts';

const s = suite('cli: a stick');
const busybox = readStatic('/bin/busybox');
const ready =
  need('a build', isBuilt, 'build/cli.js or what it needs is missing; run: npm run build') &&
  need('busybox', busybox !== undefined, 'no static /bin/busybox to make images from');
const here = ready ? await startDockerd() : undefined;
const there = here ? await startDockerd() : undefined;

if (here && there) {
  const stick = join(folder, 'stick');
  const registry = await fakeRegistry(tar(helloFiles(busybox!)));
  const engine = dockerEngine(here.url, 'pad-1');
  const other = dockerEngine(there.url, 'pad-2');
  let hello = '';
  let carried = '';
  /** The archive of an image by its name. */
  let named: Buffer;
  let node: NodeProcess;
  let site: NodeProcess;

  const run = (verb: string, at: NodeProcess, url: string, path = stick): Promise<Said> =>
    classpad([verb, path], {
      CLASSPAD_RPC: `http://127.0.0.1:${at.ports.rpc}`,
      CLASSPAD_ENGINE: url,
      CLASSPAD_KEY: OPERATOR_KEY,
    });
  const headOf = async (at: NodeProcess) => Number(await at.call('eth_blockNumber'));
  const index = (path: string): Stick => JSON.parse(readFileSync(join(path, 'stick.json'), 'utf8'));
  const running = async () => (await other.containers.list()).filter(({ state }) => state === 'running').map(({ id }) => id);

  s.before(async () => {
    await engine.ensureHelloImage();
    hello = (await imageId(createEngine(here.url), HELLO_IMAGE))!;
    const call = { method: 'GET', path: `/images/${HELLO_IMAGE}/get`, maxBytes: 100_000_000 } as const;
    named = (await createEngine(here.url).send(call)).body;
    carried = await digestOf(`http://${registry.host}/v2/good/manifests/1`).then((digest) => `${registry.host}/good@${digest}`);
    node = await nodeProcess(here.url);
    await node.start();
    await operatorOf(node).begin();
    const { address } = openIdentity(join(node.folder, 'data/device.key'));
    site = await nodeProcess(there.url, { name: 'pad-2', sequencer: `"${address}"` });
    await site.start();
    await operatorOf(node).send('enrol', [[openIdentity(join(site.folder, 'data/device.key')).address], ['pad-2']]);
    const test = ['CMD', 'wget', '-q', '-O-', 'http://127.0.0.1:8080/'];
    const healthcheck = { test, intervalMs: 300, retries: 5 };
    const web = { image: hello, ports: [8080], healthcheck };
    await operatorOf(node).propose('hello', encodeManifest({ version: 1, services: { web, side: { image: carried } } }), 3600);
    await until("the first device's vote to be on the ledger", async () => {
      const release = (await operatorOf(node).read('release', [stringToHex('hello', { size: 32 }), 1n])) as {
        healthyVotes: number;
      };
      return Number(release.healthyVotes) === 1;
    });
  });

  s.after(async () => {
    for (const each of [node, site]) await each?.kill();
    for (const each of [engine, other]) {
      await each.clear();
      each.close();
    }
    await here.stop();
    await there.stop();
    for (const each of [node, site]) each?.remove();
    rmSync(stick, { recursive: true, force: true });
  });

  s('is written once: a second time only what is new', async () => {
    const said = await run('export', node, here.url);
    assert.match(said.out, /^\d+ blocks and 2 images are in /, said.err);
    const { images, blocks } = index(stick);
    assert.equal(
      images.map(({ image, proof }) => [image, proof.length]).sort(),
      [
        [carried, 1],
        [hello, 0],
      ].sort(),
    );
    assert.is(blocks[0]!.from, 1);
    const before = readFileSync(join(stick, 'stick.json'), 'utf8');
    registry.close();
    assert.is((await run('export', node, here.url)).exitCode, 0, 'what is there already needs no registry');
    assert.is(readFileSync(join(stick, 'stick.json'), 'utf8'), before);
    assert.equal(
      readdirSync(join(stick, 'images')).filter((name) => name.endsWith('.part')),
      [],
    );
  });

  /** Puts other bytes in a file of a stick, and the index right again: only what is inside can tell. */
  function forge(path: string, file: string, bytes: Uint8Array): void {
    writeFileSync(join(path, file), bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const change = <T extends { file: string }>(row: T) => (row.file === file ? { ...row, size: bytes.length, sha256 } : row);
    const stick = index(path);
    writeIndex(path, { ...stick, blocks: stick.blocks.map(change), images: stick.images.map(change) });
  }
  function writeIndex(path: string, stick: unknown): void {
    writeFileSync(join(path, 'stick.json'), JSON.stringify(stick));
  }
  type Blocks = ReturnType<typeof decodeBlocks>;
  const forgeBlocks = (change: (blocks: Blocks) => Blocks) => (path: string) => {
    const { file } = index(path).blocks[0]!;
    forge(path, file, encodeBlocks(change(decodeBlocks(readFileSync(join(path, file))))));
  };
  const forgeImage = (change: (bytes: Buffer) => Uint8Array) => (path: string) => {
    const { file } = index(path).images.find(({ image }) => image === hello)!;
    forge(path, file, change(readFileSync(join(path, file))));
  };
  /** The archive with one more manifest at its end, which names the image. */
  const hiding = (bytes: Buffer, hide: (hidden: Buffer, evil: string) => readonly Buffer[]): Buffer => {
    const at = bytes.indexOf('manifest.json\0') + 512;
    const evil = bytes
      .toString('latin1', at, bytes.indexOf('\0', at))
      .replace('"RepoTags":null', '"RepoTags":["busybox:latest"]');
    const hidden = rawEntry({ name: 'manifest.json', bytes: evil });
    return Buffer.concat([bytes.subarray(0, -1024), ...hide(hidden, evil), zeroBlocks(2)]);
  };
  const flip = (bytes: Buffer, at: number): Buffer => {
    bytes[at]! ^= 1;
    return bytes;
  };

  const FORGERIES: readonly [what: string, forge: (path: string) => void, sentence: RegExp][] = [
    [
      'no index',
      (path) => rmSync(join(path, 'stick.json')),
      /there is no .*stick\.json; a stick is made with: classpad export DIR/,
    ],
    [
      'an index of something else',
      (path) => writeIndex(path, { format: 'x' }),
      /is not the index of a stick in the form classpad-stick-1/,
    ],
    [
      'a path out of the stick',
      (path) => writeIndex(path, { ...index(path), blocks: [{ ...index(path).blocks[0]!, file: '../../etc/passwd' }] }),
      /is not the index of a stick/,
    ],
    [
      'another ledger',
      (path) => writeIndex(path, { ...index(path), genesisHash: `0x${'ab'.repeat(32)}` }),
      /this stick is of another ledger/,
    ],
    ['a file that is missing', (path) => rmSync(join(path, index(path).images[0]!.file)), /images\/[0-9a-f]+\.tar is missing/],
    [
      'a file that was changed',
      (path) =>
        writeFileSync(join(path, index(path).blocks[0]!.file), flip(readFileSync(join(path, index(path).blocks[0]!.file)), 99)),
      /blocks\/000000001\.rlp is not what stick\.json says: it was changed/,
    ],
    [
      'a block with another time',
      forgeBlocks(([one, ...rest]) => [{ ...one!, header: { ...one!.header, timestamp: 7 } }, ...rest]),
      /blocks\/000000001\.rlp: block 1 does not bear the seal/,
    ],
    ['a block left out', forgeBlocks(([one, _, ...rest]) => [one!, ...rest]), /block 3 does not follow block 1/],
    [
      'a transaction left out',
      forgeBlocks(([one, ...rest]) => [{ ...one!, transactions: [] }, ...rest]),
      /block 1 has other transactions than its header commits to/,
    ],
    ['the last block cut off', forgeBlocks((blocks) => blocks.slice(0, -1)), /it ends with block \d+, and stick\.json says/],
    ['no blocks at all', (path) => forge(path, index(path).blocks[0]!.file, Buffer.from('nothing')), /its blocks cannot be read/],
    [
      'a layer with another byte',
      forgeImage((bytes) => flip(bytes, bytes.indexOf('busybox') > 0 ? bytes.indexOf('#!/bin/sh') : 0)),
      /its layer 1 is not what sha256:[0-9a-f]+ is made of/,
    ],
    [
      'a configuration with another byte',
      forgeImage((bytes) => flip(bytes, bytes.indexOf('"rootfs"') + 2)),
      /its configuration is not that of sha256/,
    ],
    [
      'names in what a folder claims to hold',
      forgeImage((bytes) => hiding(bytes, (hidden) => [rawEntry({ name: 'x/', type: '5', size: hidden.length }), hidden])),
      /x\/ is a folder or a link and has content/,
    ],
    [
      'names by another way',
      forgeImage((bytes) => hiding(bytes, (_, evil) => [rawEntry({ name: './manifest.json', bytes: evil })])),
      /\.\/manifest\.json is no plain name/,
    ],
    [
      'names in other letters',
      forgeImage((bytes) => Buffer.from(bytes.toString('latin1').replace('"RepoTags":null', '"repoTags":[]  '), 'latin1')),
      /it tells "repoTags" of the image, which nobody knows/,
    ],
    [
      'an archive cut off',
      forgeImage((bytes) => bytes.subarray(0, bytes.length >> 1)),
      /it is no archive of an image|it does not hold one image/,
    ],
    ['an archive that brings a name of its own', forgeImage(() => named), /it would take the name classpad\/hello:1/],
    [
      'another image under the name',
      (path) =>
        writeIndex(path, { ...index(path), images: index(path).images.map((row) => ({ ...row, image: hello, proof: [] })) }),
      /its name leads to sha256:[0-9a-f]+, and it is sha256/,
    ],
    [
      'other manifests of the registry',
      (path) =>
        writeIndex(path, {
          ...index(path),
          images: index(path).images.map((row) => ({ ...row, proof: row.proof.map((text) => text.replace('{', '{ ')) })),
        }),
      /its manifests do not have the digest sha256/,
    ],
  ];
  s('what is on the machine is not written over by way of a link on the stick', async () => {
    const [victim, path] = [join(folder, 'victim'), join(folder, 'linked')];
    writeFileSync(victim, 'mine');
    for (const name of ['stick.json.part', 'blocks', 'images']) {
      mkdirSync(path);
      if (!name.endsWith('.part')) mkdirSync(join(folder, 'elsewhere'), { recursive: true });
      symlinkSync(name.endsWith('.part') ? victim : join(folder, 'elsewhere'), join(path, name));
      const said = await classpad(['export', path, '--no-images'], { CLASSPAD_RPC: `http://127.0.0.1:${node.ports.rpc}` });
      assert.is(said.exitCode, name.endsWith('.part') ? 0 : 2, said.err);
      rmSync(path, { recursive: true });
    }
    assert.is(readFileSync(victim, 'utf8'), 'mine');
    assert.equal(readdirSync(join(folder, 'elsewhere')), []);
  });

  for (const [what, forgery, sentence] of FORGERIES) {
    s(`refused, and nothing of it used: ${what}`, async () => {
      const path = join(folder, 'forged');
      cpSync(stick, path, { recursive: true });
      forgery(path);
      const said = await run('import', site, there.url, path);
      rmSync(path, { recursive: true, force: true });
      assert.match(said.err, sentence);
      assert.is.not(said.exitCode, 0);
      assert.is(await headOf(site), 0);
      assert.equal(await other.containers.images(), []);
    });
  }

  s('a site that has never had a network runs what was decided, after one import', async () => {
    const said = await run('import', site, there.url);
    assert.match(said.out, /^\d+ blocks and 2 images were new; the head is block \d+$/, said.err);
    assert.is(await headOf(site), index(stick).blocks.at(-1)!.to);
    await until('both services to run', async () => ((await running()).length === 2 ? true : undefined));
    assert.equal((await other.containers.list()).map(({ image }) => image).sort(), [carried, hello].sort());
    assert.match((await run('import', site, there.url)).out, /^0 blocks and 0 images were new/);
  });

  s('with no peers it boots to what was agreed, and its vote waits, over kills, until somebody hears it', async () => {
    const before = await running();
    await until('the vote', async () => (/vote: hello revision 1 is healthy/.test(site.said()) ? true : undefined));
    await site.kill();
    await site.start();
    await until('rest', async () => ((await running()).length === 2 ? true : undefined));
    assert.equal(await running(), before, 'nothing was made anew');
    const { pending } = (await site.call('txpool_status')) as { pending: string };
    assert.is(Number(pending), 1, 'the vote waits');
    assert.is(await operatorOf(node).phase('hello', 1), PHASE.rollingOut);
    await site.kill();
    const { rpc, proxy, peers } = site.ports;
    const { address } = openIdentity(join(node.folder, 'data/device.key'));
    const text = configText({
      engine: there.url,
      rpc,
      proxy,
      peers,
      name: 'pad-2',
      sequencer: `"${address}"`,
      connect: node.ports.peers,
    });
    writeFileSync(join(site.folder, 'node.yaml'), text);
    await site.start();
    assert.is(await operatorOf(node).decided('hello', 1), PHASE.active);
    assert.equal(await running(), before);
  });
}

async function digestOf(url: string): Promise<string> {
  const text = await (await fetch(url)).text();
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

s.run();
