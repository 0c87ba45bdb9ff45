import { createHash, type KeyObject, sign, verify, X509Certificate } from 'node:crypto';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { canonicalJson } from '../../runtime/manifest/encode.ts';
import { VERSION_FORM } from '../../runtime/update/version.ts';

/*
 * A firmware bundle: three lines, then the payload.
 *
 *   classpad firmware 1
 *   {"files":[…],"host":1,"payload":{…},"version":"0.2.0"}          canonical JSON
 *   {"key":"<sha256 of the key>","signature":"<base64>"}             over the two lines above
 *   <brotli of all files, one after the other>
 *
 * The signature covers the header, the header the payload and each file in it. Nothing is unpacked before both are checked.
 */

export interface FirmwareHeader {
  readonly version: string;
  /** What the launcher and the system must offer: {@link HOST}. */
  readonly host: number;
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[];
  readonly payload: { readonly bytes: number; readonly sha256: string };
}

export interface FirmwareBundle {
  readonly header: FirmwareHeader;
  /** SHA-256 of the public key that signed it. */
  readonly key: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Version of the seam between the system of an image and the firmware: Node, lmdb, what the launcher hands over. */
export const HOST = 1;
export const BUNDLE_LIMIT_BYTES = 16 * 1024 * 1024;
const UNPACKED_LIMIT_BYTES = 64 * 1024 * 1024;
const HEADER_LIMIT_BYTES = 16 * 1024;
const FILES_LIMIT = 16;
const MAGIC = 'classpad firmware 1';

/** Packs and signs files. The same files and key give the same header and payload. */
export function packFirmware(
  version: string,
  files: ReadonlyMap<string, Uint8Array>,
  key: KeyObject,
  certificate: string,
): Buffer {
  if (!VERSION_FORM.test(version)) throw new BundleRefused(`"${version}" is no version such as 1.2.3`);
  const names = [...files.keys()].sort();
  const payload = brotliCompressSync(Buffer.concat(names.map((name) => files.get(name)!)), {
    params: { [constants.BROTLI_PARAM_LGWIN]: 22, [constants.BROTLI_PARAM_QUALITY]: 11 },
  });
  const header: FirmwareHeader = {
    version,
    host: HOST,
    files: names.map((name) => ({ name, bytes: files.get(name)!.length, sha256: sha256(files.get(name)!) })),
    payload: { bytes: payload.length, sha256: sha256(payload) },
  };
  const signed = `${MAGIC}\n${canonicalJson(header)}\n`;
  const signature = sign('sha256', Buffer.from(signed), key).toString('base64');
  return Buffer.concat([Buffer.from(`${signed}${canonicalJson({ key: keyId(certificate), signature })}\n`), payload]);
}

/** Checks a bundle against the certificates that are trusted, and unpacks it. Throws {@link BundleRefused}. */
export function openFirmware(bytes: Uint8Array, keyring: string): FirmwareBundle {
  const { header, key, signature, signed, payload } = split(bytes);
  const trusted = certificatesOf(keyring).find((pem) => keyId(pem) === key);
  if (trusted === undefined) throw new BundleRefused(`it is signed by a key this device does not trust (${key.slice(0, 16)}…)`);
  if (!verify('sha256', signed, new X509Certificate(trusted).publicKey, signature))
    throw new BundleRefused('its signature is wrong: it was changed after it was signed');
  if (header.host !== HOST)
    throw new BundleRefused(
      `it is made for systems of version ${header.host}, and this one has ${HOST}; update the system first`,
    );
  if (payload.length !== header.payload.bytes)
    throw new BundleRefused(`it is not whole: ${payload.length} of ${header.payload.bytes} bytes of its payload are there`);
  if (sha256(payload) !== header.payload.sha256) throw new BundleRefused('its payload is not what was signed');
  return { header, key, files: unpack(header, payload) };
}

/** The header alone, unchecked but for its form: what a bundle says of itself. Throws {@link BundleRefused}. */
export function readHeader(bytes: Uint8Array): Pick<FirmwareBundle, 'header' | 'key'> {
  const { header, key } = split(bytes);
  return { header, key };
}

/** What a key is called on the ledger: SHA-256 of its public half (SPKI, DER). */
export function keyId(certificate: string): string {
  return sha256(new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' }));
}

/** The certificates of a keyring, each as PEM. */
export function certificatesOf(keyring: string): string[] {
  return keyring.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function split(bytes: Uint8Array) {
  if (bytes.length > BUNDLE_LIMIT_BYTES)
    throw new BundleRefused(`it has ${bytes.length} bytes; a bundle has at most ${BUNDLE_LIMIT_BYTES}`);
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const ends: number[] = [];
  for (let at = 0; ends.length < 3; ) {
    const end = buffer.indexOf(10, at);
    if (end < 0 || end > HEADER_LIMIT_BYTES) throw new BundleRefused('this is no firmware bundle, or only its beginning');
    ends.push(end);
    at = end + 1;
  }
  const [first = 0, second = 0, third = 0] = ends;
  if (buffer.toString('utf8', 0, first) !== MAGIC) throw new BundleRefused('this is no firmware bundle');
  const header = checkHeader(json(buffer.toString('utf8', first + 1, second)));
  const { key, signature } = readSignature(buffer.toString('utf8', second + 1, third));
  return { header, key, signature, signed: buffer.subarray(0, second + 1), payload: buffer.subarray(third + 1) };
}

function json(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new BundleRefused('its header cannot be read');
}

const HASH = /^[0-9a-f]{64}$/;
const NAME = /^[a-z0-9][a-z0-9.-]{0,63}$/;

function checkHeader(value: Readonly<Record<string, unknown>>): FirmwareHeader {
  const { version, host, files, payload } = value as Partial<FirmwareHeader>;
  const rows = Array.isArray(files) ? (files as Partial<FirmwareHeader['files'][number]>[]) : [];
  const isRight =
    typeof version === 'string' &&
    VERSION_FORM.test(version) &&
    Number.isSafeInteger(host) &&
    rows.length >= 1 &&
    rows.length <= FILES_LIMIT &&
    rows.every(({ name, bytes, sha256: hash }) => NAME.test(`${name}`) && isSize(bytes) && HASH.test(`${hash}`)) &&
    isSize(payload?.bytes) &&
    HASH.test(`${payload?.sha256}`);
  if (!isRight) throw new BundleRefused('its header does not say what a header says');
  return value as unknown as FirmwareHeader;
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= UNPACKED_LIMIT_BYTES;
}

/** No signature covers this line itself, so it counts in one spelling alone: decoders of base64 pass over much. */
function readSignature(line: string): { key: string; signature: Buffer } {
  const { key, signature: text } = json(line);
  const signature = Buffer.from(typeof text === 'string' ? text : '', 'base64');
  if (typeof key !== 'string' || !HASH.test(key) || line !== canonicalJson({ key, signature: signature.toString('base64') }))
    throw new BundleRefused('its signature cannot be read');
  return { key, signature };
}

function unpack({ files }: FirmwareHeader, payload: Uint8Array): Map<string, Uint8Array> {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total > UNPACKED_LIMIT_BYTES) throw new BundleRefused(`it unpacks to ${total} bytes; ${UNPACKED_LIMIT_BYTES} are allowed`);
  const all = brotliDecompressSync(payload, { maxOutputLength: total });
  if (all.length !== total) throw new BundleRefused('it unpacks to less than its header says');
  let at = 0;
  return new Map(
    files.map(({ name, bytes, sha256: hash }) => {
      const content = all.subarray(at, at + bytes);
      at += bytes;
      if (sha256(content) !== hash) throw new BundleRefused(`${name} in it is not what was signed`);
      return [name, content];
    }),
  );
}

/** A bundle that this device does not take; the message says why. */
export class BundleRefused extends Error {
  override readonly name = 'BundleRefused';
}
