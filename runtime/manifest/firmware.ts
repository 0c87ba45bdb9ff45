import { equalBytes, utf8Decode } from '../bytes.ts';
import { nestsDeeper } from '../nesting.ts';
import type { SoftwareKind } from '../ports/updater.ts';
import { VERSION_FORM } from '../update/version.ts';
import { type Check, object, record, refuse, text, whole } from './check.ts';
import { encodeCanonical } from './encode.ts';
import { MANIFEST_LIMIT_BYTES, ManifestRefused } from './manifest.ts';
import { unknownKey } from './refused.ts';

/**
 * A release of the devices' own software. It stands on the ledger as every release does, in canonical JSON; the bundle itself
 * travels beside the ledger and is held against what stands here.
 */
export interface SoftwareManifest {
  readonly kind: SoftwareKind;
  readonly version: string;
  /** By board; `any` serves boards that have no entry. */
  readonly payloads: Readonly<Record<string, Payload>>;
  /** SHA-256 of the public key that signed the bundles. The device must trust that key by itself, too. */
  readonly signer: string;
}

export interface Payload {
  readonly sha256: string;
  readonly bytes: number;
}

/** The app under which each kind is released; under another name it is refused. */
export const SOFTWARE_APPS: { readonly [K in SoftwareKind]: string } = { firmware: 'firmware', os: 'os' };
export const ANY_BOARD = 'any';
const PAYLOAD_LIMIT_BYTES = 1024 * 1024 * 1024;

const hash = text(/^[0-9a-f]{64}$/, 64, 'a SHA-256: 64 hexadecimal digits in small letters');
const board = text(/^[a-z0-9][a-z0-9_-]{0,30}$/, 31, 'the name of a board such as qemu-x86_64, or any');
const payload = object<Payload>({ sha256: hash, bytes: whole(1, PAYLOAD_LIMIT_BYTES, 'bytes') }, ['sha256', 'bytes'], unknownKey);

const fields = object<SoftwareManifest>(
  {
    kind: text(/^(?:firmware|os)$/, 8, 'firmware or os') as Check<SoftwareKind>,
    version: text(VERSION_FORM, 64, 'a version such as 1.2.3'),
    payloads: record(board, payload, 1, 32),
    signer: hash,
  },
  ['kind', 'version', 'payloads', 'signer'],
  unknownKey,
);

/** Whether manifest bytes claim to be a release of software: only then {@link parseSoftware} is the one to read them. */
export function isSoftware(bytes: Uint8Array): boolean {
  // Canonical JSON sorts its keys, and no other manifest has one called kind.
  return utf8Decode(bytes.subarray(0, 8)) === '{"kind":';
}

/** Reads manifest bytes as they stand on the ledger. Throws {@link ManifestRefused}. */
export function parseSoftware(bytes: Uint8Array): SoftwareManifest {
  if (bytes.length > MANIFEST_LIMIT_BYTES) refuse([], 'the manifest is too long');
  const manifest = fields(json(utf8Decode(bytes)), []);
  if (!equalBytes(encodeSoftware(manifest), bytes)) refuse([], 'the manifest is not canonical JSON');
  return manifest;
}

/** The bytes of a release as they stand on the ledger. */
export function encodeSoftware(manifest: SoftwareManifest): Uint8Array {
  return encodeCanonical(manifest);
}

/** What a board takes of a release. */
export function payloadFor({ payloads }: SoftwareManifest, name: string): Payload | undefined {
  return Object.hasOwn(payloads, name) ? payloads[name] : payloads[ANY_BOARD];
}

function json(source: string): unknown {
  if (nestsDeeper(source, 4)) throw new ManifestRefused([{ path: [], sentence: 'the manifest is nested too deep' }]);
  try {
    return JSON.parse(source);
  } catch {
    throw new ManifestRefused([{ path: [], sentence: 'the manifest is not JSON' }]);
  }
}
