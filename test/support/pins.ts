import { encodeManifest, imagesOf, type Manifest, pinImages, pinnedSomehow } from '../../runtime/manifest/index.ts';
import type { Containers } from '../../runtime/ports/index.ts';

/** The bytes of a release whose images need only look pinned: on a model, or on virtual engines, which take any digest. */
export function looselyPinned(manifest: Manifest): Uint8Array {
  return encodeManifest(pinnedSomehow(manifest));
}

/** The bytes of a release as `deploy` would make them, its images pinned to what an engine says they are. */
export async function pinnedBytes(manifest: Manifest, { pin }: Pick<Containers, 'pin'>): Promise<Uint8Array> {
  const pins = await Promise.all(imagesOf(manifest).map(async (image) => [image, await pin(image)] as const));
  return encodeManifest(pinImages(manifest, new Map(pins)));
}
