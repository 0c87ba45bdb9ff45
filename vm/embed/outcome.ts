/** Reads what the VM left after a transaction (vm/transaction.ts, vm/logs.ts, vm/diff.ts). */
import type { AccountDiff, Executed, Log, Message, Refused, Word } from '../../runtime/ports/index.ts';
import type { Wire } from './wire.ts';

/** Offsets of `Result` in vm/transaction.ts. */
const AT = {
  refusal: 0,
  status: 4,
  gasUsed: 8,
  gasRefunded: 16,
  gasPrice: 24,
  output: 56,
  outputSize: 60,
  logs: 64,
  logsSize: 68,
  diff: 72,
  diffRows: 76,
  created: 80,
} as const;

/** Statuses below this one are successes. */
const REVERT = 16;
const GONE = 1;
const NEW_CODE = 2;
const DIFF_ROW = 112;
const DIFF_SLOT = 64;
const LOG_HEAD = 32;

export interface Names {
  readonly status: ReadonlyMap<number, string>;
  readonly refusal: ReadonlyMap<number, string>;
}

export function readOutcome(wire: Wire, result: number, message: Message, names: Names): Executed | Refused {
  const refusal = wire.u32(result + AT.refusal);
  if (refusal) return refused(names.refusal.get(refusal)!);
  const status = wire.u32(result + AT.status);
  const succeeded = status < REVERT;
  const executed = {
    kind: 'executed',
    status: names.status.get(status)!,
    succeeded,
    gasUsed: wire.u64(result + AT.gasUsed),
    gasRefunded: wire.u64(result + AT.gasRefunded),
    gasPrice: wire.word(result + AT.gasPrice),
    output: wire.copy(wire.u32(result + AT.output), wire.u32(result + AT.outputSize)),
    logs: readLogs(wire, wire.u32(result + AT.logs), wire.u32(result + AT.logsSize)),
    diff: readDiff(wire, wire.u32(result + AT.diff), wire.u32(result + AT.diffRows)),
  } as const;
  return message.to ? executed : { ...executed, created: wire.address(result + AT.created) };
}

export function refused(reason: string): Refused {
  return { kind: 'refused', reason };
}

function readLogs(wire: Wire, from: number, size: number): Log[] {
  const logs: Log[] = [];
  let at = from;
  while (at < from + size) {
    const count = wire.u32(at);
    const dataSize = wire.u32(at + 4);
    const topics: Word[] = [];
    for (let index = 0; index < count; index++) topics.push(wire.hash(at + LOG_HEAD + 32 * index));
    const data = at + LOG_HEAD + 32 * count;
    logs.push({ address: wire.address(at + 8), topics, data: wire.copy(data, dataSize) });
    at = from + align(data + dataSize - from);
  }
  return logs;
}

function align(length: number): number {
  return (length + 7) & ~7;
}

function readDiff(wire: Wire, from: number, rows: number): AccountDiff[] {
  const diff: AccountDiff[] = [];
  let at = from;
  for (let row = 0; row < rows; row++) {
    const slots = wire.u32(at + 104);
    diff.push(readAccount(wire, at, slots));
    at += DIFF_ROW + slots * DIFF_SLOT;
  }
  return diff;
}

function readAccount(wire: Wire, at: number, count: number): AccountDiff {
  const address = wire.address(at);
  const flags = wire.u32(at + 20);
  if (flags & GONE) return { address, account: null, cleared: false, slots: [] };
  const slots: [Word, Word][] = [];
  for (let index = 0; index < count; index++) {
    const slot = at + DIFF_ROW + index * DIFF_SLOT;
    slots.push([wire.hash(slot), wire.hash(slot + 32)]);
  }
  const account = { nonce: wire.u64(at + 24), balance: wire.word(at + 32), codeHash: wire.hash(at + 64) };
  const row = { address, account, cleared: false, slots };
  return flags & NEW_CODE ? { ...row, code: wire.copy(wire.u32(at + 96), wire.u32(at + 100)) } : row;
}
