import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  encodeManifest,
  imagesOf,
  isPinned,
  type Manifest,
  ManifestRefused,
  pinImages,
} from '../../../runtime/manifest/index.ts';

const s = suite('manifest/pins');
const ID = `sha256:${'0a'.repeat(32)}`;

const rows: [image: string, pinned: boolean][] = [
  [ID, true],
  [`app@${ID}`, true],
  [`registry.example:5000/team/app:1.2@${ID}`, true],
  ['app', false],
  ['app:latest', false],
  [`app:${ID}`, false],
  [`@${ID}`, false],
  [`app@${ID.slice(0, -1)}`, false],
  [`app@${ID}0`, false],
  [ID.toUpperCase(), false],
  ['app@sha512:00', false],
  ['', false],
];
for (const [image, pinned] of rows) s(`${image || 'nothing'}: ${pinned}`, () => assert.is(isPinned(image), pinned));

const manifest: Manifest = {
  version: 1,
  services: { web: { image: 'app:1' }, db: { image: `b@${ID}` }, worker: { image: 'app:1', command: ['work'] } },
};

s('each image once, sorted', () => assert.equal(imagesOf(manifest), ['app:1', `b@${ID}`]));

s('what is not pinned does not become bytes, and each service is named', () => {
  try {
    encodeManifest(manifest);
    assert.unreachable();
  } catch (error) {
    assert.instance(error, ManifestRefused);
    const { problems } = error as ManifestRefused;
    assert.equal(
      problems.map(({ path }) => path.join('.')),
      ['services.web.image', 'services.worker.image'],
    );
  }
});

s('what is pinned stands up front, and services hold their places', () => {
  const bytes = encodeManifest(pinImages(manifest, new Map([['app:1', `app:1@${ID}`]])));
  const images = `{"images":["app:1@${ID}","b@${ID}"],`;
  const services = '"services":{"db":{"image":1},"web":{"image":0},"worker":{"command":["work"],"image":0}},"version":1}';
  assert.is(new TextDecoder().decode(bytes), images + services);
});

s.run();
