import { type Hex, hexToBytes, type PublicClient, serializeTransaction, type TransactionSerializable } from 'viem';
import type { Address, Log, Word } from '../../runtime/ports/index.ts';
import { WrongEntry } from './wrong-entry.ts';

/** A block as JSON-RPC gives it; everything is text until it is checked. */
export interface RpcBlock {
  readonly hash: Hex;
  readonly transactions: readonly RpcTransaction[];
  readonly [field: string]: unknown;
}

export interface RpcTransaction {
  readonly hash: Hex;
  readonly from: Address;
  readonly to: Address | null;
  readonly input: Hex;
  readonly [field: string]: unknown;
}

export interface RpcReceipt {
  readonly transactionHash: Hex;
  readonly type: Hex;
  readonly status: Hex;
  readonly from: Address;
  readonly cumulativeGasUsed: Hex;
  readonly gasUsed: Hex;
  readonly effectiveGasPrice?: Hex;
  readonly contractAddress?: Address | null;
  readonly logsBloom: Hex;
  readonly logs: readonly { readonly address: Address; readonly topics: readonly Word[]; readonly data: Hex }[];
}

/** A block with its receipts: one entry of the trail, not yet believed. */
export interface Entry {
  readonly number: number;
  readonly block: RpcBlock;
  readonly receipts: readonly RpcReceipt[];
  /** Where it changes which validators decide: the votes for it, as CometBFT tells them. */
  readonly votes?: unknown;
}

type Ask = <T>(method: string, params: readonly unknown[]) => Promise<T>;

export function askerOf(client: PublicClient): Ask {
  const request = client.request as unknown as (call: { method: string; params: readonly unknown[] }) => Promise<never>;
  return (method, params) => request({ method, params });
}

/** `undefined`: the node has no such block. Throws {@link WrongEntry} for an answer of another form. */
export async function fetchEntry(ask: Ask, number: number): Promise<Entry | undefined> {
  const block = await ask<RpcBlock | null>('eth_getBlockByNumber', [`0x${number.toString(16)}`, true]);
  if (!block) return undefined;
  if (!Array.isArray(block.transactions) || !block.transactions.every(hasHash)) {
    throw new WrongEntry(`block ${number}: the node's answer is no block with its transactions`);
  }
  const receipts: RpcReceipt[] = [];
  for (const { hash } of block.transactions) {
    const receipt = await ask<RpcReceipt | null>('eth_getTransactionReceipt', [hash]);
    if (!receipt || !Array.isArray(receipt.logs))
      throw new WrongEntry(`block ${number}: there is no receipt of transaction ${hash}`);
    receipts.push(receipt);
  }
  return { number, block, receipts };
}

function hasHash(transaction: unknown): boolean {
  return typeof (transaction as RpcTransaction | null)?.hash === 'string';
}

const TYPES: Readonly<Record<string, TransactionSerializable['type']>> = {
  '0x0': 'legacy',
  '0x1': 'eip2930',
  '0x2': 'eip1559',
  '0x3': 'eip4844',
  '0x4': 'eip7702',
};

/** The signed bytes of a transaction, put together from the fields that the node showed. */
export function rawTransaction(shown: RpcTransaction): Uint8Array {
  const number = (name: string) => BigInt((shown[name] as Hex | undefined) ?? 0);
  const type = TYPES[shown['type'] as string];
  if (!type) throw new Error(`it has the type ${shown['type']}; types 0x0 to 0x4 are known`);
  const replayProtected = shown['chainId'] !== undefined && shown['chainId'] !== null;
  const fees = type === 'legacy' || type === 'eip2930' ? { gasPrice: number('gasPrice') } : feesOf(number, type);
  const fields = {
    type,
    ...(replayProtected && { chainId: Number(number('chainId')) }),
    nonce: Number(number('nonce')),
    gas: number('gas'),
    ...fees,
    ...(shown.to && { to: shown.to }),
    value: number('value'),
    data: shown.input,
    ...(type !== 'legacy' && { accessList: shown['accessList'] }),
    ...(type === 'eip4844' && { blobVersionedHashes: shown['blobVersionedHashes'] }),
    ...(type === 'eip7702' && { authorizationList: authorizations(shown['authorizationList']) }),
  } as TransactionSerializable;
  const yParity = type === 'legacy' ? undefined : Number(number(shown['yParity'] === undefined ? 'v' : 'yParity'));
  const signature = { r: shown['r'] as Hex, s: shown['s'] as Hex, ...(yParity === undefined ? { v: number('v') } : { yParity }) };
  return hexToBytes(serializeTransaction(fields, signature as never));
}

function feesOf(number: (name: string) => bigint, type: TransactionSerializable['type']) {
  return {
    maxFeePerGas: number('maxFeePerGas'),
    maxPriorityFeePerGas: number('maxPriorityFeePerGas'),
    ...(type === 'eip4844' && { maxFeePerBlobGas: number('maxFeePerBlobGas') }),
  };
}

function authorizations(list: unknown): unknown {
  return (list as Readonly<Record<string, Hex>>[]).map(({ chainId, nonce, yParity, address, r, s }) => {
    return { chainId: Number(chainId), nonce: Number(nonce), yParity: Number(yParity), address, r, s };
  });
}

/** In lower case, whatever they were written in: roots are the same in either, and comparisons must be. */
export function logsOf(receipt: RpcReceipt): Log[] {
  return receipt.logs.map(({ address, topics, data }) => ({
    address: lowerCase(address),
    topics: topics.map(lowerCase),
    data: hexToBytes(data),
  }));
}

function lowerCase(hex: Hex): Hex {
  return hex.toLowerCase() as Hex;
}
