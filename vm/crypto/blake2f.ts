/** The compression function of BLAKE2b (RFC 7693 section 3.2) with the number of rounds as a parameter (EIP-152). */

const initial = memory.data<u64>([
  0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
  0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
]);
/** Which message words a round takes, in the order of its mixing steps; ten rows, then from the start. */
const order = memory.data<u8>([
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3, 11, 8, 12, 0, 5, 2,
  15, 13, 10, 14, 3, 6, 7, 1, 9, 4, 7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8, 9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12,
  6, 8, 3, 13, 2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9, 12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11, 13, 11,
  7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10, 6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5, 10, 2, 8, 4, 7, 6, 1, 5, 15,
  11, 9, 14, 3, 12, 13, 0,
]);

const vector = memory.data(128, 8);

/**
 * Compresses in place: `state` holds 8 u64, `message` 16 u64, `offset` 2 u64, all little-endian.
 * `last` says whether this is the final block.
 */
export function blake2f(state: usize, message: usize, offset: usize, last: bool, rounds: u32): void {
  beginBlake2f(state, offset, last);
  runBlake2fRounds(message, 0, rounds);
  endBlake2f(state);
}

export function beginBlake2f(state: usize, offset: usize, last: bool): void {
  memory.copy(vector, state, 64);
  memory.copy(vector + 64, initial, 64);
  store<u64>(vector, load<u64>(vector, 96) ^ load<u64>(offset), 96);
  store<u64>(vector, load<u64>(vector, 104) ^ load<u64>(offset, 8), 104);
  if (last) store<u64>(vector, ~load<u64>(vector, 112), 112);
}

/** The rounds from `from` up to `to`: what takes long can be done in portions. */
export function runBlake2fRounds(message: usize, from: u32, to: u32): void {
  let row: usize = order + 16 * <usize>(from % 10);
  for (let round = from; round < to; round++) {
    mixRound(row, message);
    row = row == order + 144 ? order : row + 16;
  }
}

export function endBlake2f(state: usize): void {
  for (let i: usize = 0; i < 64; i += 8) {
    store<u64>(state + i, load<u64>(state + i) ^ load<u64>(vector + i) ^ load<u64>(vector + i, 64));
  }
}

/** The four columns of the vector, then its four diagonals. */
function mixRound(row: usize, message: usize): void {
  for (let i: usize = 0; i < 4; i++) {
    mix(i, 4 + i, 8 + i, 12 + i, row + 2 * i, message);
  }
  for (let i: usize = 0; i < 4; i++) {
    mix(i, 4 + ((i + 1) & 3), 8 + ((i + 2) & 3), 12 + ((i + 3) & 3), row + 8 + 2 * i, message);
  }
}

function mix(ia: usize, ib: usize, ic: usize, id: usize, pair: usize, message: usize): void {
  let a = load<u64>(vector + (ia << 3));
  let b = load<u64>(vector + (ib << 3));
  let c = load<u64>(vector + (ic << 3));
  let d = load<u64>(vector + (id << 3));
  a += b + load<u64>(message + (usize(load<u8>(pair)) << 3));
  d = rotr<u64>(d ^ a, 32);
  c += d;
  b = rotr<u64>(b ^ c, 24);
  a += b + load<u64>(message + (usize(load<u8>(pair, 1)) << 3));
  d = rotr<u64>(d ^ a, 16);
  c += d;
  b = rotr<u64>(b ^ c, 63);
  store<u64>(vector + (ia << 3), a);
  store<u64>(vector + (ib << 3), b);
  store<u64>(vector + (ic << 3), c);
  store<u64>(vector + (id << 3), d);
}
