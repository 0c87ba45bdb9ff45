import { bytesToHex } from '../bytes.ts';
import { BlockRefused, type WireBlock } from '../consensus/consensus.ts';
import { BLOCKS_ANSWER_BYTES, decodeBlocks, encodeBlocks, MAX_BLOCKS_PER_ANSWER } from '../consensus/messages.ts';
import type { Core } from '../ledger/core.ts';
import { hashHeader } from '../ledger/header.ts';
import { RlpError } from '../rlp/index.ts';
import * as read from './decode.ts';
import type { JsonObject } from './encode.ts';
import { ErrorCode, invalidParams, RpcError } from './errors.ts';
import { type Method, method } from './method.ts';

/** Methods by which blocks travel without a network: out of one node, on a stick, into another. */
export const carryMethods = {
  classpad_exportBlocks: method([['from', read.count]], exportBlocks, bytesToHex),
  classpad_importBlocks: method([['blocks', read.bytes]], importBlocks, (answer) => answer),
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

/** Every block counts by its seal and its execution. What this node has already is compared and passed over. */
async function importBlocks(core: Core, bytes: Uint8Array): Promise<JsonObject> {
  let imported = 0;
  for (const block of readBlocks(bytes)) {
    if (take(core, block)) imported++;
    await core.pause();
  }
  return { imported, head: headNumber(core) };
}

function take(core: Core, block: WireBlock): boolean {
  try {
    const { number } = block.header;
    if (number > headNumber(core) + 1) throw new BlockRefused(number, `block ${number - 1} is missing before it`);
    if (number === headNumber(core) + 1) core.import(block);
    else if (hashHeader(block.header, core.vm.keccak256) === core.chain.at(number)?.hash) return false;
    else throw new BlockRefused(number, 'this node has another block of that number');
    return true;
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
