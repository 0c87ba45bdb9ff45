/** RIPEMD-160 (Dobbertin, Bosselaers, Preneel 1996): two lines of 80 steps over the same block. */

const BLOCK: usize = 64;

const initial = memory.data<u32>([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0]);
const leftConstants = memory.data<u32>([0x00000000, 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xa953fd4e]);
const rightConstants = memory.data<u32>([0x50a28be6, 0x5c4dd124, 0x6d703ef3, 0x7a6d76e9, 0x00000000]);

/** Which word of the block each step takes, and how far it rotates. */
const leftWords = memory.data<u8>([
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 7, 4, 13, 1, 10, 6, 15, 3, 12, 0, 9, 5, 2, 14, 11, 8, 3, 10, 14, 4, 9, 15,
  8, 1, 2, 7, 0, 6, 13, 11, 5, 12, 1, 9, 11, 10, 0, 8, 12, 4, 13, 3, 7, 15, 14, 5, 6, 2, 4, 0, 5, 9, 7, 12, 2, 10, 14, 1, 3, 8,
  11, 6, 15, 13,
]);
const rightWords = memory.data<u8>([
  5, 14, 7, 0, 9, 2, 11, 4, 13, 6, 15, 8, 1, 10, 3, 12, 6, 11, 3, 7, 0, 13, 5, 10, 14, 15, 8, 12, 4, 9, 1, 2, 15, 5, 1, 3, 7, 14,
  6, 9, 11, 8, 12, 2, 10, 0, 4, 13, 8, 6, 4, 1, 3, 11, 15, 0, 5, 12, 2, 13, 9, 7, 10, 14, 12, 15, 10, 4, 1, 5, 8, 7, 6, 2, 13, 14,
  0, 3, 9, 11,
]);
const leftTurns = memory.data<u8>([
  11, 14, 15, 12, 5, 8, 7, 9, 11, 13, 14, 15, 6, 7, 9, 8, 7, 6, 8, 13, 11, 9, 7, 15, 7, 12, 15, 9, 11, 7, 13, 12, 11, 13, 6, 7,
  14, 9, 13, 15, 14, 8, 13, 6, 5, 12, 7, 5, 11, 12, 14, 15, 14, 15, 9, 8, 9, 14, 5, 6, 8, 6, 5, 12, 9, 15, 5, 11, 6, 8, 13, 12, 5,
  12, 13, 14, 11, 8, 5, 6,
]);
const rightTurns = memory.data<u8>([
  8, 9, 9, 11, 13, 15, 15, 5, 7, 7, 8, 11, 14, 14, 12, 6, 9, 13, 15, 7, 12, 8, 9, 11, 7, 7, 12, 7, 6, 15, 13, 11, 9, 7, 15, 11, 8,
  6, 6, 14, 12, 13, 5, 14, 13, 13, 7, 5, 15, 5, 8, 11, 14, 14, 6, 14, 6, 9, 12, 9, 12, 5, 15, 8, 8, 5, 12, 9, 12, 5, 14, 6, 8, 13,
  6, 5, 15, 13, 11, 11,
]);

const hash = memory.data(20, 8);
const left = memory.data(20, 8);
const right = memory.data(20, 8);
/** What is left of the message, with its padding: one block or two. */
const tail = memory.data(128, 8);

/** Writes the 20-byte hash of `length` bytes at `data` to `out`, which may overlap the data. */
export function ripemd160(out: usize, data: usize, length: usize): void {
  memory.copy(hash, initial, 20);
  const rest = length % BLOCK;
  const end = data + length - rest;
  for (let block = data; block < end; block += BLOCK) compress(block);
  memory.fill(tail, 0, 2 * BLOCK);
  memory.copy(tail, end, rest);
  store<u8>(tail + rest, 0x80);
  const last = rest < 56 ? tail : tail + BLOCK;
  store<u64>(last, u64(length) << 3, 56);
  compress(tail);
  if (last != tail) compress(last);
  memory.copy(out, hash, 20);
}

function compress(block: usize): void {
  memory.copy(left, hash, 20);
  memory.copy(right, hash, 20);
  for (let round: i32 = 0; round < 5; round++) {
    const at = usize(round) << 4;
    line(left, block, round, load<u32>(leftConstants + (at >> 2)), leftWords + at, leftTurns + at);
    line(right, block, 4 - round, load<u32>(rightConstants + (at >> 2)), rightWords + at, rightTurns + at);
  }
  const first = load<u32>(hash, 4) + load<u32>(left, 8) + load<u32>(right, 12);
  store<u32>(hash, load<u32>(hash, 8) + load<u32>(left, 12) + load<u32>(right, 16), 4);
  store<u32>(hash, load<u32>(hash, 12) + load<u32>(left, 16) + load<u32>(right), 8);
  store<u32>(hash, load<u32>(hash, 16) + load<u32>(left) + load<u32>(right, 4), 12);
  store<u32>(hash, load<u32>(hash) + load<u32>(left, 4) + load<u32>(right, 8), 16);
  store<u32>(hash, first);
}

/** Sixteen steps of one line, all with the same mixing function. */
function line(state: usize, block: usize, mixing: i32, constant: u32, words: usize, turns: usize): void {
  let a = load<u32>(state);
  let b = load<u32>(state, 4);
  let c = load<u32>(state, 8);
  let d = load<u32>(state, 12);
  let e = load<u32>(state, 16);
  for (let i: usize = 0; i < 16; i++) {
    const word = load<u32>(block + (usize(load<u8>(words + i)) << 2));
    const turned = rotl<u32>(a + mix(mixing, b, c, d) + word + constant, load<u8>(turns + i)) + e;
    a = e;
    e = d;
    d = rotl<u32>(c, 10);
    c = b;
    b = turned;
  }
  store<u32>(state, a);
  store<u32>(state, b, 4);
  store<u32>(state, c, 8);
  store<u32>(state, d, 12);
  store<u32>(state, e, 16);
}

function mix(mixing: i32, x: u32, y: u32, z: u32): u32 {
  switch (mixing) {
    case 0:
      return x ^ y ^ z;
    case 1:
      return (x & y) | (~x & z);
    case 2:
      return (x | ~y) ^ z;
    case 3:
      return (x & z) | (y & ~z);
    default:
      return x ^ (y | ~z);
  }
}
