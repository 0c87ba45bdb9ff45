/** What the host gives for a transaction: the block's and the message's values, where instructions and phases read them. */

/** Offsets from `context`. Words and addresses are words of the VM, so that pushing one is a copy. The host writes them, save where said. */
export const enum Context {
  Coinbase = 0,
  Number = 32,
  Timestamp = 64,
  BlockGasLimit = 96,
  PrevRandao = 128,
  BaseFee = 160,
  ChainId = 192,
  /** Computed by the VM (EIP-4844), but with {@link ContextFlag.BlobBaseFee}. */
  BlobBaseFee = 224,
  Sender = 256,
  /** Computed by the VM (EIP-1559). */
  GasPrice = 288,
  To = 320,
  Value = 352,
  MaxFee = 384,
  MaxPriorityFee = 416,
  MaxBlobFee = 448,
  /** u64 */
  GasLimit = 480,
  /** u64 */
  Nonce = 488,
  /** u64 */
  ExcessBlobGas = 496,
  /** u32, as all that follow */
  Type = 504,
  Flags = 508,
  Data = 512,
  DataSize = 516,
  /** Rows of: address (word), number of slots u32, 4 unused, slots (words). */
  AccessList = 520,
  AccessCount = 524,
  /** Words. */
  BlobHashes = 528,
  BlobCount = 532,
  /** Rows of words: chain id, address, nonce, y parity, r, s. */
  Authorizations = 536,
  AuthorizationCount = 540,
  Size = 544,
}

export const enum ContextFlag {
  /** Calls `To`; without it, a creation. */
  Calls = 1,
  /** Nonce, sender's code, base fee, gas cap and the block's limit are not checked, and no fee is taken. */
  Simulates = 2,
  /** The blob base fee is the host's. */
  BlobBaseFee = 4,
}

export const context: usize = memory.data(Context.Size, 16);

export function contextNumber(offset: usize): u32 {
  return load<u32>(context + offset);
}

export function contextGas(offset: usize): u64 {
  return load<u64>(context + offset);
}

export function simulates(): bool {
  return (load<u32>(context, Context.Flags) & ContextFlag.Simulates) != 0;
}
