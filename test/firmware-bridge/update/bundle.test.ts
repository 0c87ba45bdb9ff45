import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BundleRefused, HOST, keyId, openFirmware, packFirmware, readHeader } from '../../../firmware-bridge/update/bundle.ts';
import { makeKeys } from '../../../image/keys.ts';
import { canonicalJson } from '../../../runtime/manifest/encode.ts';

const folder = mkdtempSync(join(tmpdir(), 'classpad-bundle-'));
const pair = async (name: string) => {
  const paths = { key: join(folder, `${name}.key`), certificate: join(folder, `${name}.pem`) };
  await makeKeys(folder, paths, `/CN=${name}`);
  return { key: createPrivateKey(readFileSync(paths.key)), certificate: readFileSync(paths.certificate, 'utf8') };
};
const [builder, stranger] = [await pair('builder'), await pair('stranger')];
const files = new Map([
  ['host.cjs', Buffer.from('the host')],
  ['vm.wasm', Buffer.alloc(5000, 7)],
]);
const bundle = packFirmware('0.2.0', files, builder.key, builder.certificate);

/** The bundle with its lines changed; the signature stays what it was. */
function changed(change: (lines: string[]) => void): Buffer {
  const end = [0, 0, 0].reduce((at) => bundle.indexOf(10, at) + 1, 0);
  const lines = bundle.toString('utf8', 0, end - 1).split('\n');
  change(lines);
  return Buffer.concat([Buffer.from(`${lines.join('\n')}\n`), bundle.subarray(end)]);
}

function flipped(at: number): Buffer {
  const copy = Buffer.from(bundle);
  copy[at < 0 ? copy.length + at : at]! ^= 1;
  return copy;
}

test('what was packed is opened', () => {
  const opened = openFirmware(bundle, builder.certificate);
  assert.is(opened.header.version, '0.2.0');
  assert.is(opened.header.host, HOST);
  assert.is(opened.key, keyId(builder.certificate));
  assert.equal(
    [...opened.files].map(([name, content]) => [name, Buffer.from(content).toString('hex')]),
    [...files].map(([name, content]) => [name, content.toString('hex')]),
  );
  assert.is(readHeader(bundle).key, keyId(builder.certificate));
});

test('a keyring of several certificates', () => assert.ok(openFirmware(bundle, stranger.certificate + builder.certificate)));

test('header and payload follow from the files and the key', () => {
  const again = packFirmware('0.2.0', new Map([...files].reverse()), builder.key, builder.certificate);
  assert.equal(readHeader(again), readHeader(bundle));
});

const refused: [name: string, bytes: () => Uint8Array, sentence: RegExp][] = [
  ['a payload that was changed', () => flipped(-1), /not what was signed/],
  [
    'a header that was changed',
    () => changed((lines) => lines.splice(1, 1, lines[1]!.replace('0.2.0', '0.9.0'))),
    /signature is wrong/,
  ],
  ['a foreign key', () => packFirmware('0.2.0', files, stranger.key, stranger.certificate), /does not trust/],
  [
    'a foreign key under the name of ours',
    () => packFirmware('0.2.0', files, stranger.key, builder.certificate),
    /signature is wrong/,
  ],
  [
    'its signature in another spelling of base64',
    () => changed((lines) => lines.splice(2, 1, lines[2]!.replace('"}', ' "}'))),
    /signature cannot be read/,
  ],
  [
    'more than a signature beside its signature',
    () => changed((lines) => lines.splice(2, 1, lines[2]!.replace('"}', '","z":1}'))),
    /signature cannot be read/,
  ],
  ['half of it', () => bundle.subarray(0, bundle.length - 20), /not whole/],
  ['only its beginning', () => bundle.subarray(0, 30), /only its beginning/],
  ['nothing', () => new Uint8Array(), /no firmware bundle/],
  ['something else', () => Buffer.from('PK\n\n\n\n'), /no firmware bundle/],
  ['more than a bundle has', () => Buffer.alloc(20_000_000), /at most/],
  ['a header that is no JSON', () => changed((lines) => lines.splice(1, 1, '{')), /header cannot be read/],
  [
    'a file name that leads elsewhere',
    () => changed((lines) => lines.splice(1, 1, lines[1]!.replace('host.cjs', '../../etc'))),
    /header does not say/,
  ],
  [
    'a size that is no size',
    () => changed((lines) => lines.splice(1, 1, lines[1]!.replace(/"bytes":\d+/, '"bytes":-1'))),
    /header does not say/,
  ],
];
for (const [name, bytes, sentence] of refused) {
  test(`refused: ${name}`, () => {
    assert.throws(
      () => openFirmware(bytes(), builder.certificate),
      (error: Error) => error instanceof BundleRefused && sentence.test(error.message),
    );
  });
}

test('refused: made for another system', async () => {
  const other = changed((lines) => lines.splice(1, 1, canonicalJson({ ...JSON.parse(lines[1]!), host: HOST + 1 })));
  const { sign } = await import('node:crypto');
  const lines = other.toString('utf8').split('\n');
  const signature = sign('sha256', Buffer.from(`${lines[0]}\n${lines[1]}\n`), builder.key).toString('base64');
  const resigned = Buffer.concat([
    Buffer.from(`${lines[0]}\n${lines[1]}\n${canonicalJson({ key: keyId(builder.certificate), signature })}\n`),
    other.subarray(other.indexOf(10, other.indexOf('"signature"')) + 1),
  ]);
  assert.throws(() => openFirmware(resigned, builder.certificate), /update the system first/);
});

test('every byte counts', () => {
  for (let at = 0; at < bundle.length; at += 7)
    assert.throws(
      () => openFirmware(flipped(at), builder.certificate),
      (error: Error) => error instanceof BundleRefused,
    );
});

test.after(() => rmSync(folder, { recursive: true }));
test.run();
