import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { utf8Encode } from '../../../runtime/bytes.ts';
import { encodeManifest, MANIFEST_LIMIT_BYTES, ManifestRefused, parseManifest } from '../../../runtime/manifest/index.ts';

const s = suite('manifest/parse');

const web = (fields: string) => `{"services":{"web":{${fields}}},"version":1}`;
const good = web('"image":"app:1"');

const refused: [name: string, written: string, message: string][] = [
  ['nothing', '', 'the manifest is not JSON'],
  ['half of it', good.slice(0, -3), 'the manifest is not JSON'],
  ['a list', '[]', '[] is not a set of keys and values'],
  ['a deep nest', '['.repeat(60_000), 'the manifest is nested too deep'],
  ['no services', '{"version":1}', 'services: is missing'],
  [
    'another form',
    '{"services":{"web":{"image":"a"}},"version":2}',
    'version: 2 does not fit; it must be a whole number of the form of the manifest from 1 to 1',
  ],
  ['white space', good.replace(':', ': '), 'the manifest is not canonical JSON: keys sorted, each written once, no whitespace'],
  [
    'keys out of order',
    '{"version":1,"services":{"web":{"image":"app:1"}}}',
    'the manifest is not canonical JSON: keys sorted, each written once, no whitespace',
  ],
  [
    'a key twice',
    web('"image":"evil","image":"app:1"'),
    'the manifest is not canonical JSON: keys sorted, each written once, no whitespace',
  ],
  [
    'a privileged container',
    web('"image":"a","privileged":true'),
    'services.web.privileged: this device never gives a container power over the host',
  ],
  [
    'added capabilities',
    web('"cap_add":["ALL"],"image":"a"'),
    'services.web.cap_add: this device never gives a container power over the host',
  ],
  [
    'the host network',
    web('"image":"a","network_mode":"host"'),
    "services.web.network_mode: this device never lets a container into the host's or another container's namespaces",
  ],
  [
    'the socket',
    web('"image":"a","volumes":["/var/run/docker.sock:/x"]'),
    "services.web.volumes[0]: the engine's socket is root on this device; no container ever gets it",
  ],
  [
    'a bind mount among others',
    web('"image":"a","volumes":["data:/d","/:/host"]'),
    "services.web.volumes[1]: bind mounts reach the host's files; no container ever gets one",
  ],
  [
    'our own label',
    web('"image":"a","labels":{"io.classpad.device":"x"}'),
    'services.web.labels.io.classpad.device: labels under this name are not for releases to write',
  ],
  [
    'an unknown key',
    web('"bindMounts":[],"image":"a"'),
    'services.web.bindMounts: the key "bindMounts" is not known; see the documented subset of Compose',
  ],
  [
    'a fraction',
    web('"image":"a","replicas":1.5'),
    'services.web.replicas: 1.5 does not fit; it must be a whole number of replicas from 1 to 16',
  ],
  [
    'too many containers',
    `{"services":{${[...'abcde'].map((n) => `"${n}":{"image":"a","replicas":16}`).join()}},"version":1}`,
    'services: the release asks for 80 containers; a device runs at most 64 of one release',
  ],
  [
    'a missing dependency',
    web('"dependsOn":{"db":"started"},"image":"a"'),
    'services.web.dependsOn.db: there is no service "db" to depend on',
  ],
  [
    'a prototype',
    web('"__proto__":{"image":"x"},"image":"a"'),
    'services.web.__proto__: the key "__proto__" is not known; see the documented subset of Compose',
  ],
];

for (const [name, written, message] of refused) {
  s(`refuses ${name}`, () => {
    try {
      parseManifest(utf8Encode(written));
      assert.unreachable('it was accepted');
    } catch (error) {
      assert.instance(error, ManifestRefused);
      assert.is((error as Error).message, message);
    }
  });
}

s('refuses too many bytes before reading them', () => {
  assert.throws(
    () => parseManifest(new Uint8Array(MANIFEST_LIMIT_BYTES + 1)),
    /the manifest has 65537 bytes; a release has at most 65536/,
  );
});

s('refuses bytes that are not text', () => {
  assert.throws(() => parseManifest(Uint8Array.of(0xff)), /the manifest is not JSON/);
});

s('refuses bytes that are not UTF-8 within a text', () => {
  const broken = utf8Encode(web('"environment":{"A":"?"},"image":"a"'));
  broken[broken.indexOf('?'.charCodeAt(0))] = 0xc0;
  assert.throws(() => parseManifest(broken), /not canonical/);
});

s('reads what it wrote, keys that look like members included', () => {
  const manifest = {
    version: 1,
    services: { constructor: { image: 'a', environment: { ['__proto__']: 'x', toString: 'é😀' } } },
  } as const;
  const bytes = encodeManifest(manifest);
  const read = parseManifest(bytes);
  assert.equal(encodeManifest(read), bytes);
  assert.equal(Object.keys(read.services['constructor']!.environment!), ['__proto__', 'toString']);
});

s('random bytes and random JSON are refused with a sentence and nothing else', () => {
  const refusesOrReads = (bytes: Uint8Array) => {
    try {
      assert.equal(encodeManifest(parseManifest(bytes)), bytes);
    } catch (error) {
      assert.instance(error, ManifestRefused);
      assert.ok((error as Error).message.length > 10);
    }
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), refusesOrReads));
  const service = fc.dictionary(
    fc.constantFrom('image', 'ports', 'labels', 'user', 'restart', 'route', '__proto__', 'x'),
    fc.jsonValue(),
  );
  const tree = fc.record({
    version: fc.constant(1),
    services: fc.dictionary(fc.constantFrom('web', 'db', '__proto__'), service),
  });
  fc.assert(fc.property(tree, (value) => refusesOrReads(utf8Encode(JSON.stringify(value)))));
});

s.run();
