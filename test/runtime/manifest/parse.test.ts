import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { utf8Encode } from '../../../runtime/bytes.ts';
import { encodeManifest, MANIFEST_LIMIT_BYTES, ManifestRefused, parseManifest } from '../../../runtime/manifest/index.ts';

const s = suite('manifest/parse');

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const IMAGE = `app:1@${digest('a')}`;
const web = (fields: string, images = `["${IMAGE}"]`) => `{"images":${images},"services":{"web":{${fields}}},"version":1}`;
const good = web('"image":0');
const NOT_PINNED = (image: string) =>
  `"${image}" can mean another image tomorrow; pin it by digest, as name@sha256:<64 hexadecimal digits>, or by image id`;
const CANONICAL = 'the manifest is not canonical JSON: keys sorted, each written once, no whitespace';
const NO_PLACE = 'services.web.image: is no place in the list of images; a service names no image but by that';

const refused: [name: string, written: string, message: string][] = [
  ['nothing', '', 'the manifest is not JSON'],
  ['half of it', good.slice(0, -3), 'the manifest is not JSON'],
  ['a list', '[]', '[] is not a set of keys and values'],
  ['a deep nest', '['.repeat(60_000), 'the manifest is nested too deep'],
  [
    'no images',
    '{"services":{"web":{"image":"app:1"}},"version":1}',
    'images: is missing; a release begins with the images that it runs',
  ],
  ['no services', '{"images":[],"version":1}', 'services: nothing is not a set of keys and values'],
  ['an image by its tag', web('"image":0', '["app:1"]'), `images[0]: ${NOT_PINNED('app:1')}`],
  ['an image by half a digest', web('"image":0', '["app@sha256:aa"]'), `images[0]: ${NOT_PINNED('app@sha256:aa')}`],
  ['an image that is no text', web('"image":0', '[7]'), `images[0]: ${NOT_PINNED('7')}`],
  ['one unpinned among others', web('"image":0', `["${IMAGE}","b:2"]`), `images[1]: ${NOT_PINNED('b:2')}`],
  ['a service that names its image itself', web(`"image":"${IMAGE}"`), NO_PLACE],
  ['a service with an image beyond the list', web('"image":1'), NO_PLACE],
  ['a service with an image before the list', web('"image":-1'), NO_PLACE],
  ['a service with half an image', web('"image":0.5'), NO_PLACE],
  ['an image that nobody runs', web('"image":0', `["${IMAGE}","b@${digest('b')}"]`), CANONICAL],
  ['an image twice', web('"image":0', `["${IMAGE}","${IMAGE}"]`), CANONICAL],
  [
    'images out of order',
    `{"images":["b@${digest('b')}","a@${digest('a')}"],"services":{"a":{"image":0},"b":{"image":1}},"version":1}`,
    CANONICAL,
  ],
  [
    'another form',
    good.replace('"version":1', '"version":2'),
    'version: 2 does not fit; it must be a whole number of the form of the manifest from 1 to 1',
  ],
  ['white space', good.replace(':', ': '), 'the manifest is not canonical JSON: keys sorted, each written once, no whitespace'],
  [
    'keys out of order',
    `{"version":1,"images":["${IMAGE}"],"services":{"web":{"image":0}}}`,
    'the manifest is not canonical JSON: keys sorted, each written once, no whitespace',
  ],
  [
    'a key twice',
    web('"image":7,"image":0'),
    'the manifest is not canonical JSON: keys sorted, each written once, no whitespace',
  ],
  [
    'a privileged container',
    web('"image":0,"privileged":true'),
    'services.web.privileged: this device never gives a container power over the host',
  ],
  [
    'added capabilities',
    web('"cap_add":["ALL"],"image":0'),
    'services.web.cap_add: this device never gives a container power over the host',
  ],
  [
    'the host network',
    web('"image":0,"network_mode":"host"'),
    "services.web.network_mode: this device never lets a container into the host's or another container's namespaces",
  ],
  [
    'the socket',
    web('"image":0,"volumes":["/var/run/docker.sock:/x"]'),
    "services.web.volumes[0]: the engine's socket is root on this device; no container ever gets it",
  ],
  [
    'a bind mount among others',
    web('"image":0,"volumes":["data:/d","/:/host"]'),
    "services.web.volumes[1]: bind mounts reach the host's files; no container ever gets one",
  ],
  [
    'our own label',
    web('"image":0,"labels":{"io.classpad.device":"x"}'),
    'services.web.labels.io.classpad.device: labels under this name are not for releases to write',
  ],
  [
    'an unknown key',
    web('"bindMounts":[],"image":0'),
    'services.web.bindMounts: the key "bindMounts" is not known; see the documented subset of Compose',
  ],
  [
    'a fraction',
    web('"image":0,"replicas":1.5'),
    'services.web.replicas: 1.5 does not fit; it must be a whole number of replicas from 1 to 16',
  ],
  [
    'too many containers',
    `{"images":["${IMAGE}"],"services":{${[...'abcde'].map((n) => `"${n}":{"image":0,"replicas":16}`).join()}},"version":1}`,
    'services: the release asks for 80 containers; a device runs at most 64 of one release',
  ],
  [
    'a missing dependency',
    web('"dependsOn":{"db":"started"},"image":0'),
    'services.web.dependsOn.db: there is no service "db" to depend on',
  ],
  [
    'a prototype',
    web('"__proto__":{"image":"x"},"image":0'),
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
  const broken = utf8Encode(web('"environment":{"A":"?"},"image":0'));
  broken[broken.indexOf('?'.charCodeAt(0))] = 0xc0;
  assert.throws(() => parseManifest(broken), /not canonical/);
});

s('reads what it wrote, keys that look like members included', () => {
  const manifest = {
    version: 1,
    services: { constructor: { image: IMAGE, environment: { ['__proto__']: 'x', toString: 'é😀' } } },
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
    images: fc.array(fc.oneof(fc.constant(IMAGE), fc.jsonValue())),
    version: fc.constant(1),
    services: fc.dictionary(fc.constantFrom('web', 'db', '__proto__'), service),
  });
  fc.assert(fc.property(tree, (value) => refusesOrReads(utf8Encode(JSON.stringify(value)))));
});

s.run();
