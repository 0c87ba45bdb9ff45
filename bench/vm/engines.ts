import { Common, Hardfork, Mainnet } from '@ethereumjs/common';
import { createEVM } from '@ethereumjs/evm';
import { SimpleStateManager } from '@ethereumjs/statemanager';
import { Account, createAddressFromString, hexToBytes } from '@ethereumjs/util';
import { keccak_256 } from '@noble/hashes/sha3.js';
import type { BlockContext, StateView, Word } from '../../runtime/ports/index.ts';
import { createVm } from '../../vm/embed/index.ts';
import type { Case, Cases } from './cases.ts';

/** What runs a case, once per call. Answers the output in hexadecimal without prefix. */
export type Run = () => string | Promise<string>;

const NO_WORD: Word = `0x${'00'.repeat(32)}`;
const EMPTY_HASH: Word = '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470';
const BALANCE = 10n ** 24n;
const BLOCK: BlockContext = {
  number: 1n,
  timestamp: 1_700_000_000n,
  gasLimit: 2n ** 62n,
  coinbase: '0x2adc25665018aa1fe0e6bc666dac8fc2697ff9ba',
  baseFee: 0n,
  prevRandao: NO_WORD,
  excessBlobGas: 0n,
  chainId: 1n,
};

/** Through the TypeScript API, as `eth_call` does it: message in, output and diff out. */
export function ourRun(cases: Cases, each: Case, vm = createVm({ fork: cases.fork })): Run {
  const code = hexToBytes(each.code);
  const codeHash: Word = `0x${Buffer.from(keccak_256(code)).toString('hex')}`;
  const state: StateView = {
    account(address) {
      if (address === cases.target) return { nonce: 1n, balance: 0n, codeHash, hasStorage: false };
      if (address === cases.sender) return { nonce: 0n, balance: BALANCE, codeHash: EMPTY_HASH, hasStorage: false };
      return undefined;
    },
    slot: () => NO_WORD,
    code: () => code,
    blockHash: () => NO_WORD,
  };
  const message = {
    type: 0,
    sender: cases.sender,
    nonce: 0n,
    gasLimit: each.gas,
    maxFeePerGas: 0n,
    maxPriorityFeePerGas: 0n,
    to: cases.target,
    value: 0n,
    data: hexToBytes(each.calldata),
  } as const;
  return () => {
    const outcome = vm.execute(BLOCK, message, state, { simulate: true });
    if (outcome.kind === 'refused') throw new Error(`${each.name}: refused (${outcome.reason})`);
    if (!outcome.succeeded && outcome.status !== 'Revert') throw new Error(`${each.name}: ${outcome.status}`);
    return Buffer.from(outcome.output).toString('hex');
  };
}

/** Through `EVM.runCall` with its own in-memory state, which every run begins anew. */
export function theirRun(cases: Cases, each: Case): Run {
  const common = new Common({ chain: Mainnet, hardfork: Hardfork[cases.fork as keyof typeof Hardfork] });
  const to = createAddressFromString(cases.target);
  const caller = createAddressFromString(cases.sender);
  const code = hexToBytes(each.code);
  const data = hexToBytes(each.calldata);
  return async () => {
    const stateManager = new SimpleStateManager({ common });
    await stateManager.putAccount(to, new Account(1n, 0n));
    await stateManager.putCode(to, code);
    await stateManager.putAccount(caller, new Account(0n, BALANCE));
    const evm = await createEVM({ common, stateManager });
    const { execResult } = await evm.runCall({ to, caller, data, gasLimit: each.gas });
    return Buffer.from(execResult.returnValue).toString('hex');
  };
}
