import { bytesToHex, ZERO_WORD } from '../bytes.ts';
import { layOver } from '../execution/overlay.ts';
import type { AccountDiff, Address, BlockContext, StateView, Vm, Word } from '../ports/index.ts';
import { EMPTY_CODE_HASH } from '../state/account.ts';
import * as read from './decode.ts';
import { invalidParams } from './errors.ts';

/** What a call is to find at an address instead of what is there. */
export interface AccountOverride {
  readonly nonce: bigint | undefined;
  readonly balance: bigint | undefined;
  readonly code: Uint8Array | undefined;
  /** Slots that differ. */
  readonly slots: readonly (readonly [slot: Word, value: Word])[];
  /** All other slots are empty. */
  readonly cleared: boolean;
}

export type StateOverrides = ReadonlyMap<Address, AccountOverride>;
export type BlockOverrides = Partial<BlockContext>;
export type Overrides = readonly [state: StateOverrides | undefined, block: BlockOverrides | undefined];

const MAX_ACCOUNTS = 256;
const MAX_SLOTS = 4096;

/** The third parameter of `eth_call`: accounts by address. */
export const stateOverrides: read.Decoder<StateOverrides | undefined> = read.optional((value, name) => {
  const entries = Object.entries(read.record(value, name));
  if (entries.length > MAX_ACCOUNTS)
    throw invalidParams(`${name} has ${entries.length} accounts; at most ${MAX_ACCOUNTS} are taken`);
  return new Map(
    entries.map(([key, account]) => [read.address(key, `${name}: ${key.slice(0, 50)}`), accountOverride(account, name)]),
  );
}, undefined);

const BLOCK_FIELDS: { readonly [field: string]: (value: unknown, name: string) => BlockOverrides } = {
  number: (value, name) => ({ number: read.quantity(value, name) }),
  time: (value, name) => ({ timestamp: read.quantity(value, name) }),
  gasLimit: (value, name) => ({ gasLimit: read.quantity(value, name) }),
  feeRecipient: (value, name) => ({ coinbase: read.address(value, name) }),
  prevRandao: (value, name) => ({ prevRandao: read.slot(value, name) }),
  baseFeePerGas: (value, name) => ({ baseFee: read.quantity(value, name) }),
  blobBaseFee: (value, name) => ({ blobBaseFee: read.quantity(value, name) }),
};

/** The fourth parameter of `eth_call`: what the block is to be. */
export const blockOverrides: read.Decoder<BlockOverrides | undefined> = read.optional((value, name) => {
  const fields = Object.entries(read.record(value, name)).map(([field, given]) => {
    const decode = Object.hasOwn(BLOCK_FIELDS, field) ? BLOCK_FIELDS[field] : undefined;
    if (!decode) throw invalidParams(`${name} may have ${Object.keys(BLOCK_FIELDS).join(', ')}, not ${field.slice(0, 50)}`);
    return decode(given, `${name}.${field}`);
  });
  return Object.assign({}, ...fields) as BlockOverrides;
}, undefined);

/** The state with other accounts in some places. */
export function override(view: StateView, overrides: StateOverrides, keccak256: Vm['keccak256']): StateView {
  const overlay = layOver(view);
  overlay.absorb(differences(view, overrides, keccak256));
  return overlay.view;
}

/** What has to be laid over the state for the accounts to be so. */
export function differences(view: StateView, overrides: StateOverrides, keccak256: Vm['keccak256']): AccountDiff[] {
  return [...overrides].map(([address, wanted]) => diffOf(address, wanted, view, keccak256));
}

function diffOf(address: Address, wanted: AccountOverride, view: StateView, keccak256: Vm['keccak256']): AccountDiff {
  const { nonce = 0n, balance = 0n, codeHash = EMPTY_CODE_HASH } = view.account(address) ?? {};
  const { code, cleared, slots } = wanted;
  const account = {
    nonce: wanted.nonce ?? nonce,
    balance: wanted.balance ?? balance,
    codeHash: code ? bytesToHex(keccak256(code)) : codeHash,
  };
  return { address, account, cleared, slots, ...(code && { code }) };
}

function accountOverride(value: unknown, name: string): AccountOverride {
  const { nonce, balance, code, state, stateDiff, ...rest } = read.record(value, name);
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined) {
    throw invalidParams(`${name}: an account may have nonce, balance, code, state and stateDiff, not ${unknown.slice(0, 50)}`);
  }
  if (state !== undefined && stateDiff !== undefined) throw invalidParams(`${name}: an account has either state or stateDiff`);
  return {
    nonce: read.optional(read.quantity, undefined)(nonce, `${name}.nonce`),
    balance: read.optional(read.quantity, undefined)(balance, `${name}.balance`),
    code: read.optional(read.bytes, undefined)(code, `${name}.code`),
    slots: slotsOf(state ?? stateDiff ?? {}, `${name}.state`),
    cleared: state !== undefined,
  };
}

function slotsOf(value: unknown, name: string): [Word, Word][] {
  const entries = Object.entries(read.record(value, name));
  if (entries.length > MAX_SLOTS) throw invalidParams(`${name} has ${entries.length} slots; at most ${MAX_SLOTS} are taken`);
  return entries.map(([slot, word]) => [read.slot(slot, name), read.slot(word ?? ZERO_WORD, name)]);
}
