/** Version 4 with error correction L (ISO/IEC 18004): 33 modules a side, up to 78 bytes. */
const SIDE = 33;
const DATA_BYTES = 80;
const CHECK_BYTES = 20;
export const QR_BYTES_LIMIT = DATA_BYTES - 2;
/** Level L with mask 0, protected by BCH(15,5) and its fixed mask. */
const FORMAT = 0b111011111000100;

/** A QR code of ASCII text as rows of modules, true for dark, without the quiet zone around it. Throws for longer text. */
export function encodeQr(text: string): boolean[][] {
  const codewords = withChecks(dataOf(text));
  const grid = emptyGrid();
  drawFunctions(grid);
  drawData(grid, codewords);
  return grid.map((row) => row.map((module) => module === 1));
}

function dataOf(text: string): number[] {
  const bytes = [...text].map((character) => character.charCodeAt(0) & 0xff);
  if (bytes.length > QR_BYTES_LIMIT) throw new Error(`a code holds at most ${QR_BYTES_LIMIT} characters, not ${bytes.length}`);
  // Mode 4 (bytes) and the count are 12 bits, so that every byte straddles two codewords; the end is 4 zero bits.
  const nibbles = [4, bytes.length >> 4, bytes.length & 15, ...bytes.flatMap((byte) => [byte >> 4, byte & 15]), 0];
  const data = Array.from({ length: nibbles.length / 2 }, (_, index) => (nibbles[2 * index]! << 4) | nibbles[2 * index + 1]!);
  for (let pad = 0xec; data.length < DATA_BYTES; pad ^= 0xec ^ 0x11) data.push(pad);
  return data;
}

/** Reed-Solomon over GF(256) with the polynomial 0x11d. */
function withChecks(data: readonly number[]): number[] {
  const generator = generatorOf(CHECK_BYTES);
  const rest: number[] = Array(CHECK_BYTES).fill(0);
  for (const byte of data) {
    const factor = byte ^ rest.shift()!;
    rest.push(0);
    for (let index = 0; index < CHECK_BYTES; index++) rest[index]! ^= multiply(generator[index]!, factor);
  }
  return [...data, ...rest];
}

/** Coefficients below the leading one, highest power first. */
function generatorOf(degree: number): number[] {
  const out: number[] = Array(degree).fill(0);
  out[degree - 1] = 1;
  let root = 1;
  for (let step = 0; step < degree; step++) {
    for (let at = 0; at < degree; at++) out[at] = multiply(out[at]!, root) ^ (out[at + 1] ?? 0);
    root = multiply(root, 2);
  }
  return out;
}

function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--) {
    product = (product << 1) ^ ((product >> 7) * 0x11d);
    product ^= ((b >> bit) & 1) * a;
  }
  return product;
}

/** 0 light, 1 dark, -1 not decided yet. */
type Grid = (0 | 1 | -1)[][];

function emptyGrid(): Grid {
  return Array.from({ length: SIDE }, () => Array(SIDE).fill(-1));
}

function drawFunctions(grid: Grid): void {
  for (let at = 0; at < SIDE; at++) grid[6]![at] = grid[at]![6] = at % 2 === 0 ? 1 : 0;
  for (const [x, y] of [
    [3, 3],
    [SIDE - 4, 3],
    [3, SIDE - 4],
  ] as const)
    drawRings(grid, x, y, FINDER);
  drawRings(grid, SIDE - 7, SIDE - 7, ALIGNMENT);
  for (let index = 0; index < 15; index++) drawFormatBit(grid, index, ((FORMAT >> index) & 1) as 0 | 1);
  grid[SIDE - 8]![8] = 1;
}

/** From the middle outwards, dark or light. */
const FINDER = [1, 1, 0, 1, 0] as const;
const ALIGNMENT = [1, 0, 1] as const;

/** Concentric squares around a module. */
function drawRings(grid: Grid, x: number, y: number, rings: readonly (0 | 1)[]): void {
  const radius = rings.length - 1;
  for (let dy = -radius; dy <= radius; dy++) {
    for (let dx = -radius; dx <= radius; dx++) {
      const row = grid[y + dy];
      if (row?.[x + dx] === undefined) continue;
      row[x + dx] = rings[Math.max(Math.abs(dx), Math.abs(dy))]!;
    }
  }
}

function drawFormatBit(grid: Grid, index: number, bit: 0 | 1): void {
  const near = index < 6 ? index : index < 8 ? index + 1 : SIDE - 15 + index;
  grid[near]![8] = bit;
  const far = index < 8 ? SIDE - 1 - index : index === 8 ? 7 : 14 - index;
  grid[8]![far] = bit;
}

/** Up and down in columns of two from the lower right, past the timing column; mask 0 is a chessboard. */
function drawData(grid: Grid, codewords: readonly number[]): void {
  let at = 0;
  for (let right = SIDE - 1; right > 0; right -= right === 8 ? 3 : 2) {
    for (let step = 0; step < SIDE; step++) {
      const isUpwards = ((right + 1) & 2) === 0;
      const y = isUpwards ? SIDE - 1 - step : step;
      for (const x of [right, right - 1]) {
        if (grid[y]![x] !== -1) continue;
        const bit = ((codewords[at >> 3] ?? 0) >> (7 - (at & 7))) & 1;
        grid[y]![x] = (bit ^ ((x + y) % 2 === 0 ? 1 : 0)) as 0 | 1;
        at++;
      }
    }
  }
}
