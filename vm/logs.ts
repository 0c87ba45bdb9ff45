/** Logs in order of emission, in the form the host reads; those of a frame that fails are cut off. */
import { capacity, enlarge, give } from './arena';
import { fail } from './failure';
import { storeAddress } from './state';
import { Status } from './status';
import { storeBigEndian } from './u256';

/** An entry: topics u32, bytes of data u32, address (20 bytes, then 4 unused), topics (32 bytes each), data, padding to 8. */
export const enum LogEntry {
  Topics = 0,
  DataSize = 4,
  Address = 8,
  Size = 32,
}

const KEPT_SIZE: usize = 65536;

let entries: usize = 0;
export let logsUsed: usize = 0;
let room: usize = 0;

export function logsAt(): usize {
  return entries;
}

/** Appends a log: `topics` words from `topic` on, `size` bytes at `data`. */
export function appendLog(address: usize, topic: usize, topics: u32, data: usize, size: u32): void {
  const whole = (<usize>LogEntry.Size + ((<usize>topics) << 5) + <usize>size + 7) & ~7;
  if (logsUsed + whole > room && !makeRoom(whole)) return;
  const entry = entries + logsUsed;
  logsUsed += whole;
  store<u32>(entry, topics, LogEntry.Topics);
  store<u32>(entry, size, LogEntry.DataSize);
  storeAddress(entry + LogEntry.Address, address);
  let at = entry + LogEntry.Size;
  for (let index: u32 = 0; index < topics; index++) {
    storeBigEndian(at, topic + ((<usize>index) << 5));
    at += 32;
  }
  memory.copy(at, data, <usize>size);
}

export function cutLogs(mark: usize): void {
  logsUsed = mark;
}

export function resetLogs(): void {
  logsUsed = 0;
  if (room <= KEPT_SIZE) return;
  give(entries);
  entries = 0;
  room = 0;
}

function makeRoom(whole: usize): bool {
  const larger = enlarge(entries, logsUsed, (logsUsed + whole) * 2);
  if (!larger) {
    fail(Status.MemoryLimit);
    return false;
  }
  entries = larger;
  room = capacity(larger);
  return true;
}
