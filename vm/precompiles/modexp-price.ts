/** The price of MODEXP by the lengths of its operands and the size of the exponent: EIP-198, EIP-2565, EIP-7883. */
import { Fork } from '../forks';
import { mulHigh } from '../limbs';

/** How the longer of base and modulus enters the price. */
export enum Growth {
  /** EIP-198: squared, flatter from 64 and from 1024 bytes on. */
  Bytes,
  /** EIP-2565: words of 8 bytes, squared. */
  Words,
  /** EIP-7883: 16 up to 32 bytes, from there twice the words squared. */
  DoubleWords,
}

/** Any price above this is out of every reach. */
const UNPAYABLE: u64 = u64.MAX_VALUE;

//  growth              per byte  divisor  least  since
// biome-ignore format: a table, its rows in line
const rows: StaticArray<i32> = [
    Growth.Bytes,              8,      20,     0, Fork.Byzantium,
    Growth.Words,              8,       3,   200, Fork.Berlin,
    Growth.DoubleWords,       16,       1,   500, Fork.Osaka,
];
const COLUMNS = 5;

/** Gas for operands of these lengths; `exponentBits` is the bit length of the exponent's first 32 bytes. */
export function modexpPrice(longest: u64, exponentLength: u64, exponentBits: u64, fork: i32): u64 {
  let row = 0;
  for (let next = 0; next < rows.length; next += COLUMNS) {
    if (fork >= unchecked(rows[next + 4])) row = next;
  }
  const perByte = u64(unchecked(rows[row + 1]));
  const divisor = u64(unchecked(rows[row + 2]));
  const least = u64(unchecked(rows[row + 3]));
  const complexity = complexityOf(longest, unchecked(rows[row]));
  let steps: u64 = exponentBits == 0 ? 0 : exponentBits - 1;
  if (exponentLength > 32) steps += perByte * (exponentLength - 32);
  steps = max<u64>(steps, 1);
  if (mulHigh(complexity, steps) != 0) return UNPAYABLE;
  return max<u64>(least, (complexity * steps) / divisor);
}

/** `longest` is below 2^32. */
function complexityOf(longest: u64, growth: i32): u64 {
  if (growth == Growth.Bytes) return complexityOfBytes(longest);
  const words = (longest + 7) >> 3;
  if (growth == Growth.Words) return words * words;
  return longest > 32 ? 2 * words * words : 16;
}

function complexityOfBytes(x: u64): u64 {
  if (x <= 64) return x * x;
  if (x <= 1024) return (x * x) / 4 + 96 * x - 3072;
  return (x * x) / 16 + 480 * x - 199680;
}
