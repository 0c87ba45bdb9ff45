import { bigintToBytes, hexToBytes, utf8Encode } from '../bytes.ts';
import type { Addressee } from '../order.ts';
import type { Vm } from '../ports/index.ts';
import { encodeRlp } from '../rlp/index.ts';
import type { BatchName } from './spool.ts';

/** How long an order counts: whoever overhears it cannot ask for ever, nor a second time. */
export interface Once {
  /** Seconds since 1970, by the clock of the device, from which it counts no more. */
  readonly until: number;
  /** Any number that no other order has: what was obeyed is not obeyed again. */
  readonly nonce: number;
}

/** The most that an order may be ahead of the device's clock. */
export const LONGEST_ORDER_SECONDS = 600;

/** A part of the lines of a batch. */
export interface RequestsName extends BatchName {
  readonly part: number;
}

/** What of the output of containers is asked for. */
export interface OutputName {
  readonly app: string;
  /** Empty: of all its services. */
  readonly service: string;
}

/**
 * The 32 bytes that an operator signs, as a wallet signs a message of 32 bytes (EIP-191), to be shown lines of a batch: paths may say
 * more than everyone should know.
 */
export function requestsOrderHash(
  { app, revision, from, part, until, nonce }: RequestsName & Once,
  to: Addressee,
  keccak256: Vm['keccak256'],
): Uint8Array {
  return hashOf('classpad requests 2', to, [app, revision, from, part, until, nonce], keccak256);
}

/** The same to be shown what the containers of an app print. */
export function outputOrderHash(
  { app, service, until, nonce }: OutputName & Once,
  to: Addressee,
  keccak256: Vm['keccak256'],
): Uint8Array {
  return hashOf('classpad output 2', to, [app, service, until, nonce], keccak256);
}

function hashOf(
  purpose: string,
  { chainId, device }: Addressee,
  fields: readonly (string | number)[],
  keccak256: Vm['keccak256'],
): Uint8Array {
  const bytes = fields.map((field) => (typeof field === 'string' ? utf8Encode(field) : bigintToBytes(BigInt(field))));
  return keccak256(encodeRlp([utf8Encode(purpose), bigintToBytes(chainId), hexToBytes(device), ...bytes]));
}
