import { type Chunk, code, join, push, pushOffset } from './chunk.ts';
import { hostileInput } from './hostile-input.ts';
import type { Random } from './random.ts';

/** What a program may refer to. */
export interface Surroundings {
  readonly fork: number;
  readonly addresses: readonly bigint[];
}

/** Opcodes by the fork (as numbered in FORKS) that has them first. */
const UNARY = [0x15, 0x19];
const BINARY = [
  0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x0a, 0x0b, 0x10, 0x11, 0x12, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1a, 0x1b, 0x1c, 0x1d,
];
const TERNARY = [0x08, 0x09];
const NULLARY = [0x30, 0x32, 0x33, 0x34, 0x36, 0x38, 0x3a, 0x3d, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x58, 0x59];
const LONDON = 1;
const SHANGHAI = 3;
const CANCUN = 4;
const OSAKA = 6;
const [ADD, POP, MLOAD, MSTORE, MSTORE8, SLOAD, SSTORE, JUMP, JUMPI, GAS, JUMPDEST] = [
  0x01, 0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x5a, 0x5b,
];
const MOST_NESTED = 3;

type Make = (random: Random, around: Surroundings, depth: number) => Chunk;

const STATEMENTS: readonly (readonly [weight: number, make: Make])[] = [
  [14, store],
  [12, keepSlot],
  [10, arithmetic],
  [6, crunch],
  [8, shuffle],
  [8, copy],
  [14, call],
  [5, create],
  [5, condition],
  [4, loop],
  [4, emit],
  [4, precompile],
  [3, hash],
  [3, transient],
  [2, inspect],
];

const DANGERS: readonly Make[] = [end, junk, flood];

const ENDINGS: readonly (readonly [weight: number, make: Make])[] = [
  [5, giveBack],
  [1, end],
];

function statement(random: Random): Make {
  return random.oneIn(random.hazard) ? random.pick(DANGERS) : random.weighted(STATEMENTS);
}

/** A program of up to `length` statements. */
export function program(random: Random, around: Surroundings, length: number, depth = 0): Chunk[] {
  const chunks = Array.from({ length: 1 + random.int(length) }, () => statement(random)(random, around, depth));
  if (!random.oneIn(4)) chunks.push(random.weighted(ENDINGS)(random, around, depth));
  return chunks;
}

/** Code that leaves one word on the stack. */
function operand(random: Random, around: Surroundings, depth = 0): number[] {
  const kind = random.int(depth > 2 ? 8 : 14);
  if (kind < 5) return push(random.word());
  if (kind === 5) return [random.pick(nullary(around))];
  if (kind === 6) return [...push(random.int(96)), 0x35];
  if (kind === 7) return random.oneIn(6) ? [GAS] : push(random.pick(around.addresses));
  if (kind === 8) return [...place(random), MLOAD];
  if (kind === 9) return [...push(random.int(4)), SLOAD];
  if (kind === 10) return [...operand(random, around, depth + 1), random.pick(unary(around))];
  if (kind === 11) {
    const three = [0, 1, 2].flatMap(() => operand(random, around, depth + 1));
    return [...three, random.pick(TERNARY)];
  }
  return [...operand(random, around, depth + 1), ...operand(random, around, depth + 1), random.pick(BINARY)];
}

function nullary(around: Surroundings): number[] {
  return [...NULLARY, ...(around.fork >= LONDON ? [0x48] : []), ...(around.fork >= CANCUN ? [0x4a] : [])];
}

function unary(around: Surroundings): number[] {
  return [...UNARY, ...(around.fork >= OSAKA ? [0x1e] : [])];
}

/** A memory offset: small mostly, at times out of every reach. */
function place(random: Random): number[] {
  if (random.oneIn(random.hazard)) return push(random.word());
  return push(random.oneIn(10) ? random.int(5000) : random.int(200));
}

function size(random: Random): number[] {
  if (random.oneIn(random.hazard)) return push(random.word());
  return push(random.oneIn(8) ? random.int(2000) : random.int(100));
}

function store(random: Random, around: Surroundings): Chunk {
  return code(operand(random, around), place(random), random.oneIn(4) ? MSTORE8 : MSTORE);
}

function keepSlot(random: Random, around: Surroundings): Chunk {
  const value = random.oneIn(2) ? push(random.int(3)) : operand(random, around);
  return code(value, push(random.int(4)), SSTORE);
}

function arithmetic(random: Random, around: Surroundings): Chunk {
  return code(operand(random, around), random.oneIn(2) ? POP : [...push(random.int(8) * 32), MSTORE]);
}

/** Many operations on words at the edges, one after the other; what comes out of all goes into a slot. */
function crunch(random: Random, around: Surroundings): Chunk {
  const bytes = push(0);
  for (let i = 5 + random.int(30); i > 0; i--) {
    const isTernary = random.oneIn(3);
    for (let words = isTernary ? 3 : 2; words > 0; words--) bytes.push(...push(random.word()));
    bytes.push(isTernary ? random.pick(TERNARY) : random.pick(BINARY));
    if (random.oneIn(4)) bytes.push(random.pick(unary(around)));
    // Rotated by a multiplication, so that equal results do not cancel out.
    bytes.push(0x18, ...push(3), 0x02);
  }
  return code(bytes, push(random.int(4)), SSTORE);
}

/** Words pushed, turned about with DUPn, SWAPn and operations, and taken off again. */
function shuffle(random: Random, around: Surroundings): Chunk {
  const bytes: number[] = [];
  let height = 2 + random.int(16);
  for (let i = 0; i < height; i++) bytes.push(...(random.oneIn(3) ? operand(random, around, 2) : push(random.word())));
  for (let i = random.int(20); i > 0; i--) {
    const n = random.int(Math.min(16, height));
    const act = random.int(5);
    if (act === 0) height = emitOne(bytes, 0x80 + n, height + 1);
    else if (act === 1 && height > n + 1) height = emitOne(bytes, 0x90 + n, height);
    else if (act === 2 && height > 2) height = emitOne(bytes, random.pick(BINARY), height - 1);
    else if (act === 3 && height > 2) height = emitOne(bytes, POP, height - 1);
    else if (act === 4) height = emitOne(bytes, random.pick(unary(around)), height);
  }
  for (; height > 1; height--) bytes.push(random.oneIn(2) ? POP : ADD);
  return code(bytes, push(random.int(4)), random.oneIn(2) ? MSTORE : SSTORE);
}

function emitOne(bytes: number[], opcode: number, height: number): number {
  bytes.push(opcode);
  return height;
}

function copy(random: Random, around: Surroundings): Chunk {
  const from = random.oneIn(5) ? operand(random, around, 2) : push(random.int(64));
  const kind = random.int(around.fork >= CANCUN ? 5 : 4);
  if (kind === 2 && !random.oneIn(random.hazard)) return code(0x3d, push(0), place(random), 0x3e);
  if (kind === 4) return code(size(random), place(random), place(random), 0x5e);
  if (kind === 3) return code(size(random), from, place(random), push(random.pick(around.addresses)), 0x3c);
  return code(
    random.oneIn(3) ? push(0) : size(random),
    random.oneIn(3) ? push(0) : from,
    place(random),
    [0x37, 0x39, 0x3e][kind]!,
  );
}

function call(random: Random, around: Surroundings): Chunk {
  const opcode = random.pick([0xf1, 0xf1, 0xf1, 0xf2, 0xf4, 0xfa]);
  const takesValue = opcode === 0xf1 || opcode === 0xf2;
  const value = takesValue
    ? push(
        random.weighted([
          [5, 0],
          [3, 1],
          [1, 1000],
          [1, 10 ** 15],
        ]),
      )
    : [];
  const gas = random.weighted([
    [4, [GAS]],
    [2, push(random.int(60000))],
    [1, push(random.int(3000))],
    [1, push(2n ** 64n)],
    [1, push(0)],
  ]);
  const to = random.oneIn(12) ? operand(random, around) : push(random.pick(around.addresses));
  const after = random.weighted([
    [3, [POP]],
    [2, [...push(random.int(4)), SSTORE]],
    [1, [0x3d, MSTORE]],
  ]);
  return code(size(random), place(random), size(random), place(random), value, to, gas, opcode, after);
}

/** Init code is put into memory word by word. */
function create(random: Random, around: Surroundings, depth: number): Chunk {
  const init = depth < MOST_NESTED ? initCode(random, around, depth + 1).bytes : random.bytes(random.int(20));
  const salt = random.oneIn(2) ? push(random.int(3)) : undefined;
  const length = random.oneIn(20) ? size(random) : push(init.length);
  const value = push(
    random.weighted([
      [6, 0],
      [2, 1],
      [1, 10 ** 15],
    ]),
  );
  const after = random.oneIn(3) ? [...push(random.int(4)), SSTORE] : callCreated(random);
  return code(writeToMemory(init, 0), salt ?? [], length, push(0), value, salt ? 0xf5 : 0xf0, after);
}

/** Calls the address on the stack, and drops it. */
function callCreated(random: Random): number[] {
  const value = push(random.int(2));
  return [...push(32), ...push(0), ...push(32), ...push(0), ...value, 0x85, GAS, 0xf1, POP, POP];
}

/** What it returns becomes code. */
export function initCode(random: Random, around: Surroundings, depth: number): Chunk {
  const before = random.oneIn(2) ? program(random, around, 3, depth) : [];
  const runtime = random.oneIn(8) ? random.bytes(random.int(40)) : join(program(random, around, 4, depth)).bytes;
  const length = random.oneIn(30) ? [0x61, 0x60, random.int(4)] : push(runtime.length);
  const ending = random.oneIn(8) ? 0xfd : 0xf3;
  return join([...before, code(writeToMemory(runtime, 0), length, push(0), ending)]);
}

function writeToMemory(bytes: readonly number[], at: number): number[] {
  const out: number[] = [];
  for (let i = 0; i < bytes.length; i += 32) {
    const word = [...bytes.slice(i, i + 32)];
    while (word.length < 32) word.push(0);
    out.push(0x7f, ...word, ...push(at + i), MSTORE);
  }
  return out;
}

/** if (x) { … }, with the comparison and the jump side by side as compilers write them. */
function condition(random: Random, around: Surroundings, depth: number): Chunk {
  if (depth >= MOST_NESTED) return arithmetic(random, around);
  const test = [...operand(random, around, 1), ...operand(random, around, 1), random.pick([0x10, 0x11, 0x12, 0x13, 0x14])];
  if (random.oneIn(2)) test.push(0x15);
  const body = join(program(random, around, 2, depth + 1));
  const start = test.length + 4;
  return join([
    code(test),
    { ...pushOffset(start - test.length + body.bytes.length), fixups: [1] },
    code(JUMPI),
    body,
    code(JUMPDEST),
  ]);
}

/** A body that runs a few times, or until the gas is gone. */
function loop(random: Random, around: Surroundings, depth: number): Chunk {
  if (depth >= MOST_NESTED) return arithmetic(random, around);
  const body = join(program(random, around, 2, depth + 1));
  const times = push(random.oneIn(20) ? random.int(3000) : 1 + random.int(12));
  const decrement = random.oneIn(2) ? [...push(1), 0x90, 0x03] : [...push((1n << 256n) - 1n), ADD];
  const back = times.length;
  const jump = random.oneIn(3) ? code(0x80, 0x15, 0x15) : code(0x80);
  const head = [code(times), code(JUMPDEST), body, code(decrement), jump];
  const length = join(head).bytes.length;
  return join([join(head), { bytes: pushOffset(back - length + 0x10000).bytes, fixups: [1] }, code(JUMPI, POP)]);
}

function emit(random: Random, around: Surroundings): Chunk {
  const topics = random.int(5);
  const words = Array.from({ length: topics }, () => operand(random, around, 2)).flat();
  return code(words, size(random), place(random), 0xa0 + topics);
}

/** A precompile with hostile input; what comes back goes into memory. */
function precompile(random: Random, around: Surroundings): Chunk {
  const [number, input] = hostileInput(random, around.fork);
  const opcode = random.pick([0xf1, 0xfa, 0xf4]);
  const gas = random.weighted([
    [6, [GAS]],
    [1, push(random.int(3000))],
    [1, push(random.int(100000))],
  ]);
  const value = opcode === 0xf1 ? push(random.oneIn(4) ? 1 : 0) : [];
  const output = push(random.pick([0, 32, 64, 100]));
  return code(
    writeToMemory(input, 0),
    output,
    push(0),
    push(input.length),
    push(0),
    value,
    push(number),
    gas,
    opcode,
    push(random.int(4)),
    SSTORE,
  );
}

function hash(random: Random): Chunk {
  return code(size(random), place(random), 0x20, push(random.int(4) * 32), MSTORE);
}

function transient(random: Random, around: Surroundings): Chunk {
  if (around.fork < CANCUN) return hash(random);
  if (random.oneIn(2)) return code(operand(random, around), push(random.int(3)), 0x5d);
  return code(push(random.int(3)), 0x5c, push(random.int(4)), SSTORE);
}

function inspect(random: Random, around: Surroundings): Chunk {
  const opcode = random.pick([0x31, 0x3b, 0x3f, 0x40]);
  const about = opcode === 0x40 ? push(random.int(1000)) : push(random.pick(around.addresses));
  const word = around.fork >= CANCUN && random.oneIn(6) ? [...push(random.int(3)), 0x49] : [...about, opcode];
  return code(word, push(random.int(4)), random.oneIn(2) ? SSTORE : MSTORE);
}

function giveBack(random: Random): Chunk {
  return code(size(random), place(random), random.oneIn(4) ? 0xfd : 0xf3);
}

function end(random: Random, around: Surroundings): Chunk {
  if (random.oneIn(2)) return code(push(random.pick(around.addresses)), 0xff);
  return random.pick([code(0x00), code(0xfe), code(push(3), JUMP), code(0x01), code(JUMPDEST)]);
}

function junk(random: Random, around: Surroundings): Chunk {
  if (random.oneIn(3)) return code(random.bytes(1 + random.int(6)));
  const tooNew = around.fork < SHANGHAI ? [0x5f] : around.fork < CANCUN ? [0x5c, 0x5d, 0x5e, 0x49, 0x4a] : [0x1e, 0x0c, 0x4b];
  return code(push(1), push(1), push(1), random.pick(tooNew));
}

/** Fills the stack, without end or to near its limit. */
function flood(random: Random): Chunk {
  const limit = 1000 + random.int(40);
  const body = [0x81, 0x80, 0x91, 0x90, POP];
  if (random.oneIn(2)) return join([code(JUMPDEST, push(1)), pushOffset(-3 + 0x10000), code(JUMP)]);
  return code(
    Array.from({ length: limit / 4 }, () => [0x58, 0x58, 0x80, 0x59]).flat(),
    body,
    Array.from({ length: limit }, () => POP),
  );
}
