import { utf8Encode } from '../bytes.ts';
import { MANIFEST_LIMIT_BYTES, type Manifest, ManifestRefused } from './manifest.ts';
import { foldImages } from './pins.ts';

/** Canonical JSON: keys sorted by UTF-16 code unit, no whitespace (RFC 8785, for the values a manifest can hold). */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonicalJson(inner)}`).join(',')}}`;
}

/** The bytes of what is released; throws {@link ManifestRefused} beyond {@link MANIFEST_LIMIT_BYTES}. */
export function encodeCanonical(value: object): Uint8Array {
  const bytes = utf8Encode(canonicalJson(value));
  if (bytes.length > MANIFEST_LIMIT_BYTES) throw new ManifestRefused([{ path: [], sentence: tooLong(bytes.length) }]);
  return bytes;
}

/** The bytes of a manifest as they stand on the ledger. Throws {@link ManifestRefused}, also for an image that is not pinned. */
export function encodeManifest(manifest: Manifest): Uint8Array {
  return encodeCanonical(foldImages(manifest));
}

export function tooLong(length: number): string {
  return `the manifest has ${length} bytes; a release has at most ${MANIFEST_LIMIT_BYTES}`;
}
