import { bigintToBytes, bigintToWord } from '../bytes.ts';
import type { FrameRecord, Log, Recording, Word } from '../ports/index.ts';

/** Of nobody: what moves wei logs nothing by itself. */
const ETHER = `0x${'ee'.repeat(20)}` as const;
/** `Transfer(address,address,uint256)`. */
const TRANSFER: Word = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef';
const DELEGATECALL = 0xf4;

interface Call extends FrameRecord {
  readonly calls: Call[];
}

/** All logs of a transaction in their order, and each transfer of wei as if it had been one of a token (`traceTransfers`). */
export function logsWithTransfers({ frames }: Recording): Log[] {
  const path: Call[] = [];
  for (const frame of frames) {
    const call = { ...frame, calls: [] };
    path[frame.depth - 1]?.calls.push(call);
    path[frame.depth] = call;
  }
  return path[0] ? logsOf(path[0]) : [];
}

/** A call's own logs stand between its calls; of one that failed nothing is left. */
function logsOf(call: Call): Log[] {
  if (call.error) return [];
  const told: Log[] = call.value > 0n && call.opcode !== DELEGATECALL ? [transferOf(call)] : [];
  for (let place = 0; place <= call.calls.length; place++) {
    for (const log of call.logs ?? []) if (log.position === place) told.push(log);
    const inner = call.calls[place];
    if (inner) told.push(...logsOf(inner));
  }
  return told;
}

function transferOf({ from, to, value }: FrameRecord): Log {
  const [sender, receiver] = [bigintToWord(BigInt(from)), bigintToWord(BigInt(to))];
  return { address: ETHER, topics: [TRANSFER, sender, receiver], data: bigintToBytes(value, 32) };
}
