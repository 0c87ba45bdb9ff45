import { readFileSync } from 'node:fs';
import { type Abi, encodeDeployData, encodeFunctionData, getContractAddress, type Hex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { CHAIN_ID, type Peer, RICH, RICH_KEY } from '../nodes.ts';

/** What is on a node when the comparison begins: the same on both but for what a block's hash depends on. */
export interface Scene {
  /** By number. */
  readonly blocks: readonly string[];
  /** The transactions that were sent, one a block. */
  readonly transactions: readonly Hex[];
}

interface Artifact {
  readonly abi: Abi;
  readonly bytecode: Hex;
}

export const account = privateKeyToAccount(RICH_KEY);
export const OTHER: Hex = `0x${'0b'.repeat(20)}`;
export const [COIN, PROBE] = [0n, 1n].map((nonce) => getContractAddress({ from: RICH, nonce })) as [Hex, Hex];
export const coin = artifactOf('Coin');
export const probe = artifactOf('Probe');

const GWEI = 10n ** 9n;

/** The transactions of both nodes, signed once. The priority fee differs so that fee histories have something to tell. */
export function signedStory(): Promise<Hex[]> {
  const steps: { to?: Hex; data?: Hex; value?: bigint; gas?: bigint }[] = [
    { data: encodeDeployData({ ...coin, args: [RICH, 1000n] }) },
    { data: encodeDeployData({ ...probe, args: [] }) },
    { to: COIN, data: encodeFunctionData({ abi: coin.abi, functionName: 'transfer', args: [OTHER, 400n] }) },
    { to: OTHER, value: 5n, gas: 21_000n },
    { to: PROBE, data: callOf('emitAll', 5n) },
    { to: PROBE, data: callOf('set', 12n) },
    { to: PROBE, value: 3n },
    { to: PROBE, data: callOf('failShort', 9n) },
    { to: PROBE, data: callOf('keep', `0x${'ab'.repeat(100)}`) },
  ];
  return Promise.all(steps.map((step, nonce) => sign({ nonce, maxPriorityFeePerGas: BigInt(nonce) * GWEI, ...step })));
}

/** A transaction of the rich account, of type 2 unless said otherwise. */
export function sign(step: object): Promise<Hex> {
  const usual = { chainId: CHAIN_ID, gas: 3_000_000n, maxFeePerGas: 20n * GWEI, maxPriorityFeePerGas: 0n };
  return account.signTransaction({ ...usual, type: 'eip1559', ...step } as never);
}

export function callOf(functionName: string, ...args: unknown[]): Hex {
  return encodeFunctionData({ abi: probe.abi, functionName, args });
}

/** What is done on a node before each transaction of the story; `number` is that of the block to come. */
export type Before = (number: number) => Promise<void>;

/** Sends the story, each transaction when the one before is in a block. */
export async function tell(peer: Peer, story: readonly Hex[], before: Before = async () => {}): Promise<Scene> {
  const transactions: Hex[] = [];
  const blocks = [await blockHash(peer, 0)];
  for (const raw of story) {
    await before(blocks.length);
    transactions.push((await result(peer, 'eth_sendRawTransaction', [raw])) as Hex);
    while (!(await result(peer, 'eth_getTransactionReceipt', [transactions.at(-1)])))
      await new Promise((done) => setTimeout(done, 10));
    blocks.push(await blockHash(peer, blocks.length));
  }
  return { blocks, transactions };
}

/**
 * What anvil must be told so that both nodes tell the same: who gets the fees, when each block was made, and that it has no
 * contract for the history of block hashes (EIP-2935 leaves the call out where there is none, as on our ledger).
 */
export async function alike(ours: Peer, anvil: Peer): Promise<Before> {
  const of = async (number: number) => (await result(ours, 'eth_getBlockByNumber', [quantity(number), false])) as Made;
  await result(anvil, 'anvil_setCoinbase', [(await of(1)).miner]);
  await result(anvil, 'anvil_setCode', [HISTORY, '0x']);
  return async (number) => {
    await result(anvil, 'evm_setNextBlockTimestamp', [(await of(number)).timestamp]);
  };
}

export async function coinbaseOf(peer: Peer): Promise<Hex> {
  return (await result(peer, 'eth_coinbase', [])) as Hex;
}

interface Made {
  readonly miner: string;
  readonly timestamp: string;
}

/** HISTORY_STORAGE_ADDRESS of EIP-2935. */
export const HISTORY: Hex = '0x0000f90827f1c53a10cb7a02335b175320002935';

export function quantity(value: number | bigint): Hex {
  return `0x${value.toString(16)}`;
}

async function blockHash(peer: Peer, number: number): Promise<string> {
  const block = await result(peer, 'eth_getBlockByNumber', [`0x${number.toString(16)}`, false]);
  return (block as { hash: string }).hash;
}

/** Throws if the answer is an error. */
export async function result(peer: Peer, method: string, params: readonly unknown[]): Promise<unknown> {
  const answer = (await peer.post(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }))) as Record<string, unknown>;
  if (!('result' in answer)) throw new Error(`${peer.name}: ${method}: ${JSON.stringify(answer)}`);
  return answer['result'];
}

function artifactOf(name: string): Artifact {
  return JSON.parse(readFileSync(`build/clients/${name}.json`, 'utf8')) as Artifact;
}
