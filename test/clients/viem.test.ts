import {
  type BaseError,
  ContractFunctionRevertedError,
  createPublicClient,
  createWalletClient,
  defineChain,
  http,
  parseEventLogs,
  webSocket,
} from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { OPERATOR_KEY } from '../support/node-process.ts';
import type { Client, Library } from './client.ts';
import { story } from './story.ts';

const account = privateKeyToAccount(OPERATOR_KEY);
const chain = defineChain({
  id: 4401,
  name: 'classpad',
  nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
  rpcUrls: { default: { http: [] } },
});
const POLLING_MS = 50;
const RECONNECT = { attempts: 100, delay: 1000 };

const viem: Library = { name: 'viem', connect };

function connect(url: string): Client {
  const transport = url.startsWith('ws') ? webSocket(url, { reconnect: RECONNECT, keepAlive: { interval: 1_000 } }) : http(url);
  const reader = createPublicClient({ chain, transport, pollingInterval: POLLING_MS });
  const writer = createWalletClient({ account, chain, transport });
  return {
    async deploy(artifact, args) {
      const hash = await writer.deployContract({ ...artifact, args: [...args] });
      const { contractAddress } = await reader.waitForTransactionReceipt({ hash });
      return contractAddress!;
    },
    read: ({ abi }, address, functionName, args) => reader.readContract({ abi, address, functionName, args: [...args] }),
    async send({ abi }, address, functionName, args) {
      const hash = await writer.writeContract({ abi, address, functionName, args: [...args] });
      const { logs } = await reader.waitForTransactionReceipt({ hash });
      return parseEventLogs({ abi, logs }).map(({ eventName, args }) => ({
        name: eventName,
        args: Object.values(args as object),
      }));
    },
    async refusal({ abi }, address, functionName, args) {
      try {
        await reader.simulateContract({ account, abi, address, functionName, args: [...args] });
      } catch (error) {
        const reverted = (error as BaseError).walk((cause) => cause instanceof ContractFunctionRevertedError);
        const { data } = reverted as ContractFunctionRevertedError;
        return { name: data?.errorName ?? '', args: data?.args ?? [] };
      }
      throw new Error(`${functionName} was not refused`);
    },
    async watch({ abi }, address, eventName, seen) {
      const onLogs = (logs: readonly object[]) => {
        for (const log of logs) seen(Object.values((log as { args: object }).args));
      };
      reader.watchContractEvent({ abi, address, eventName, onLogs, onError: () => {} });
      // Only answered in order is the subscription in place.
      await reader.getBlockNumber();
    },
    async close() {
      if (!url.startsWith('ws')) return;
      const sockets = [reader, writer].map((client) =>
        (client.transport as { getRpcClient?: () => Promise<{ close(): void }> }).getRpcClient?.(),
      );
      for (const socket of await Promise.all(sockets)) socket?.close();
    },
  };
}

story(viem);
