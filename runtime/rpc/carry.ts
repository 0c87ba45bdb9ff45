import { bytesToHex } from '../bytes.ts';
import { BlockRefused, type WireBlock } from '../consensus/consensus.ts';
import {
  BLOCKS_ANSWER_BYTES,
  decodeBlocks,
  encodeBlocks,
  MAX_BLOCKS_PER_ANSWER,
  TRANSACTIONS_BYTES,
} from '../consensus/messages.ts';
import type { Core } from '../ledger/core.ts';
import { hashHeader } from '../ledger/header.ts';
import { RlpError } from '../rlp/index.ts';
import * as read from './decode.ts';
import type { JsonObject } from './encode.ts';
import { ErrorCode, invalidParams, RpcError } from './errors.ts';
import { type Method, method } from './method.ts';

/** Of one answer; what is left comes with the next, when these are in blocks. */
const MAX_TRANSACTIONS = 256;

const votes = ['votes', read.optional(read.record, undefined)] as const;

/** Methods by which blocks travel without a network: out of one node, on a stick, into another. */
export const carryMethods = {
  classpad_exportBlocks: method([['from', read.count]], exportBlocks, bytesToHex),
  classpad_importBlocks: method([['blocks', read.bytes], votes], importBlocks, (answer) => answer),
  classpad_exportTransactions: method([], exportTransactions, (raws) => raws.map(bytesToHex)),
} satisfies Record<string, Method>;

/** Sealed blocks from that number on, as many as fit one answer; an empty list where there are none. */
function exportBlocks(core: Core, from: number): Uint8Array {
  const blocks: WireBlock[] = [];
  let bytes = 0;
  for (let number = Math.max(1, from); number <= headNumber(core); number++) {
    const block = core.blockAt(number);
    if (!block || blocks.length === MAX_BLOCKS_PER_ANSWER || bytes > BLOCKS_ANSWER_BYTES) break;
    bytes += block.transactions.reduce((sum, raw) => sum + raw.length, 700);
    blocks.push(block);
  }
  return encodeBlocks(blocks);
}

/** What waits here and could run, for a ledger that this node is not connected to. */
function exportTransactions(core: Core): Uint8Array[] {
  let bytes = 0;
  const raws = core.pool.executable().slice(0, MAX_TRANSACTIONS);
  return raws.flatMap(({ raw }) => {
    bytes += raw.length;
    return bytes <= TRANSACTIONS_BYTES ? [raw] : [];
  });
}

/** Every block counts by its seal, or by the votes that come with them, and by its execution. What this node has already is compared and passed over. */
async function importBlocks(core: Core, bytes: Uint8Array, votes: Record<string, unknown> | undefined): Promise<JsonObject> {
  let imported = 0;
  const blocks = readBlocks(bytes);
  if (votes !== undefined) refusing(() => core.carried.vouch?.(blocks, votes));
  for (const block of blocks) {
    if (take(core, block)) imported++;
    await core.pause();
  }
  return { imported, head: headNumber(core) };
}

function take(core: Core, block: WireBlock): boolean {
  const { number } = block.header;
  return refusing(() => {
    if (number > headNumber(core) + 1) throw new BlockRefused(number, `block ${number - 1} is missing before it`);
    if (number === headNumber(core) + 1) core.carried.import(block);
    else if (hashHeader(block.header, core.vm.keccak256) === core.chain.at(number)?.hash) return false;
    else throw new BlockRefused(number, 'this node has another block of that number');
    return true;
  });
}

function refusing<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw error instanceof BlockRefused ? new RpcError(ErrorCode.Server, error.message) : error;
  }
}

function readBlocks(bytes: Uint8Array): WireBlock[] {
  try {
    return decodeBlocks(bytes);
  } catch (error) {
    if (error instanceof RlpError) throw invalidParams(`blocks cannot be read: ${error.message}`);
    throw error;
  }
}

function headNumber(core: Core): number {
  return core.chain.head().header.number;
}
