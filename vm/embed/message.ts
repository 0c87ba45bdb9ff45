/** Writes a block and a message where the VM reads them (vm/context.ts). */
import type { AccessListEntry, Authorization, BlockContext, Message } from '../../runtime/ports/index.ts';
import type { Wire } from './wire.ts';

/** Offsets of vm/context.ts. */
const AT = {
  coinbase: 0,
  number: 32,
  timestamp: 64,
  blockGasLimit: 96,
  prevRandao: 128,
  baseFee: 160,
  chainId: 192,
  blobBaseFee: 224,
  sender: 256,
  to: 320,
  value: 352,
  maxFee: 384,
  maxPriorityFee: 416,
  maxBlobFee: 448,
  gasLimit: 480,
  nonce: 488,
  excessBlobGas: 496,
  type: 504,
  flags: 508,
  data: 512,
  dataSize: 516,
  accessList: 520,
  accessCount: 524,
  blobHashes: 528,
  blobCount: 532,
  authorizations: 536,
  authorizationCount: 540,
} as const;

const CALLS = 1;
const SIMULATES = 2;
const OWN_BLOB_BASE_FEE = 4;
const WORD = 32;
const ACCESS_ROW = 40;
const AUTHORIZATION_ROW = 6 * WORD;

const NO_ACCESS: readonly AccessListEntry[] = [];
const NO_AUTHORIZATIONS: readonly Authorization[] = [];

/** Bytes of the message's variable parts. */
export function roomFor(message: Message): number {
  let room = message.data.length + WORD;
  for (const entry of message.accessList ?? NO_ACCESS) room += ACCESS_ROW + entry.slots.length * WORD;
  return room + (message.blobHashes?.length ?? 0) * WORD + (message.authorizations?.length ?? 0) * AUTHORIZATION_ROW;
}

export function writeBlock(wire: Wire, context: number, block: BlockContext): void {
  wire.setHexWord(context + AT.coinbase, block.coinbase);
  wire.setWord(context + AT.number, block.number);
  wire.setWord(context + AT.timestamp, block.timestamp);
  wire.setWord(context + AT.blockGasLimit, block.gasLimit);
  wire.setHexWord(context + AT.prevRandao, block.prevRandao);
  wire.setWord(context + AT.baseFee, block.baseFee);
  wire.setWord(context + AT.chainId, block.chainId);
  wire.setU64(context + AT.excessBlobGas, block.excessBlobGas);
  if (block.blobBaseFee !== undefined) wire.setWord(context + AT.blobBaseFee, block.blobBaseFee);
}

/** What of the block and of how it is executed the VM is told with the message. */
export function flagsOf(block: BlockContext, simulate: boolean): number {
  return (simulate ? SIMULATES : 0) | (block.blobBaseFee !== undefined ? OWN_BLOB_BASE_FEE : 0);
}

/** `room` is where the variable parts go. */
export function writeMessage(wire: Wire, context: number, room: number, message: Message, flags: number): void {
  wire.setHexWord(context + AT.sender, message.sender);
  wire.setHexWord(context + AT.to, message.to ?? '0x');
  wire.setWord(context + AT.value, message.value);
  wire.setWord(context + AT.maxFee, message.maxFeePerGas);
  wire.setWord(context + AT.maxPriorityFee, message.maxPriorityFeePerGas);
  wire.setWord(context + AT.maxBlobFee, message.maxFeePerBlobGas ?? 0n);
  wire.setU64(context + AT.gasLimit, message.gasLimit);
  wire.setU64(context + AT.nonce, message.nonce);
  wire.setU32(context + AT.type, message.type);
  wire.setU32(context + AT.flags, (message.to ? CALLS : 0) | flags);
  writeLists(wire, context, room, message);
}

/** Words stand at addresses divisible by 8: the data, of any length, comes last. */
function writeLists(wire: Wire, context: number, room: number, message: Message): void {
  const access = message.accessList ?? NO_ACCESS;
  const hashes = message.blobHashes ?? [];
  const authorizations = message.authorizations ?? NO_AUTHORIZATIONS;
  let at = room;
  wire.setU32(context + AT.accessList, at);
  wire.setU32(context + AT.accessCount, access.length);
  for (const entry of access) at = writeAccess(wire, at, entry);
  wire.setU32(context + AT.blobHashes, at);
  wire.setU32(context + AT.blobCount, hashes.length);
  for (const hash of hashes) {
    wire.setHexWord(at, hash);
    at += WORD;
  }
  wire.setU32(context + AT.authorizations, at);
  wire.setU32(context + AT.authorizationCount, authorizations.length);
  for (const authorization of authorizations) at = writeAuthorization(wire, at, authorization);
  wire.setU32(context + AT.data, at);
  wire.setU32(context + AT.dataSize, message.data.length);
  wire.bytes.set(message.data, at);
}

function writeAccess(wire: Wire, at: number, entry: AccessListEntry): number {
  wire.setHexWord(at, entry.address);
  wire.setU32(at + WORD, entry.slots.length);
  let to = at + ACCESS_ROW;
  for (const slot of entry.slots) {
    wire.setHexWord(to, slot);
    to += WORD;
  }
  return to;
}

function writeAuthorization(wire: Wire, at: number, authorization: Authorization): number {
  wire.setWord(at, authorization.chainId);
  wire.setHexWord(at + WORD, authorization.address);
  wire.setWord(at + 2 * WORD, authorization.nonce);
  wire.setWord(at + 3 * WORD, authorization.yParity);
  wire.setWord(at + 4 * WORD, authorization.r);
  wire.setWord(at + 5 * WORD, authorization.s);
  return at + AUTHORIZATION_ROW;
}
