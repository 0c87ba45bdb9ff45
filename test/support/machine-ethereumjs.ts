import { Common, Hardfork, Mainnet } from '@ethereumjs/common';
import { createEVM, type EVMResult } from '@ethereumjs/evm';
import { SimpleStateManager } from '@ethereumjs/statemanager';
import { Account, bytesToHex, createAddressFromString, createZeroAddress } from '@ethereumjs/util';
import type { Address } from '../../runtime/ports/index.ts';
import type { Machine, Outcome } from './contract.ts';

const GAS_LIMIT = 16_000_000n;

/** A machine on EthereumJS, beside which ours is read. Its gas lacks what the transaction itself costs. */
export async function ethereumjsMachine(): Promise<Machine> {
  const common = new Common({ chain: Mainnet, hardfork: Hardfork.Osaka });
  const stateManager = new SimpleStateManager({ common });
  const evm = await createEVM({ common, stateManager });
  const run = async (from: Address, to: Address | undefined, data: Uint8Array): Promise<Outcome> => {
    const caller = createAddressFromString(from);
    if (!(await stateManager.getAccount(caller))) await stateManager.putAccount(caller, new Account());
    const block = blockAt(machine.timestamp);
    const result = await evm.runCall({
      caller,
      data,
      gasLimit: GAS_LIMIT,
      block,
      ...(to && { to: createAddressFromString(to) }),
    });
    await evm.journal.cleanup();
    return outcomeOf(result);
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

function outcomeOf({ createdAddress, execResult }: EVMResult): Outcome {
  return {
    succeeded: execResult.exceptionError === undefined,
    output: execResult.returnValue,
    gasUsed: execResult.executionGasUsed,
    logs: (execResult.logs ?? []).map(([address, topics, data]) => ({
      address: bytesToHex(address),
      topics: topics.map((topic) => bytesToHex(topic)),
      data,
    })),
    ...(createdAddress && { created: createdAddress.toString() }),
  };
}
