/** Code and its decoded programs, kept by hash from transaction to transaction. */
import { give, take } from './arena';
import { decodeBlock, dropProgram, switchTracing, tracing } from './decode';
import { programBytes } from './emitter';
import { fail, fatal } from './failure';
import { hostCode, hostCodeSize } from './host';
import { bytesOf, Code, PADDING, sizeOf } from './program';
import { Status } from './status';
import { chainOf, insert, resetTable, TABLE_SIZE } from './table';
import { copy, eq } from './u256';

/** Programs that no frame runs are dropped when all together exceed this many bytes. */
const PROGRAM_LIMIT: usize = 24 << 20;
/** All code is dropped between transactions when it exceeds this many bytes. */
const CACHE_LIMIT: usize = 16 << 20;
const LONGEST: i32 = 1 << 28;

/** keccak256 of nothing. */
export const EMPTY_HASH: usize = memory.data<u8>([
  0xc5, 0xd2, 0x46, 0x01, 0x86, 0xf7, 0x23, 0x3c, 0x92, 0x7e, 0x7d, 0xb2, 0xdc, 0xc7, 0x03, 0xc0, 0xe5, 0x00, 0xb6, 0x53, 0xca,
  0x82, 0x27, 0x3b, 0x7b, 0xfa, 0xd8, 0x04, 0x5d, 0x85, 0xa4, 0x70,
]);

const codes: usize = memory.data(TABLE_SIZE, 8);
let emptyCode: usize = 0;
let bytesHeld: usize = 0;

/** The code with this hash (32 bytes as hashed), from the cache or the host. 0 only after a fatal failure. */
export function codeOf(hash: usize): usize {
  if (eq(hash, EMPTY_HASH)) return noCode();
  const known = find(hash);
  if (known) return known;
  const size = hostCodeSize(hash);
  if (size < 0 || size > LONGEST) return lost(Status.HostFailure);
  const code = allocate(<usize>size);
  if (!code) return 0;
  if (size > 0 && hostCode(bytesOf(code)) < 0) {
    give(code);
    return lost(Status.HostFailure);
  }
  keep(code, hash);
  return code;
}

/** Puts code that a creation deploys into the cache. 0 only after a fatal failure. */
export function addCode(hash: usize, bytes: usize, size: usize): usize {
  if (size == 0) return noCode();
  const known = find(hash);
  if (known) return known;
  const code = copyOf(bytes, size);
  if (code) keep(code, hash);
  return code;
}

/** Code outside the cache, as init code is; `dropCode` gives it back. 0 only after a fatal failure. */
export function copyOf(bytes: usize, size: usize): usize {
  const code = allocate(size);
  if (code) memory.copy(bytesOf(code), bytes, size);
  return code;
}

export function dropCode(code: usize): void {
  dropProgram(code);
  give(code);
}

/** The code of an account without code. */
export function noCode(): usize {
  if (!emptyCode) emptyCode = allocate(0);
  return emptyCode;
}

/** Begins to use a code's program, decoding where it begins if need be. False only after a fatal failure. */
export function enterProgram(code: usize): bool {
  if (!load<u32>(code, Code.Program)) {
    if (programBytes > PROGRAM_LIMIT) evictPrograms();
    const first = decodeBlock(code, 0, 0);
    if (!first) return false;
    store<u32>(code, <u32>first, Code.Program);
  }
  store<u32>(code, load<u32>(code, Code.Users) + 1, Code.Users);
  return true;
}

export function leaveProgram(code: usize): void {
  store<u32>(code, load<u32>(code, Code.Users) - 1, Code.Users);
}

/** Between transactions: bounds what is kept. */
export function trimCodes(): void {
  if (bytesHeld + programBytes > CACHE_LIMIT) dropCodes();
}

/** Forgets all code and programs. Only between transactions. */
function dropCodes(): void {
  const buckets = <usize>load<u32>(codes);
  if (buckets) {
    for (let index: u32 = 0; index <= load<u32>(codes, 4); index++) {
      let code = <usize>load<u32>(buckets + ((<usize>index) << 2));
      while (code) {
        const next = <usize>load<u32>(code);
        dropCode(code);
        code = next;
      }
    }
  }
  if (emptyCode) dropCode(emptyCode);
  emptyCode = 0;
  bytesHeld = 0;
  resetTable(codes);
}

/** From now on programs are decoded with or without a call of the host before every instruction. */
export function setTracing(on: bool): void {
  if (tracing != on) dropCodes();
  switchTracing(on);
}

function find(hash: usize): usize {
  if (!load<u32>(codes)) resetTable(codes);
  let code = chainOf(codes, load<u32>(hash));
  while (code && !eq(code + Code.Keccak, hash)) code = <usize>load<u32>(code);
  return code;
}

function keep(code: usize, hash: usize): void {
  copy(code + Code.Keccak, hash);
  insert(codes, code, load<u32>(hash));
  bytesHeld += <usize>sizeOf(code) + Code.Size;
}

function allocate(size: usize): usize {
  if (fatal) return 0;
  const code = take(<usize>Code.Size + PADDING + size + PADDING + ((size + 7) >> 3));
  if (!code) return lost(Status.MemoryLimit);
  memory.fill(code, 0, <usize>Code.Size + PADDING);
  memory.fill(bytesOf(code) + size, 0, PADDING);
  store<u32>(code, <u32>size, Code.Length);
  return code;
}

function evictPrograms(): void {
  const buckets = <usize>load<u32>(codes);
  for (let index: u32 = 0; index <= load<u32>(codes, 4); index++) {
    let code = <usize>load<u32>(buckets + ((<usize>index) << 2));
    while (code) {
      if (load<u32>(code, Code.Users) == 0) dropProgram(code);
      code = <usize>load<u32>(code);
    }
  }
}

function lost(status: i32): usize {
  fail(status);
  return 0;
}
