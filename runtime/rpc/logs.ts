import { mayContain } from '../ledger/bloom.ts';
import type { HashedHeader } from '../ledger/chain.ts';
import type { Core } from '../ledger/core.ts';
import type { Log } from '../ports/index.ts';
import type { LogFilter } from './decode.ts';
import { encodeLog, type Json } from './encode.ts';
import { ErrorCode, RpcError } from './errors.ts';

/** Blocks that one request may search. */
export const MAX_LOG_RANGE = 10_000;
const BLOCKS_A_TURN = 64;
/** Logs that one request may find. */
const MAX_LOGS = 10_000;

/** Bytes of their data. */
export const MAX_LOG_BYTES = 4 * 1024 * 1024;

/** `eth_getLogs` from block to block, both included. */
export async function findLogs(core: Core, filter: LogFilter, from: number, to: number): Promise<Json[]> {
  if (to - from >= MAX_LOG_RANGE) {
    throw new RpcError(
      ErrorCode.LimitExceeded,
      `the range has ${to - from + 1} blocks; at most ${MAX_LOG_RANGE} are searched at once`,
    );
  }
  const found: Json[] = [];
  const size = { bytes: 0 };
  for (let number = from; number <= to; number++) {
    if ((number - from) % BLOCKS_A_TURN === BLOCKS_A_TURN - 1) await core.pause();
    const block = core.chain.wholeAt(number);
    if (!block && number < core.chain.firstWhole())
      throw new RpcError(
        ErrorCode.Server,
        `history before block ${core.chain.firstWhole()} is not on this node: it began with a later one`,
      );
    if (!block) break;
    if (!mayMatch(core, block, filter)) continue;
    collect(core, block, filter, found, size);
    if (found.length > MAX_LOGS) {
      throw new RpcError(ErrorCode.LimitExceeded, `query returned more than ${MAX_LOGS} results; ask for fewer blocks at once`);
    }
  }
  return found;
}

function collect(core: Core, block: HashedHeader, filter: LogFilter, found: Json[], size: { bytes: number }): void {
  const { number } = block.header;
  const receipts = core.chain.receiptsAt(number);
  let logIndex = 0;
  let hashes: string[] | undefined;
  receipts.forEach((receipt, index) => {
    for (const log of receipt.logs) {
      if (matches(log, filter)) {
        size.bytes += log.data.length;
        if (size.bytes > MAX_LOG_BYTES) throw tooMuch();
        hashes ??= core.chain.transactionsAt(number, receipts).map(({ hash }) => hash);
        found.push(encodeLog(log, hashes[index]!, { block, index }, logIndex));
      }
      logIndex++;
    }
  });
}

function tooMuch(): RpcError {
  return new RpcError(ErrorCode.LimitExceeded, `the logs have more than ${MAX_LOG_BYTES} bytes; ask for fewer blocks at once`);
}

/** By the bloom filter, which errs only on the side of yes. */
function mayMatch(core: Core, { header }: HashedHeader, { addresses, topics }: LogFilter): boolean {
  if (header.gasUsed === 0n) return false;
  return [addresses, ...topics].every(
    (choices) => choices.length === 0 || choices.some((choice) => mayContain(header.logsBloom, choice, core.vm.keccak256)),
  );
}

/** Whether a log is one of those that the filter asks for, its block aside. */
export function matches(log: Log, { addresses, topics }: LogFilter): boolean {
  if (addresses.length > 0 && !addresses.includes(log.address)) return false;
  if (topics.length > log.topics.length) return false;
  return topics.every((choices, position) => choices.length === 0 || choices.includes(log.topics[position]!));
}
