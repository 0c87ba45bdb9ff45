/** The layouts of the records that hold a transaction's view of the state. Addresses are words; values too. */

/** An account. Ends with what the ledger said, for the diff. */
export const enum Account {
  Next = 0,
  Hash = 4,
  Flags = 8,
  /** Its slots, newest first. */
  Slots = 12,
  Address = 16,
  Balance = 48,
  Nonce = 80,
  /** The code's record, 0 while it is not loaded. */
  Code = 88,
  /** The account looked up before this one in the transaction. */
  Older = 92,
  /** 32 bytes as hashed. */
  CodeHash = 96,
  OriginalBalance = 128,
  OriginalNonce = 160,
  OriginalCodeHash = 168,
  Size = 208,
}

export const enum AccountFlag {
  /** The ledger has it. */
  Existed = 1,
  /** EIP-2929. */
  Warm = 2,
  /** EIP-161. */
  Touched = 4,
  /** By a CREATE of this transaction. */
  Created = 8,
  /** On the self-destruct list. */
  Destroyed = 16,
  /** The ledger has slots of it (EIP-7610). */
  HasStorage = 32,
}

export const enum Slot {
  Next = 0,
  Hash = 4,
  Account = 8,
  Flags = 12,
  Key = 16,
  Value = 48,
  /** What the ledger said: the value before the transaction. */
  Original = 80,
  /** The account's slot before this one. */
  Older = 112,
  Size = 128,
}

export const enum SlotFlag {
  Warm = 1,
}

/** Transient storage (EIP-1153). */
export const enum Transient {
  Next = 0,
  Hash = 4,
  Account = 8,
  Key = 16,
  Value = 48,
  Size = 80,
}
