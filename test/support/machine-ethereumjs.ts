import { createCustomCommon, Hardfork, Mainnet } from '@ethereumjs/common';
import { createEVM, type EVMResult } from '@ethereumjs/evm';
import { SimpleStateManager } from '@ethereumjs/statemanager';
import { Account, bytesToHex, createAddressFromString, createZeroAddress } from '@ethereumjs/util';
import type { Address } from '../../runtime/ports/index.ts';
import type { Machine, Outcome } from './contract.ts';
import { CHAIN_ID } from './machine.ts';

const GAS_LIMIT = 16_777_216n;
const NOBODY: Address = `0x${'0'.repeat(40)}`;

/** A machine on EthereumJS, an oracle for ours: what surrounds a call in a transaction is added here. */
export async function ethereumjsMachine(): Promise<Machine> {
  const common = createCustomCommon({ chainId: CHAIN_ID }, Mainnet, { hardfork: Hardfork.Osaka });
  const stateManager = new SimpleStateManager({ common });
  const evm = await createEVM({ common, stateManager });
  const run = async (from: Address, to: Address | undefined, data: Uint8Array): Promise<Outcome> => {
    const caller = createAddressFromString(from);
    if (!(await stateManager.getAccount(caller))) await stateManager.putAccount(caller, new Account());
    const block = blockAt(machine.timestamp);
    const intrinsic = intrinsicGas(data, to === undefined);
    for (const warm of [from, NOBODY, ...(to ? [to] : [])]) evm.journal.addAlwaysWarmAddress(warm.slice(2));
    const gasLimit = GAS_LIMIT - intrinsic;
    const target = to && { to: createAddressFromString(to) };
    const result = await evm.runCall({ caller, data, gasLimit, block, ...target });
    await evm.journal.cleanup();
    stateManager.originalStorageCache.clear();
    return outcomeOf(result, intrinsic, floorGas(data));
  };
  const machine: Machine = {
    timestamp: 1_800_000_000n,
    send: run,
    async read(from, to, data) {
      await stateManager.checkpoint();
      const outcome = await run(from, to, data);
      await stateManager.revert();
      return outcome;
    },
  };
  return machine;
}

function blockAt(timestamp: bigint) {
  const header = { number: 1n, timestamp, coinbase: createZeroAddress(), gasLimit: 2n * GAS_LIMIT, difficulty: 0n };
  return { header: { ...header, prevRandao: new Uint8Array(32), baseFeePerGas: 0n, getBlobGasPrice: () => 1n } } as never;
}

/** YP 6.2, EIP-2028, EIP-3860. */
function intrinsicGas(data: Uint8Array, isCreation: boolean): bigint {
  const words = Math.ceil(data.length / 32);
  return 21_000n + tokens(data) * 4n + (isCreation ? 32_000n + 2n * BigInt(words) : 0n);
}

/** EIP-7623. */
function floorGas(data: Uint8Array): bigint {
  return 21_000n + tokens(data) * 10n;
}

function tokens(data: Uint8Array): bigint {
  return BigInt(data.reduce((sum, byte) => sum + (byte === 0 ? 1 : 4), 0));
}

/** At most a fifth is given back (EIP-3529). */
function outcomeOf({ createdAddress, execResult }: EVMResult, intrinsic: bigint, floor: bigint): Outcome {
  const spent = intrinsic + execResult.executionGasUsed;
  const earned = execResult.exceptionError ? 0n : (execResult.gasRefund ?? 0n);
  const refunded = spent - (earned < spent / 5n ? earned : spent / 5n);
  return {
    succeeded: execResult.exceptionError === undefined,
    output: execResult.returnValue,
    gasUsed: refunded > floor ? refunded : floor,
    logs: (execResult.logs ?? []).map(([address, topics, data]) => ({
      address: bytesToHex(address),
      topics: topics.map((topic) => bytesToHex(topic)),
      data,
    })),
    ...(createdAddress && { created: createdAddress.toString() }),
  };
}
