import type { Address, Hex, Word } from './hex.ts';

/** The fork whose rules apply. Names as in the official tests. */
export type ForkName = 'Berlin' | 'London' | 'Paris' | 'Shanghai' | 'Cancun' | 'Prague' | 'Osaka';

/** An account without its storage. An account that does not exist is `undefined` where one is read. */
export interface Account {
  readonly nonce: bigint;
  /** Wei. */
  readonly balance: bigint;
  /** keccak256 of the code; keccak256 of nothing for an account without code. */
  readonly codeHash: Word;
  /** Whether any slot is non-zero: a creation onto such an account collides (EIP-7610). */
  readonly hasStorage: boolean;
}

/** The four reads through which the VM sees the ledger. Each is asked at most once per transaction and key. */
export interface StateView {
  account(address: Address): Account | undefined;
  /** The value of a slot; 32 zero bytes where nothing is stored. */
  slot(address: Address, slot: Word): Word;
  /** The code with this hash. */
  code(codeHash: Word): Uint8Array;
  /** The hash of a recent block; zero outside the last 256 (BLOCKHASH). */
  blockHash(number: bigint): Word;
}

/** What the block gives to every transaction in it. */
export interface BlockContext {
  readonly number: bigint;
  /** Seconds since 1970. */
  readonly timestamp: bigint;
  readonly gasLimit: bigint;
  readonly coinbase: Address;
  /** Wei per gas (EIP-1559). */
  readonly baseFee: bigint;
  /** PREVRANDAO from Paris on, DIFFICULTY before. */
  readonly prevRandao: Word;
  /** EIP-4844. */
  readonly excessBlobGas: bigint;
  /** Instead of the one that follows from it; for trying out. */
  readonly blobBaseFee?: bigint;
  readonly chainId: bigint;
}

export interface AccessListEntry {
  readonly address: Address;
  readonly slots: readonly Word[];
}

/** EIP-7702. */
export interface Authorization {
  readonly chainId: bigint;
  readonly address: Address;
  readonly nonce: bigint;
  readonly yParity: bigint;
  readonly r: bigint;
  readonly s: bigint;
}

/** A decoded transaction with its recovered sender. Types 0 to 4; a field that the type lacks is absent. */
export interface Message {
  readonly type: 0 | 1 | 2 | 3 | 4;
  readonly sender: Address;
  readonly nonce: bigint;
  readonly gasLimit: bigint;
  /** Types 0 and 1: the gas price. Types 2 to 4: maxFeePerGas. Wei. */
  readonly maxFeePerGas: bigint;
  /** Types 2 to 4; for 0 and 1 equal to the gas price. Wei. */
  readonly maxPriorityFeePerGas: bigint;
  /** Absent: a creation. */
  readonly to?: Address;
  readonly value: bigint;
  readonly data: Uint8Array;
  readonly accessList?: readonly AccessListEntry[];
  readonly maxFeePerBlobGas?: bigint;
  readonly blobHashes?: readonly Word[];
  readonly authorizations?: readonly Authorization[];
}

export interface Log {
  readonly address: Address;
  readonly topics: readonly Word[];
  readonly data: Uint8Array;
}

/** What a transaction changed in one account. */
export interface AccountDiff {
  readonly address: Address;
  /** `null`: the account is gone, with its storage. */
  readonly account: { readonly nonce: bigint; readonly balance: bigint; readonly codeHash: Word } | null;
  /** Present if the code is new. */
  readonly code?: Uint8Array;
  /** The storage held before this transaction is dropped first (destroyed and created anew). */
  readonly cleared: boolean;
  /** Changed slots only; a zero word deletes. */
  readonly slots: readonly (readonly [slot: Word, value: Word])[];
}

/** The transaction ran and is to be included, whether it succeeded or not. */
export interface Executed {
  readonly kind: 'executed';
  /** Name of a status in `vm/status.ts`: `Stop`, `Return`, `Revert`, `OutOfGas`, … */
  readonly status: string;
  /** `Stop`, `Return` and `SelfDestruct` count as success. */
  readonly succeeded: boolean;
  /** After refunds and the floor. */
  readonly gasUsed: bigint;
  /** Refund granted, already taken off `gasUsed`: both together were used at the most. */
  readonly gasRefunded: bigint;
  /** Price paid for a unit of gas, in wei. */
  readonly gasPrice: bigint;
  /** Returned or reverted bytes. For a successful creation: the code. */
  readonly output: Uint8Array;
  /** Address of the contract of a creation transaction. */
  readonly created?: Address;
  readonly logs: readonly Log[];
  readonly diff: readonly AccountDiff[];
}

/** The transaction is invalid and changes nothing. */
export interface Refused {
  readonly kind: 'refused';
  /** Name of a refusal in `vm/status.ts`: `NonceTooLow`, `InsufficientFunds`, `IntrinsicGas`, … */
  readonly reason: string;
}

export interface ExecuteOptions {
  /** `eth_call` and gas estimation: nonce, sender's code, base fee, EIP-7825's cap and the block's limit are not checked, and no fee is taken. */
  readonly simulate?: boolean;
  /**
   * Asked now and then while the transaction runs: after every 100,000 gas or so, and before every precompile. What it throws
   * ends the transaction without an outcome. A VM may be without it: then gas is the only bound.
   */
  readonly interrupt?: () => void;
}

/** What is to be seen of a transaction from inside. Calls are always seen. */
export interface RecordOptions extends ExecuteOptions {
  readonly steps: boolean;
  readonly stack: boolean;
  readonly memory: boolean;
  /** What calls log, and SELFDESTRUCT among the calls. */
  readonly logs?: boolean;
  /** Calls inside the transaction's own are left out. */
  readonly topOnly?: boolean;
  /** Later instructions are left out. */
  readonly maxSteps: number;
  /** With more instructions than `maxSteps` the execution ends there, and the recording is cut. */
  readonly stepsMustFit?: boolean;
  /** Room for all of it, in words of 32 bytes. What goes beyond is not even executed, and the recording is cut. */
  readonly maxWords: number;
}

/** An instruction with what it cost (EIP-3155). Of one that failed the cost is all that was left. */
export interface StepRecord {
  readonly pc: number;
  readonly opName: string;
  /** Gas left before it. */
  readonly gas: number;
  readonly gasCost: number;
  /** 1 in the first frame. */
  readonly depth: number;
  readonly refund: number;
  /** Index of its call among the recording's frames. */
  readonly frame: number;
  /** Before it, as quantities, its top last. */
  readonly stack?: readonly Hex[];
  readonly memory?: Uint8Array;
  readonly error?: string;
}

/** A call or creation. */
export interface FrameRecord {
  /**
   * CALL, CALLCODE, DELEGATECALL, STATICCALL, CREATE or CREATE2; CALL or CREATE for the transaction's own. SELFDESTRUCT, if
   * logs are recorded.
   */
  readonly opcode: number;
  readonly from: Address;
  /** Whose code runs; of a creation the new account. */
  readonly to: Address;
  readonly value: bigint;
  readonly gas: bigint;
  readonly gasLeft: bigint;
  readonly input: Uint8Array;
  readonly output: Uint8Array;
  /** 0 for the transaction's own. */
  readonly depth: number;
  readonly error?: string;
  /** Those of the call itself, whether or not it succeeded. */
  readonly logs?: readonly FrameLog[];
}

/** A log, with the number of calls that its frame had made before. */
export interface FrameLog extends Log {
  readonly position: number;
}

/** In the order in which they began. */
export interface Recording {
  readonly steps: readonly StepRecord[];
  readonly frames: readonly FrameRecord[];
  /** There was more than fits; the execution was not brought to its end. */
  readonly isCut: boolean;
}

/** The contract VM and the cryptography that is too heavy for a small interpreter. Synchronous and pure. */
export interface Vm {
  readonly fork: ForkName;
  /** Runs one transaction on the given state and says what it would change. Throws only if `state` or `interrupt` throws. */
  execute(block: BlockContext, message: Message, state: StateView, options?: ExecuteOptions): Executed | Refused;
  /** As `execute`, and what was seen meanwhile. Much slower. A VM that cannot is one without it. */
  trace?(
    block: BlockContext,
    message: Message,
    state: StateView,
    record: RecordOptions,
  ): { readonly outcome: Executed | Refused; readonly recording: Recording };
  keccak256(data: Uint8Array): Uint8Array;
  sha256(data: Uint8Array): Uint8Array;
  /** The signer's address, or `undefined` for a signature that no key can have made. `s` may be high; callers that care check. */
  recover(hash: Uint8Array, yParity: number, r: bigint, s: bigint): Address | undefined;
}
