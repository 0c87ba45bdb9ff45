/** What the precompiles cost, by number and fork, and how long their input may be. */
import { Fork } from '../forks';

/** Precompiles whose price is no multiple of their input's length have a function for it. */
export enum Precompile {
  Recover = 0x01,
  Sha256 = 0x02,
  Ripemd160 = 0x03,
  Identity = 0x04,
  Modexp = 0x05,
  AddBn254 = 0x06,
  MultiplyBn254 = 0x07,
  PairBn254 = 0x08,
  Blake2f = 0x09,
  PointEvaluation = 0x0a,
  AddG1 = 0x0b,
  MultiplyG1 = 0x0c,
  AddG2 = 0x0d,
  MultiplyG2 = 0x0e,
  PairBls = 0x0f,
  MapToG1 = 0x10,
  MapToG2 = 0x11,
  VerifyP256 = 0x100,
}

/** gas = base + each · ⌈length / unit⌉, `unit` in bytes; the last row that applies wins. */
//  number                       base   each  unit  since
// biome-ignore format: a table, its rows in line
const rows: StaticArray<i32> = [
    Precompile.Recover,          3000,     0,   32, Fork.Frontier,
    Precompile.Sha256,             60,    12,   32, Fork.Frontier,
    Precompile.Ripemd160,         600,   120,   32, Fork.Frontier,
    Precompile.Identity,           15,     3,   32, Fork.Frontier,
    Precompile.AddBn254,          500,     0,   32, Fork.Byzantium,
    Precompile.AddBn254,          150,     0,   32, Fork.Istanbul,
    Precompile.MultiplyBn254,   40000,     0,   32, Fork.Byzantium,
    Precompile.MultiplyBn254,    6000,     0,   32, Fork.Istanbul,
    Precompile.PairBn254,      100000, 80000,  192, Fork.Byzantium,
    Precompile.PairBn254,       45000, 34000,  192, Fork.Istanbul,
    Precompile.PointEvaluation, 50000,     0,   32, Fork.Cancun,
    Precompile.AddG1,             375,     0,   32, Fork.Prague,
    Precompile.AddG2,             600,     0,   32, Fork.Prague,
    Precompile.PairBls,         37700, 32600,  384, Fork.Prague,
    Precompile.MapToG1,          5500,     0,   32, Fork.Prague,
    Precompile.MapToG2,         23800,     0,   32, Fork.Prague,
    Precompile.VerifyP256,       6900,     0,   32, Fork.Osaka,
];
const PRICE_COLUMNS = 5;

/**
 * What the host's precompiles take and give, in bytes. A length is right if it is a multiple of `unit` and, where `exact`, one unit;
 * bn254's addition and multiplication take any length and read one unit of it, filled up with zeros.
 */
//  number                     unit  exact  empty  output
// biome-ignore format: a table, its rows in line
const shapes: StaticArray<i32> = [
    Precompile.AddBn254,        128,     0,     1,    64,
    Precompile.MultiplyBn254,    96,     0,     1,    64,
    Precompile.PairBn254,       192,     0,     1,    32,
    Precompile.PointEvaluation, 192,     1,     0,    64,
    Precompile.AddG1,           256,     1,     0,   128,
    Precompile.MultiplyG1,      160,     0,     0,   128,
    Precompile.AddG2,           512,     1,     0,   256,
    Precompile.MultiplyG2,      288,     0,     0,   256,
    Precompile.PairBls,         384,     0,     0,    32,
    Precompile.MapToG1,          64,     1,     0,   128,
    Precompile.MapToG2,         128,     1,     0,   256,
    Precompile.VerifyP256,      160,     1,     0,    32,
];
const SHAPE_COLUMNS = 5;

/** Gas by the table. */
export function tablePrice(number: i32, length: u32, fork: i32): u64 {
  let price: u64 = 0;
  for (let row = 0; row < rows.length; row += PRICE_COLUMNS) {
    if (unchecked(rows[row]) != number || fork < unchecked(rows[row + 4])) continue;
    const unit = u64(unchecked(rows[row + 3]));
    price = u64(unchecked(rows[row + 1])) + u64(unchecked(rows[row + 2])) * ((u64(length) + unit - 1) / unit);
  }
  return price;
}

/** Bytes the host reads at a time. */
export function inputUnit(number: i32): u32 {
  return u32(unchecked(shapes[shapeOf(number) + 1]));
}

/** Bytes the host answers. */
export function outputLengthOf(number: i32): u32 {
  return u32(unchecked(shapes[shapeOf(number) + 4]));
}

/** Whether input of this length is right. */
export function fitsShape(number: i32, length: u32): bool {
  const row = shapeOf(number);
  const unit = u32(unchecked(shapes[row + 1]));
  if (length == 0) return unchecked(shapes[row + 3]) != 0;
  return unchecked(shapes[row + 2]) ? length == unit : length % unit == 0;
}

/** Whether the host answers this precompile. */
export function isHosted(number: i32): bool {
  return shapeOf(number) < shapes.length;
}

/** The row of a hosted precompile; the table's end where there is none. */
function shapeOf(number: i32): i32 {
  let row = 0;
  while (row < shapes.length && unchecked(shapes[row]) != number) row += SHAPE_COLUMNS;
  return row;
}
