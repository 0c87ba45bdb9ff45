import { refuse, tree } from './check.ts';
import { type Manifest, ManifestRefused, type Path } from './manifest.ts';

/*
 * Images by content. In memory a service holds its image's reference; on the ledger all of them stand in one list up front,
 * `{"images":["app@sha256:…"],"services":{"web":{"image":0}}, …}`, and a service holds a place in it: so the contract can see
 * with little gas that nothing unpinned is in a release (`contracts/fleet/Manifests.sol`).
 */

const PINNED = /^(?:[^"\\@]+@)?sha256:[0-9a-f]{64}$/;
const ANY_DIGEST = '0'.repeat(64);

/** Whether a reference means one content for ever: `name@sha256:…`, `name:tag@sha256:…`, or an image id. */
export function isPinned(image: string): boolean {
  return PINNED.test(image);
}

/** The references of a release, each once, sorted. */
export function imagesOf({ services }: Manifest): string[] {
  return [...new Set(Object.values(services).map(({ image }) => image))].sort();
}

/** The same release with other references, as `pins` has them. */
export function pinImages({ services, ...rest }: Manifest, pins: ReadonlyMap<string, string>): Manifest {
  const pinned = Object.entries(services).map(([name, service]) => {
    return [name, { ...service, image: pins.get(service.image) ?? service.image }] as const;
  });
  return { ...rest, services: Object.fromEntries(pinned) };
}

/** As long as it will be when its images are pinned. */
export function pinnedSomehow(manifest: Manifest): Manifest {
  const loose = imagesOf(manifest).filter((image) => !isPinned(image));
  return pinImages(manifest, new Map(loose.map((image) => [image, `${image}@sha256:${ANY_DIGEST}`])));
}

/** In the form of the ledger. Throws {@link ManifestRefused} that names each service whose image is not pinned. */
export function foldImages(manifest: Manifest): object {
  const { services, ...rest } = manifest;
  const loose = Object.entries(services).filter(([, { image }]) => !isPinned(image));
  if (loose.length > 0)
    throw new ManifestRefused(
      loose.map(([name, { image }]) => ({ path: ['services', name, 'image'], sentence: notPinned(image) })),
    );
  const images = imagesOf(manifest);
  const folded = Object.entries(services).map(([name, service]) => [name, { ...service, image: images.indexOf(service.image) }]);
  return { ...rest, images, services: Object.fromEntries(folded) };
}

/** Back from the form of the ledger; what else is wrong with it is seen later. Throws {@link ManifestRefused}. */
export function unfoldImages(value: unknown): unknown {
  const { images, ...rest } = tree(value, []);
  if (!Array.isArray(images)) refuse(['images'], 'is missing; a release begins with the images that it runs');
  images.forEach((image, index) => {
    if (typeof image !== 'string' || !isPinned(image)) refuse(['images', index], notPinned(String(image).slice(0, 60)));
  });
  const services = Object.entries(tree(rest['services'], ['services'])).map(([name, service]) => {
    return [name, unfold(service, images, ['services', name])];
  });
  return { ...rest, services: Object.fromEntries(services) };
}

function unfold(service: unknown, images: readonly unknown[], path: Path): object {
  const { image, ...rest } = tree(service, path);
  const found = typeof image === 'number' ? images[image] : undefined;
  if (found === undefined) refuse([...path, 'image'], 'is no place in the list of images; a service names no image but by that');
  return { ...rest, image: found };
}

function notPinned(image: string): string {
  return `"${image}" can mean another image tomorrow; pin it by digest, as name@sha256:<64 hexadecimal digits>, or by image id`;
}
