import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  encodeSoftware,
  isSoftware,
  parseSoftware,
  payloadFor,
  type SoftwareManifest,
} from '../../../runtime/manifest/firmware.ts';

const HASH = 'ab'.repeat(32);
const manifest: SoftwareManifest = {
  kind: 'os',
  version: '1.2.3',
  payloads: { 'qemu-x86_64': { sha256: HASH, bytes: 10 }, any: { sha256: 'cd'.repeat(32), bytes: 20 } },
  signer: HASH,
};
const bytesOf = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

test('what is written is read', () => {
  const bytes = encodeSoftware(manifest);
  assert.ok(isSoftware(bytes));
  assert.equal(parseSoftware(bytes), manifest);
});

test('a board takes its own, else what any takes', () => {
  assert.is(payloadFor(manifest, 'qemu-x86_64')?.bytes, 10);
  assert.is(payloadFor(manifest, 'other')?.bytes, 20);
  assert.is(payloadFor({ ...manifest, payloads: {} }, 'constructor'), undefined);
});

test('a release of containers is no software', () => assert.not(isSoftware(bytesOf('{"services":{},"version":1}'))));

const refused: [name: string, value: unknown, sentence: RegExp][] = [
  ['another kind', { ...manifest, kind: 'bios' }, /firmware or os/],
  ['no version', { ...manifest, version: '1.2' }, /version such as/],
  ['no payload', { ...manifest, payloads: {} }, /1 to 32/],
  ['no hash', { ...manifest, payloads: { any: { sha256: 'ab', bytes: 1 } } }, /64 hexadecimal/],
  ['too large', { ...manifest, payloads: { any: { sha256: HASH, bytes: 2 ** 31 } } }, /bytes from 1/],
  ['an unknown field', { ...manifest, url: 'http://evil' }, /url/],
  ['no signer', { kind: 'os', version: '1.2.3', payloads: manifest.payloads }, /signer/],
  [
    'other order of keys',
    `{"kind":"os","signer":"${HASH}","payloads":{"any":{"bytes":1,"sha256":"${HASH}"}},"version":"1.2.3"}`,
    /canonical/,
  ],
  ['no JSON', '{"kind":', /not JSON/],
  ['nested deep', `{"kind":${'['.repeat(50)}`, /nested/],
];
for (const [name, value, sentence] of refused) {
  test(`refused: ${name}`, () =>
    assert.throws(
      () => parseSoftware(bytesOf(value)),
      (error: Error) => sentence.test(error.message),
    ));
}

test.run();
