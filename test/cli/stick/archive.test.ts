/** Archives that would be another image, or bring names, in the eyes of an engine: they are refused, however they hide it. */
import { createHash } from 'node:crypto';
import { truncateSync, writeFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checkArchive, readChecked } from '../../../cli/stick/archive.ts';
import { type RawEntry, rawEntry, rawTar, zeroBlocks } from '../../support/raw-tar.ts';
import { file } from '../support.ts';

const s = suite('stick: archives');
const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');
const layer = Buffer.alloc(3000, 'layer');
const config = JSON.stringify({ rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] } });
const id = `sha256:${sha256(config)}`;
const manifest = (more: object = {}) =>
  JSON.stringify([{ Config: 'config.json', RepoTags: null, Layers: ['a/layer.tar'], ...more }]);
const EVIL = JSON.stringify([{ Config: 'config.json', RepoTags: ['busybox:latest'], Layers: ['a/layer.tar'] }]);

const good: readonly RawEntry[] = [
  { name: 'config.json', bytes: config },
  { name: 'a/', type: '5' },
  { name: 'a/layer.tar', bytes: layer },
];
const told: RawEntry = { name: 'manifest.json', bytes: manifest() };
const evil: RawEntry = { name: 'manifest.json', bytes: EVIL };
const whole = [...good, told];

/** As Docker writes it since version 25. */
const blob = (text: string): RawEntry => ({ name: `blobs/sha256/${sha256(text)}`, bytes: text });
const imageManifest = JSON.stringify({ config: { digest: id }, layers: [{ digest: `sha256:${sha256(layer)}` }] });
const indexOf = (row: object = {}, more: object = {}) =>
  JSON.stringify({ schemaVersion: 2, manifests: [{ digest: `sha256:${sha256(imageManifest)}`, ...row }], ...more });
const oci = (index: string): RawEntry[] => [
  ...whole,
  blob(imageManifest),
  { name: 'oci-layout', bytes: '{}' },
  { name: 'index.json', bytes: index },
];

const right: readonly (readonly [name: string, bytes: Uint8Array])[] = [
  ['as engines write it', rawTar(whole)],
  ['with an index of the OCI beside it', rawTar(oci(indexOf()))],
  [
    'a layer that is a link to another',
    rawTar([
      { name: 'b/layer.tar', type: '2', link: '../a/layer.tar' },
      ...good,
      { ...told, bytes: manifest({ Layers: ['b/layer.tar'] }) },
    ]),
  ],
  ['padded to a record', Buffer.concat([rawTar(whole), zeroBlocks(18)])],
  ['with the sources of its layers', rawTar([...good, { ...told, bytes: manifest({ LayerSources: {} }) }])],
];

for (const [name, bytes] of right)
  s(`right: ${name}`, async () => assert.is((await checkArchive(file('image.tar', bytes), id)).wrong, undefined));

const hidden = rawEntry(evil);
const wrong: readonly (readonly [name: string, bytes: Uint8Array, sentence: RegExp])[] = [
  [
    'a manifest in what a folder claims to hold',
    Buffer.concat([...whole.map(rawEntry), rawEntry({ name: 'x/', type: '5', size: hidden.length }), hidden, zeroBlocks(2)]),
    /x\/ is a folder or a link and has content/,
  ],
  [
    'a manifest in what a link claims to hold',
    Buffer.concat([
      ...whole.map(rawEntry),
      rawEntry({ name: 'x', type: '2', link: 'config.json', size: hidden.length }),
      hidden,
      zeroBlocks(2),
    ]),
    /has content/,
  ],
  [
    'a manifest in what a file that is a folder holds',
    Buffer.concat([...whole.map(rawEntry), rawEntry({ name: 'x/', type: '\0', size: hidden.length }), hidden, zeroBlocks(2)]),
    /x\/ is no plain name/,
  ],
  [
    'a manifest behind a header without a name',
    Buffer.concat([...whole.map(rawEntry), rawEntry({ name: '', type: '5', prefix: 'x' }), hidden, zeroBlocks(2)]),
    /manifest\.json stands in it twice/,
  ],
  [
    'a manifest behind one empty block',
    Buffer.concat([...whole.map(rawEntry), zeroBlocks(1), hidden, zeroBlocks(2)]),
    /more behind its end/,
  ],
  ['a manifest behind the end', Buffer.concat([rawTar(whole), hidden, zeroBlocks(2)]), /more behind its end/],
  [
    'a manifest in an older form, whose prefix does not count',
    rawTar([...whole, { ...evil, prefix: 'x', magic: '' }]),
    /no POSIX archive/,
  ],
  ['a manifest in the form of GNU', rawTar([...whole, { ...evil, prefix: 'x', magic: 'ustar  ' }]), /no POSIX archive/],
  ['a manifest with a trailer', rawTar([...whole, { ...evil, prefix: 'x', trailer: 'tar' }]), /no POSIX archive/],
  ['a manifest by another way', rawTar([...whole, { ...evil, name: './manifest.json' }]), /is no plain name/],
  ['a manifest by way of a folder', rawTar([...whole, { ...evil, name: 'a/../manifest.json' }]), /is no plain name/],
  ['a manifest from the root', rawTar([...whole, { ...evil, name: '/manifest.json' }]), /is no plain name/],
  [
    'a manifest through a link',
    rawTar([...whole, { name: 'l', type: '2', link: '.' }, { ...evil, name: 'l/manifest.json' }]),
    /l leads to nothing|stands under a link/,
  ],
  [
    'a manifest through a link to a file',
    rawTar([...whole, { name: 'l', type: '2', link: 'config.json' }, { ...evil, name: 'l/manifest.json' }]),
    /stands under/,
  ],
  ['a link out of it', rawTar([...whole, { name: 'l', type: '2', link: '/etc/shadow' }]), /l leads to nothing/],
  ['a link to above', rawTar([...whole, { name: 'l', type: '2', link: '../../etc/shadow' }]), /l leads to nothing/],
  ['a hard link', rawTar([...whole, { name: 'l', type: '1', link: 'config.json' }]), /of a kind/],
  ['a manifest twice', rawTar([...whole, evil]), /stands in it twice/],
  [
    'a name in another case',
    rawTar([...good, { ...told, bytes: manifest({ repotags: ['busybox:latest'] }) }]),
    /it tells "repotags" of the image/,
  ],
  [
    'a name in letters that fold',
    rawTar([...good, { ...told, bytes: manifest({ 'RepoTag\u017f': ['busybox:latest'] }) }]),
    /it tells "RepoTag/,
  ],
  [
    'a configuration in another case',
    rawTar([...good, { ...told, bytes: manifest({ config: 'evil.json' }) }]),
    /it tells "config" of the image/,
  ],
  ['names that are no list', rawTar([...good, { ...told, bytes: manifest({ RepoTags: 'busybox' }) }]), /would take the name/],
  [
    'a name in the index of the OCI',
    rawTar(oci(indexOf({ annotations: { 'io.containerd.image.name': 'docker.io/library/busybox:latest' } }))),
    /its index would take a name/,
  ],
  [
    'another image in the index of the OCI',
    rawTar([...oci(indexOf({ digest: `sha256:${sha256('{}')}` })), blob('{}')]),
    /its index does not lead to/,
  ],
  [
    'two images in the index of the OCI',
    rawTar(oci(JSON.stringify({ manifests: [{ digest: `sha256:${sha256(imageManifest)}` }, {}] }))),
    /its index does not lead to/,
  ],
  ['an index with keys in another case', rawTar(oci(indexOf({}, { Manifests: [] }))), /its index does not lead to/],
  ['an index of nothing', rawTar(oci('7')), /its index does not lead to/],
  ['a size that is none', Buffer.concat([rawEntry({ name: 'x', size: 0 }).fill('9', 124, 135), rawTar(whole)]), /has no size/],
  ['nothing', new Uint8Array(0), /does not hold one image/],
];

for (const [name, bytes, sentence] of wrong)
  s(`wrong: ${name}`, async () => assert.match(`${(await checkArchive(file('image.tar', bytes), id)).wrong}`, sentence));

s('what is small enough to be read is bounded all the same', async () => {
  const many = Array.from({ length: 80 }, (_, n) => ({ name: `n${n}`, bytes: Buffer.alloc(1024 * 1024, '[') }));
  assert.match(`${(await checkArchive(file('image.tar', rawTar([...many, ...whole])), id)).wrong}`, /too much to be read/);
});

s('what goes to the engine is what was checked, whatever is on the medium by then', async () => {
  const bytes = rawTar([...good, { name: 'big', bytes: Buffer.alloc(3 * 1024 * 1024, 'big') }, told]);
  const path = file('image.tar', bytes);
  const { wrong: reason, seal } = await checkArchive(path, id);
  assert.is(reason, undefined);
  assert.ok((await buffer(readChecked(path, seal))).equals(bytes));
  const changed = Buffer.from(bytes);
  changed.write('X', bytes.length - 3000, 'latin1');
  for (const later of [changed, bytes.subarray(0, -512), Buffer.concat([bytes, zeroBlocks(1)])]) {
    writeFileSync(path, later);
    const sent: Buffer[] = [];
    const reading = (async () => {
      for await (const piece of readChecked(path, seal)) sent.push(piece as Buffer);
    })();
    assert.match(`${await reading.catch((error: Error) => error.message)}`, /was changed while it was read/);
    assert.ok(bytes.subarray(0, Buffer.concat(sent).length).equals(Buffer.concat(sent)), 'nothing else was sent');
  }
  truncateSync(path, 0);
});

s.run();
