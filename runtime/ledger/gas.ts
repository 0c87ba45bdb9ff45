import type { Message } from '../ports/index.ts';

/** A transaction may not ask for more (EIP-7825). */
export const MAX_TRANSACTION_GAS = 16_777_216n;

const BASE = 21_000;
const CREATION = 32_000;
const ZERO_BYTE = 4;
const NON_ZERO_BYTE = 16;
const INIT_CODE_WORD = 2;
const ACCESS_LIST_ADDRESS = 2_400;
const ACCESS_LIST_SLOT = 1_900;
const AUTHORIZATION = 25_000;
/** Of the floor: for a zero byte; a non-zero one counts four times. */
const FLOOR_TOKEN = 10;

/** Gas that a transaction costs before it runs (EIP-2028, 2930, 3860, 7702). The pool's copy of a rule that the VM enforces. */
export function intrinsicGas(message: Message): bigint {
  const zeros = countZeros(message.data);
  let gas = BASE + ZERO_BYTE * zeros + NON_ZERO_BYTE * (message.data.length - zeros);
  if (!message.to) gas += CREATION + INIT_CODE_WORD * Math.ceil(message.data.length / 32);
  for (const entry of message.accessList ?? []) gas += ACCESS_LIST_ADDRESS + ACCESS_LIST_SLOT * entry.slots.length;
  return BigInt(gas + AUTHORIZATION * (message.authorizations?.length ?? 0));
}

/** Gas that a transaction is charged at least (EIP-7623). */
export function floorGas(message: Message): bigint {
  const zeros = countZeros(message.data);
  return BigInt(BASE + FLOOR_TOKEN * (zeros + 4 * (message.data.length - zeros)));
}

function countZeros(bytes: Uint8Array): number {
  let zeros = 0;
  for (const byte of bytes) if (byte === 0) zeros++;
  return zeros;
}
