import { createPublicClient, createWalletClient, custom, defineChain, type Hex } from 'viem';
import { alice, genesis, type World } from './world.ts';

const chain = defineChain({
  id: genesis.chainId,
  name: 'test',
  nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
  rpcUrls: { default: { http: [] } },
});

/** viem against a node's JSON-RPC, without a network between. */
export function clientsOf(some: World, n = 0) {
  let id = 0;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the method answers
  const request = async (method: string, params: unknown = []): Promise<any> => {
    const { ledger } = some.peers[n]!;
    const answer = JSON.parse(await ledger.rpc(JSON.stringify({ jsonrpc: '2.0', id: id++, method, params })));
    if (answer.error) throw Object.assign(new Error(answer.error.message), answer.error);
    return answer.result;
  };
  const transport = custom({ request: ({ method, params }) => request(method, params) }, { retryCount: 0 });
  const client = createPublicClient({ chain, transport, pollingInterval: 1 });
  return {
    alice,
    client,
    request,
    wallet: createWalletClient({ chain, transport, account: alice }),
    /** Lets time pass until there was a block, and answers the receipt. */
    async mined(sent: Promise<Hex>) {
      const hash = await sent;
      some.run(2000);
      return client.getTransactionReceipt({ hash });
    },
  };
}
