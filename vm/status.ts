/** How a frame or a transaction ends. The exported enum becomes wasm globals, from which TypeScript reads the names. */
export enum Status {
  Stop = 0,
  Return = 1,
  SelfDestruct = 2,

  Revert = 16,

  OutOfGas = 32,
  StackUnderflow = 33,
  StackOverflow = 34,
  InvalidJump = 35,
  InvalidOpcode = 36,
  StaticViolation = 37,
  ReturnDataOutOfBounds = 38,
  CallDepth = 39,
  InsufficientBalance = 40,
  NonceOverflow = 41,
  CreateCollision = 42,
  InitCodeTooLarge = 43,
  CodeTooLarge = 44,
  CodeBeginsWithEf = 45,
  PrecompileFailure = 46,

  /** The host answered with an error: the transaction has no outcome. */
  HostFailure = 64,
  /** Linear memory is at its limit: the transaction has no outcome. */
  MemoryLimit = 65,
}

/** Why a transaction is invalid and cannot be included. */
export enum Refusal {
  None = 0,
  TypeNotSupported = 1,
  GasLimitAboveBlock = 2,
  GasLimitAboveCap = 3,
  NonceTooLow = 4,
  NonceTooHigh = 5,
  NonceAtMaximum = 6,
  SenderHasCode = 7,
  MaxFeeBelowBaseFee = 8,
  PriorityFeeAboveMaxFee = 9,
  InsufficientFunds = 10,
  IntrinsicGas = 11,
  FloorGas = 12,
  InitCodeTooLarge = 13,
  NoBlobs = 14,
  TooManyBlobs = 15,
  BlobVersion = 16,
  BlobCreation = 17,
  BlobFeeBelowBaseFee = 18,
  NoAuthorizations = 19,
  AuthorizationCreation = 20,
}

/** Success keeps a frame's effects. */
export function succeeded(status: i32): bool {
  return status < Status.Revert;
}

/** Neither success nor failure: the host or memory gave out, and nothing of the transaction counts. */
export function isFatal(status: i32): bool {
  return status >= Status.HostFailure;
}
