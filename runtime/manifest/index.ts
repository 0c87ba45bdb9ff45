export { composeToManifest, type LineOf } from './compose.ts';
export { canonicalJson, encodeManifest } from './encode.ts';
export * from './manifest.ts';
export { parseManifest } from './parse.ts';
export { imagesOf, isPinned, pinImages, pinnedSomehow } from './pins.ts';
