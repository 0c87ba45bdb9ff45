import { bigintToWord, hexToBytes } from '../../runtime/bytes.ts';
import type { AccountDiff, Address, BlockContext, ForkName, Hex, Store, Vm, Word } from '../../runtime/ports/index.ts';
import { openState, type State } from '../../runtime/state/state.ts';
import { EMPTY_ROOT } from '../../runtime/state/trie.ts';
import type { Fixture, FixtureAccount, FixtureState } from './fixtures.ts';

/** Every state test stands on Ethereum's main network. */
const CHAIN_ID = 1n;
const AFTER_MERGE: readonly ForkName[] = ['Paris', 'Shanghai', 'Cancun', 'Prague', 'Osaka'];

/** A state with what is written to it kept in memory. */
export interface World {
  readonly state: State;
  /** The world after a transaction. */
  after(diff: readonly AccountDiff[]): World;
}

/** The state before the transaction, just as the fixture gives it: empty accounts are there, zero slots are not. */
export function worldOf(pre: FixtureState, keccak256: Vm['keccak256']): World {
  const entries = new Map<string, Uint8Array>();
  const store: Pick<Store, 'get'> = { get: (key) => entries.get(key) };
  const worldAt = (state: State): World => ({
    state,
    after(diff) {
      const next = state.apply(diff);
      for (const [key, value] of next.entries) if (value) entries.set(key, value);
      return worldAt(next.state);
    },
  });
  const empty = worldAt(openState(EMPTY_ROOT, store, keccak256));
  return empty.after(Object.entries(pre).map(([address, account]) => creationOf(address as Address, account, keccak256)));
}

function creationOf(address: Address, account: FixtureAccount, keccak256: Vm['keccak256']): AccountDiff {
  const code = hexToBytes(account.code);
  const codeHash: Word = `0x${Buffer.from(keccak256(code)).toString('hex')}`;
  const slots = Object.entries(account.storage).map(([slot, value]) => [wordOf(slot), wordOf(value)] as const);
  return {
    address: address.toLowerCase() as Address,
    account: { nonce: BigInt(account.nonce), balance: BigInt(account.balance), codeHash },
    ...(code.length > 0 && { code }),
    cleared: true,
    slots: slots.filter(([, value]) => BigInt(value) !== 0n),
  };
}

export function wordOf(number: string): Word {
  return bigintToWord(BigInt(number === '0x' ? 0 : number));
}

export function blockOf(env: Fixture['env'], fork: ForkName): BlockContext {
  const random = AFTER_MERGE.includes(fork) ? env.currentRandom : env.currentDifficulty;
  return {
    number: BigInt(env.currentNumber),
    timestamp: BigInt(env.currentTimestamp),
    gasLimit: BigInt(env.currentGasLimit),
    coinbase: env.currentCoinbase.toLowerCase() as Address,
    baseFee: BigInt(env.currentBaseFee ?? 0),
    prevRandao: wordOf(random ?? '0x0'),
    excessBlobGas: BigInt(env.currentExcessBlobGas ?? 0),
    chainId: CHAIN_ID,
  };
}

/** There is no chain behind a state test: by convention, a block's hash is that of its number in decimal digits. */
export function blockHashOf(keccak256: Vm['keccak256']): (number: bigint) => Word {
  return (number) => toHex(keccak256(Buffer.from(number.toString())));
}

export function toHex(bytes: Uint8Array): Hex {
  return `0x${Buffer.from(bytes).toString('hex')}`;
}
