import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Abi, type Address, encodeDeployData, encodeFunctionData, getContractAddress, type Hex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { pause } from '../../test/support/wait.ts';
import type { Target } from './drive.ts';
import type { Nodes } from './nodes.ts';

/** Rich from the first block on; their keys are here and protect nothing. */
export const accounts = Array.from({ length: 32 }, (_, index) =>
  privateKeyToAccount(`0x${(index + 1).toString(16).padStart(64, 'b')}`),
);

const CHAIN_ID = 4401;
const SUPPLY = 10n ** 24n;
const TRANSFER_GAS = 80_000n;
/** As long as a signed transfer is. */
const KVSTORE_BYTES = 175;

/** Signed transfers of an ERC-20 (OpenZeppelin's), through Ethereum JSON-RPC. */
export async function erc20Target(nodes: Nodes, clients: number, each: number): Promise<Target> {
  const { abi, bytecode } = JSON.parse(readFileSync('build/clients/Coin.json', 'utf8')) as { abi: Abi; bytecode: Hex };
  const [owner] = accounts as [(typeof accounts)[0]];
  const token = getContractAddress({ from: owner.address, nonce: 0n });
  const sign = (from: number, nonce: number, to: Address | undefined, data: Hex, gas: bigint) =>
    accounts[from]!.signTransaction({
      type: 'eip1559',
      maxFeePerGas: 0n,
      maxPriorityFeePerGas: 0n,
      chainId: CHAIN_ID,
      nonce,
      gas,
      data,
      ...(to && { to }),
    });
  const transfer = (to: Address, amount: bigint) => encodeFunctionData({ abi, functionName: 'transfer', args: [to, amount] });
  const deploy = await sign(0, 0, undefined, encodeDeployData({ abi, bytecode, args: [owner.address, SUPPLY] }), 3_000_000n);
  const setup = [deploy];
  for (let to = 1; to < clients; to++)
    setup.push(await sign(0, to, token, transfer(accounts[to]!.address, 10n ** 20n), TRANSFER_GAS));
  for (const raw of setup) await nodes.call(0, 'eth_sendRawTransaction', [raw]);
  while (Number(await nodes.call(0, 'eth_getTransactionCount', [owner.address, 'latest'])) < setup.length) await pause(100);
  const raws = await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      const first = client === 0 ? setup.length : 0;
      const to = accounts[(client + 1) % clients]!.address;
      const signed: Hex[] = [];
      for (let index = 0; index < each; index++)
        signed.push(await sign(client, first + index, token, transfer(to, 1n), TRANSFER_GAS));
      return signed;
    }),
  );
  let next = Number(await nodes.call(0, 'eth_blockNumber', [])) + 1;
  return {
    send: async (client, index, node) => (await nodes.call(node, 'eth_sendRawTransaction', [raws[client]![index]])) as string,
    async included() {
      const found: string[] = [];
      for (;;) {
        const block = (await nodes.call(0, 'eth_getBlockByNumber', [`0x${next.toString(16)}`, false])) as {
          transactions: string[];
        } | null;
        if (!block) return found;
        found.push(...block.transactions);
        next++;
      }
    },
  };
}

/** `key=value` in CometBFT's example, through its own RPC: no signature, no execution, no state but in memory. */
export async function kvstoreTarget(nodes: Nodes): Promise<Target> {
  let next = 1;
  const heightOf = async () => {
    const { sync_info } = (await nodes.engine(0, 'status')) as unknown as { sync_info: { latest_block_height: string } };
    return Number(sync_info.latest_block_height);
  };
  next = (await heightOf()) + 1;
  return {
    async send(client, index, node) {
      const text = `c${client}i${index}=`.padEnd(KVSTORE_BYTES, 'x');
      await nodes.engine(node, `broadcast_tx_sync?tx=0x${Buffer.from(text).toString('hex')}`);
      return nameOf(Buffer.from(text));
    },
    async included() {
      const found: string[] = [];
      for (const last = await heightOf(); next <= last; next++) {
        const { block } = (await nodes.engine(0, `block?height=${next}`)) as unknown as { block: { data: { txs: string[] } } };
        found.push(...block.data.txs.map((tx) => nameOf(Buffer.from(tx, 'base64'))));
      }
      return found;
    },
  };
}

function nameOf(raw: Uint8Array): string {
  return createHash('sha256').update(raw).digest('hex');
}
