/** A world with one contract in it, for running code by itself. */
import type { Account, Address, BlockContext, Executed, ForkName, Refused, StateView, Word } from '../../runtime/ports/index.ts';
import { createVm, type Watcher } from '../../vm/embed/index.ts';

/** Where the code stands, and who calls it: as geth's `evm run` has them. */
export const CODE_ADDRESS: Address = `0x${Buffer.from('receiver').toString('hex').padStart(40, '0')}`;
const SENDER: Address = `0x${Buffer.from('sender').toString('hex').padStart(40, '0')}`;
const ZERO: Word = `0x${'00'.repeat(32)}`;
/** Names the code to the VM; nothing here looks at it as a hash. */
const CODE_NAME: Word = `0x${'c0de'.repeat(16)}`;
const INTRINSIC_GAS = 21_000n;
const MAX_GAS = (1n << 64n) - 1n;

const BLOCK: BlockContext = {
  number: 0n,
  timestamp: 0n,
  gasLimit: MAX_GAS,
  coinbase: `0x${'00'.repeat(20)}`,
  baseFee: 0n,
  prevRandao: ZERO,
  excessBlobGas: 0n,
  chainId: 1n,
};

export interface CodeResult {
  readonly outcome: Executed | Refused;
  /** By the code itself, refunds not taken off. */
  readonly gasUsed: bigint;
}

/**
 * Calls the code with this much gas for itself: the transaction around it gets its own on top. What the code used is the difference, but
 * for call data, of which a transaction pays at least a floor (EIP-7623): then the gas left at the end of the frame tells.
 */
export function callCode(
  code: Uint8Array,
  data: Uint8Array,
  gas: bigint,
  value: bigint,
  fork: ForkName,
  watcher: Watcher,
): CodeResult {
  let left: bigint | undefined;
  const onLeave: Watcher['onLeave'] = (ended) => {
    left = ended.gasLeft;
    watcher.onLeave?.(ended);
  };
  const vm = createVm({ fork, ...watcher, ...(data.length > 0 && { onLeave }) });
  const around = INTRINSIC_GAS + costOf(data);
  const gasLimit = gas + around > MAX_GAS ? MAX_GAS : gas + around;
  const fees = { maxFeePerGas: 0n, maxPriorityFeePerGas: 0n };
  const message = { type: 0, sender: SENDER, to: CODE_ADDRESS, nonce: 0n, gasLimit, ...fees, value, data } as const;
  const outcome = vm.execute(BLOCK, message, viewOf(code), { simulate: true });
  if (outcome.kind === 'refused') return { outcome, gasUsed: 0n };
  return { outcome, gasUsed: left === undefined ? outcome.gasUsed + outcome.gasRefunded - around : gasLimit - around - left };
}

function viewOf(code: Uint8Array): StateView {
  return {
    account: (address) => ({ [SENDER]: sender, [CODE_ADDRESS]: contract })[address],
    slot: () => ZERO,
    code: () => code,
    blockHash: () => ZERO,
  };
}

const sender: Account = { nonce: 0n, balance: 1n << 200n, codeHash: ZERO, hasStorage: false };
const contract: Account = { nonce: 1n, balance: 0n, codeHash: CODE_NAME, hasStorage: false };

/** EIP-2028. */
function costOf(data: Uint8Array): bigint {
  return BigInt(data.reduce((sum, byte) => sum + (byte === 0 ? 4 : 16), 0));
}
