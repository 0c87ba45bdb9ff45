/** The forks and what each of them changed, as rows: a fork is the previous one plus its differences. */

export enum Fork {
  Frontier = 0,
  Homestead = 1,
  TangerineWhistle = 2,
  SpuriousDragon = 3,
  Byzantium = 4,
  Constantinople = 5,
  Petersburg = 6,
  Istanbul = 7,
  Berlin = 8,
  London = 9,
  Paris = 10,
  Shanghai = 11,
  Cancun = 12,
  Prague = 13,
  Osaka = 14,
}

/** A number that forks set: a price, a limit, or a switch (0 or 1). */
export const enum Rule {
  /** Highest transaction type (EIP-2718). */
  HighestType,
  /** Gas refunded for clearing a slot (EIP-2200, EIP-3529). */
  ClearRefund,
  /** Gas refunded for SELFDESTRUCT (EIP-3529). */
  SelfDestructRefund,
  /** A refund is at most gas used divided by this (EIP-3529). */
  RefundQuotient,
  /** The base fee is burnt, a price below it refused (EIP-1559). */
  BaseFee,
  /** Code that begins with 0xef is not deployed (EIP-3541). */
  RefusesEf,
  /** The coinbase is warm from the start (EIP-3651). */
  WarmCoinbase,
  /** Bytes of init code, 0: no limit; its words cost 2 gas each (EIP-3860). */
  InitCodeLimit,
  /** SELFDESTRUCT deletes only what was created in the same transaction (EIP-6780). */
  DestroysOnlyNew,
  /** Blobs in a transaction (EIP-4844, EIP-7691, EIP-7594). */
  MaxBlobsPerTransaction,
  /** Denominator of the blob base fee's exponent (EIP-4844, EIP-7691). */
  BlobFeeFraction,
  /** Gas a token of data at least, 0: no floor (EIP-7623). */
  FloorPerToken,
  /** Code may delegate (EIP-7702). */
  Delegation,
  /** Gas of one transaction, 0: no limit (EIP-7825). */
  GasCap,

  Count,
}

//  rule                         value  since
// biome-ignore format: a table
const rules: StaticArray<i32> = [
    Rule.HighestType,                1, Fork.Berlin,
    Rule.HighestType,                2, Fork.London,
    Rule.HighestType,                3, Fork.Cancun,
    Rule.HighestType,                4, Fork.Prague,
    Rule.ClearRefund,            15000, Fork.Istanbul,
    Rule.ClearRefund,             4800, Fork.London,
    Rule.SelfDestructRefund,     24000, Fork.Frontier,
    Rule.SelfDestructRefund,         0, Fork.London,
    Rule.RefundQuotient,             2, Fork.Frontier,
    Rule.RefundQuotient,             5, Fork.London,
    Rule.BaseFee,                    1, Fork.London,
    Rule.RefusesEf,                  1, Fork.London,
    Rule.WarmCoinbase,               1, Fork.Shanghai,
    Rule.InitCodeLimit,          49152, Fork.Shanghai,
    Rule.DestroysOnlyNew,            1, Fork.Cancun,
    Rule.MaxBlobsPerTransaction,     6, Fork.Cancun,
    Rule.MaxBlobsPerTransaction,     9, Fork.Prague,
    Rule.MaxBlobsPerTransaction,     6, Fork.Osaka,
    Rule.BlobFeeFraction,      3338477, Fork.Cancun,
    Rule.BlobFeeFraction,      5007716, Fork.Prague,
    Rule.FloorPerToken,             10, Fork.Prague,
    Rule.Delegation,                 1, Fork.Prague,
    Rule.GasCap,              16777216, Fork.Osaka,
];

//  first  last  since
// biome-ignore format: a table
const precompiles: StaticArray<i32> = [
    0x01, 0x09,  Fork.Istanbul,
    0x0a, 0x0a,  Fork.Cancun,
    0x0b, 0x11,  Fork.Prague,
    0x100, 0x100, Fork.Osaka,
];

const values: usize = memory.data(4 * Rule.Count, 8);

export let fork: i32 = Fork.Osaka;

/** Makes the rules of a fork the ones in force. */
export function selectRules(chosen: i32): void {
  fork = chosen;
  memory.fill(values, 0, 4 * Rule.Count);
  for (let row = 0; row < rules.length; row += 3) {
    if (unchecked(rules[row + 2]) > chosen) continue;
    store<i32>(values + ((<usize>unchecked(rules[row])) << 2), unchecked(rules[row + 1]));
  }
}

export function rule(which: i32): i32 {
  return load<i32>(values + ((<usize>which) << 2));
}

/** Whether a precompile stands at this low address in the fork in force. */
export function isPrecompile(number: u32): bool {
  if (number > 0x100) return false;
  for (let row = 0; row < precompiles.length; row += 3) {
    const first = <u32>unchecked(precompiles[row]);
    const last = <u32>unchecked(precompiles[row + 1]);
    if (number >= first && number <= last) return fork >= unchecked(precompiles[row + 2]);
  }
  return false;
}
