/** What the ledger takes for a manifest: beside the firmware's own reading of it, and beside a regular expression. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { stringToHex } from 'viem';
import { encodeSoftware } from '../../runtime/manifest/firmware.ts';
import { encodeManifest, type Manifest, parseManifest, pinnedSomehow } from '../../runtime/manifest/index.ts';
import { hex, Reverted } from '../support/contract.ts';
import { ownMachine } from '../support/machine.ts';
import { actor, appName, type Stage, stage } from './actors.ts';

const s = suite('Fleet: what is a manifest');

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;
const list = (...images: string[]) => `{"images":[${images.map((image) => `"${image}"`).join()}],"version":1}`;

const software = (kind: string) => {
  const payloads = { any: { sha256: DIGEST.slice(7), bytes: 7 } };
  const manifest = { kind: kind as 'os', version: '1.0.0', payloads, signer: DIGEST.slice(7) };
  return new TextDecoder().decode(encodeSoftware(manifest));
};

const rows: [name: string, content: string, outcome: string][] = [
  ['an image by digest', list(`app@${DIGEST}`), 'taken'],
  ['with tag and digest', list(`registry.example:5000/a/app:1.2@${DIGEST}`), 'taken'],
  ['by its id', list(DIGEST), 'taken'],
  ['several', list(DIGEST, `app@${DIGEST}`, `b@${DIGEST}`), 'taken'],
  ['firmware', software('firmware'), 'taken'],
  ['a system', software('os'), 'taken'],
  ['software of another kind', software('evil'), 'NotAManifest()'],
  ['software without payloads', '{"kind":"firmware","version":"1.0.0"}', 'NotAManifest()'],
  ['nothing but the list', `{"images":["${DIGEST}"]}`, 'taken'],
  ['a tag', list('app:1'), 'ImageNotPinned(app:1)'],
  ['a tag among others', list(DIGEST, 'app:1', DIGEST), 'ImageNotPinned(app:1)'],
  ['a tag at the end', list(DIGEST, 'app:latest'), 'ImageNotPinned(app:latest)'],
  ['an image without a name', list(''), 'ImageNotPinned()'],
  ['an @ without a name', list(`@${DIGEST}`), `ImageNotPinned(@${DIGEST})`],
  ['no @ before the digest', list(`app${DIGEST}`), `ImageNotPinned(app${DIGEST})`],
  ['a digest too short', list(`app@${DIGEST.slice(0, -1)}`), `ImageNotPinned(app@${DIGEST.slice(0, -1)})`],
  ['a digest too long', list(`app@${DIGEST}0`), `ImageNotPinned(app@${DIGEST}0)`],
  ['a digest in capitals', list(`app@${DIGEST.replace('a', 'A')}`), `ImageNotPinned(app@${DIGEST.replace('a', 'A')})`],
  ['another hash', list(`app@sha512:${DIGEST.slice(7)}`), `ImageNotPinned(app@sha512:${DIGEST.slice(7)})`],
  ['something after the digest', list(`app@${DIGEST}:1`), `ImageNotPinned(app@${DIGEST}:1)`],
  ['an escape', list(`app\\u0040@${DIGEST}`), 'NotAManifest()'],
  ['no images', '{"images":[],"version":1}', 'NotAManifest()'],
  ['a number', '{"images":[7],"version":1}', 'NotAManifest()'],
  ['a gap', `{"images":["${DIGEST}" ,"${DIGEST}"]}`, 'NotAManifest()'],
  ['white space', `{ "images":["${DIGEST}"]}`, 'NotAManifest()'],
  ['another key first', `{"a":1,"images":["${DIGEST}"]}`, 'NotAManifest()'],
  ['the list unfinished', `{"images":["${DIGEST}"`, 'NotAManifest()'],
  ['a text unfinished', `{"images":["${DIGEST}`, 'NotAManifest()'],
  ['a comma and no more', `{"images":["${DIGEST}",}`, 'NotAManifest()'],
  ['no brace at the end', `{"images":["${DIGEST}"],"version":1`, 'NotAManifest()'],
  ['the key and no more', '{"images":["', 'NotAManifest()'],
  ['no more than a brace', '}', 'NotAManifest()'],
];

for (const [name, content, outcome] of rows)
  s(`${name}: ${outcome.slice(0, 14)}`, async () => assert.is(await told(await stage(await ownMachine()), content), outcome));

const TAKEN = /^\{"images":\["([^"\\]+@)?sha256:[0-9a-f]{64}"(,"([^"\\]+@)?sha256:[0-9a-f]{64}")*\].*\}$/s;

s('the contract and a regular expression take the same', async () => {
  const on = await stage(await ownMachine(), 1);
  const good = list(`app@${DIGEST}`, DIGEST);
  const mutated = fc
    .array(fc.tuple(fc.nat(good.length), fc.constantFrom('', '"', ',', '@', '\\', ']', '}', 'a', 'G', '{', ':')), {
      maxLength: 3,
    })
    .map((changes) => changes.reduce((text, [place, by]) => text.slice(0, place) + by + text.slice(place + 1), good));
  const seen = new Set<boolean>();
  await fc.assert(
    fc.asyncProperty(mutated, async (content) => {
      const isTaken = (await told(on, content)) === 'taken';
      seen.add(isTaken);
      assert.is(isTaken, TAKEN.test(content), content);
    }),
    { numRuns: 400 },
  );
  assert.is(seen.size, 2);
});

s('what a device reads the ledger takes, and what the ledger refuses no device reads', async () => {
  const on = await stage(await ownMachine(), 1);
  const image = fc.constantFrom('app:1', `b@${DIGEST}`, DIGEST, 'registry.example/a/b:2');
  const services = fc.dictionary(fc.constantFrom('web', 'db', 'cache'), fc.record({ image }), { minKeys: 1 });
  await fc.assert(
    fc.asyncProperty(services, async (any) => {
      const manifest: Manifest = pinnedSomehow({ version: 1, services: any });
      const bytes = encodeManifest(manifest);
      assert.equal(parseManifest(bytes), manifest);
      assert.is(await told(on, hex(bytes)), 'taken');
    }),
    { numRuns: 60 },
  );
  for (const [, content, outcome] of rows) {
    if (outcome === 'taken') continue;
    assert.throws(() => parseManifest(new TextEncoder().encode(content)), content);
  }
});

/** `taken`, or the refusal. A release that rolls out is no refusal of its manifest. */
async function told({ fleet, machine }: Stage, content: string): Promise<string> {
  machine.timestamp += 60n;
  const bytes = content.startsWith('0x') ? content : stringToHex(content);
  try {
    await fleet.send(actor('A'), 'propose', appName('hello'), bytes, 1n);
    return 'taken';
  } catch (error) {
    if (!(error instanceof Reverted)) throw error;
    return `${error.error}(${error.args.join()})`;
  }
}

s.run();
