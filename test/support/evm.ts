/** Runs small programs on the VM: assembly text in, outcome out. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type {
  AccountDiff,
  Address,
  BlockContext,
  Executed,
  ForkName,
  Message,
  Refused,
  StateView,
  Vm,
  Word,
} from '../../runtime/ports/index.ts';
import { createVm } from '../../vm/embed/index.ts';
import { root } from './need.ts';

export const SENDER: Address = `0x${'5e'.repeat(20)}`;
export const TARGET: Address = `0x${'7a'.repeat(20)}`;
export const COINBASE: Address = `0x${'c0'.repeat(20)}`;
export const ZERO_WORD: Word = `0x${'00'.repeat(32)}`;
/** What any transaction pays. */
const TRANSACTION_GAS = 21000n;

/** Number of each opcode, read from the VM's own list. */
export const OPCODES: ReadonlyMap<string, number> = new Map(
  [...readFileSync(join(root, 'vm/opcodes.ts'), 'utf8').matchAll(/^ {2}(\w+) = (0x\w\w),$/gm)].map((match) => [
    match[1]!,
    Number(match[2]),
  ]),
);

/** Bytes of assembly such as `PUSH1 3 PUSH1 4 ADD`; `PUSH 0x1234` takes the shortest fitting PUSH; `0x..` alone is raw bytes. */
export function assembleCode(text: string): Uint8Array {
  const bytes: number[] = [];
  const words = text.split(/\s+/).filter(Boolean);
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    if (word.startsWith('0x')) bytes.push(...Buffer.from(word.slice(2), 'hex'));
    else if (word.startsWith('PUSH') && word !== 'PUSH0') bytes.push(...pushOf(word, BigInt(words[++index]!)));
    else bytes.push(opcode(word));
  }
  return Uint8Array.from(bytes);
}

function pushOf(word: string, value: bigint): number[] {
  const digits = value.toString(16);
  const shortest = Buffer.from(digits.length % 2 ? `0${digits}` : digits, 'hex');
  const size = word === 'PUSH' ? shortest.length : Number(word.slice(4));
  return [0x5f + size, ...new Array<number>(size - shortest.length).fill(0), ...shortest];
}

function opcode(name: string): number {
  const number = OPCODES.get(name);
  if (number === undefined) throw new Error(`no opcode ${name}`);
  return number;
}

export interface Account {
  readonly nonce?: bigint;
  readonly balance?: bigint;
  readonly code?: Uint8Array;
  readonly storage?: Readonly<Record<string, bigint>>;
}

export const wordOf = (value: bigint): Word => `0x${value.toString(16).padStart(64, '0')}`;
const hexOf = (bytes: Uint8Array): Word => `0x${Buffer.from(bytes).toString('hex')}`;

const machines = new Map<ForkName, Vm>();

export function vmOf(fork: ForkName): Vm {
  const known = machines.get(fork);
  if (known) return known;
  const made = createVm({ fork });
  machines.set(fork, made);
  return made;
}

/** A state view over a table of accounts. */
export function viewOf(accounts: Readonly<Record<Address, Account>>): StateView {
  const vm = vmOf('Osaka');
  const codes = new Map<Word, Uint8Array>();
  const hashes = new Map<Address, Word>();
  for (const [address, account] of Object.entries(accounts) as [Address, Account][]) {
    const code = account.code ?? new Uint8Array(0);
    const hash = hexOf(vm.keccak256(code));
    codes.set(hash, code);
    hashes.set(address, hash);
  }
  return {
    account: (address) => {
      const account = accounts[address];
      if (!account) return undefined;
      const hasStorage = Object.keys(account.storage ?? {}).length > 0;
      return { nonce: account.nonce ?? 0n, balance: account.balance ?? 0n, codeHash: hashes.get(address)!, hasStorage };
    },
    slot: (address, slot) => wordOf(accounts[address]?.storage?.[BigInt(slot).toString()] ?? 0n),
    code: (hash) => codes.get(hash)!,
    blockHash: (number) => wordOf(number + 0x1000n),
  };
}

export const BLOCK: BlockContext = {
  number: 1000n,
  timestamp: 1_700_000_000n,
  gasLimit: 1n << 62n,
  coinbase: COINBASE,
  baseFee: 7n,
  prevRandao: wordOf(0x1234n),
  excessBlobGas: 0n,
  chainId: 1n,
};

export const MESSAGE: Message = {
  type: 0,
  sender: SENDER,
  nonce: 0n,
  gasLimit: 1_000_000n,
  maxFeePerGas: 10n,
  maxPriorityFeePerGas: 10n,
  to: TARGET,
  value: 0n,
  data: new Uint8Array(0),
};

export interface Program {
  readonly fork?: ForkName;
  /** Gas for the code alone. */
  readonly gas?: bigint;
  readonly data?: Uint8Array;
  readonly value?: bigint;
  readonly accounts?: Readonly<Record<Address, Account>>;
}

/** Runs code as the contract at TARGET, without fees. */
export function runCode(code: Uint8Array, program: Program = {}): Executed {
  const accounts = {
    [SENDER]: { balance: 10n ** 20n },
    ...program.accounts,
    [TARGET]: { nonce: 1n, ...program.accounts?.[TARGET], code },
  };
  const data = program.data ?? MESSAGE.data;
  const dataGas = data.reduce((sum, byte) => sum + (byte ? 16n : 4n), 0n);
  const gasLimit = TRANSACTION_GAS + dataGas + (program.gas ?? 1_000_000n);
  const message = { ...MESSAGE, data, gasLimit, value: program.value ?? 0n };
  const outcome = vmOf(program.fork ?? 'Osaka').execute(BLOCK, message, viewOf(accounts), { simulate: true });
  if (outcome.kind === 'refused') throw new Error(`refused: ${outcome.reason}`);
  return { ...outcome, gasUsed: outcome.gasUsed - TRANSACTION_GAS - dataGas };
}

/** Runs code and answers the word on top of the stack at its end. */
export function topOf(code: Uint8Array, program: Program = {}): bigint {
  const outcome = runCode(Uint8Array.from([...code, ...assembleCode('PUSH0 MSTORE PUSH1 32 PUSH0 RETURN')]), program);
  if (outcome.status !== 'Return') throw new Error(`ended with ${outcome.status}`);
  return BigInt(hexOf(outcome.output));
}

export function diffOf(outcome: Executed | Refused, address: Address): AccountDiff | undefined {
  return outcome.kind === 'executed' ? outcome.diff.find((row) => row.address === address) : undefined;
}
