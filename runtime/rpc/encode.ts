import { bytesToHex, encodeQuantity as quantity } from '../bytes.ts';
import type { HashedHeader } from '../ledger/chain.ts';
import { FIXED, type Header, headerItem } from '../ledger/header.ts';
import type { Receipt } from '../ledger/receipt.ts';
import type { Transaction } from '../ledger/transaction.ts';
import type { Log } from '../ports/index.ts';
import { decodeRlp, encodeRlp, type RlpItem } from '../rlp/index.ts';
import type { StateProof } from '../state/state.ts';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** A transaction's place in the ledger. */
export interface Place {
  readonly block: HashedHeader;
  readonly index: number;
}

export { quantity };

export function encodeBlock(
  block: HashedHeader,
  body: readonly Uint8Array[],
  transactions: readonly Json[],
  item: RlpItem = blockItem(block.header, body),
): JsonObject {
  return {
    ...encodeHeader(block),
    size: quantity(encodeRlp(item).length),
    transactions,
    withdrawals: [],
    uncles: [],
  };
}

/** A block as the wire has it: transactions with a type are strings of bytes (EIP-2718), the others are lists. */
export function blockItem(header: Header, body: readonly Uint8Array[]): RlpItem {
  return [headerItem(header), body.map((raw) => (raw[0]! < 0xc0 ? raw : decodeRlp(raw))), [], []];
}

/** A block without what is in it, as `newHeads` tells of it. */
export function encodeHeader({ header, hash }: HashedHeader): JsonObject {
  return {
    hash,
    parentHash: header.parentHash,
    sha3Uncles: FIXED.ommersHash,
    miner: header.coinbase,
    stateRoot: header.stateRoot,
    transactionsRoot: header.transactionsRoot,
    receiptsRoot: header.receiptsRoot,
    logsBloom: bytesToHex(header.logsBloom),
    difficulty: quantity(FIXED.difficulty),
    number: quantity(header.number),
    gasLimit: quantity(header.gasLimit),
    gasUsed: quantity(header.gasUsed),
    timestamp: quantity(header.timestamp),
    extraData: bytesToHex(header.extraData),
    mixHash: header.mixHash,
    nonce: FIXED.nonce,
    baseFeePerGas: quantity(header.baseFee),
    withdrawalsRoot: FIXED.withdrawalsRoot,
    blobGasUsed: quantity(FIXED.blobGasUsed),
    excessBlobGas: quantity(FIXED.excessBlobGas),
    parentBeaconBlockRoot: FIXED.parentBeaconBlockRoot,
    requestsHash: FIXED.requestsHash,
  };
}

/** `place` and `gasPrice` (paid, in wei) are absent while the transaction waits in the pool. */
export function encodeTransaction(transaction: Transaction, place?: Place, gasPrice = transaction.maxFeePerGas): JsonObject {
  const { type, to, chainId } = transaction;
  return {
    type: quantity(type),
    hash: transaction.hash,
    from: transaction.sender,
    to: to ?? null,
    nonce: quantity(transaction.nonce),
    gas: quantity(transaction.gasLimit),
    value: quantity(transaction.value),
    input: bytesToHex(transaction.data),
    gasPrice: quantity(gasPrice),
    ...(type >= 2 && {
      maxFeePerGas: quantity(transaction.maxFeePerGas),
      maxPriorityFeePerGas: quantity(transaction.maxPriorityFeePerGas),
    }),
    ...(chainId !== undefined && { chainId: quantity(chainId) }),
    ...(transaction.accessList && { accessList: encodeAccessList(transaction.accessList) }),
    ...(transaction.authorizations && { authorizationList: transaction.authorizations.map(encodeAuthorization) }),
    ...(type > 0 && { yParity: quantity(transaction.yParity) }),
    v: quantity(transaction.v),
    r: quantity(transaction.r),
    s: quantity(transaction.s),
    blockHash: place ? place.block.hash : null,
    blockNumber: place ? quantity(place.block.header.number) : null,
    blockTimestamp: place ? quantity(place.block.header.timestamp) : null,
    transactionIndex: place ? quantity(place.index) : null,
  };
}

/** `firstLog` is the index in the block of the receipt's first log. */
export function encodeReceipt(receipt: Receipt, transaction: Transaction, place: Place, firstLog: number): JsonObject {
  return {
    type: quantity(receipt.type),
    transactionHash: transaction.hash,
    transactionIndex: quantity(place.index),
    blockHash: place.block.hash,
    blockNumber: quantity(place.block.header.number),
    from: receipt.sender,
    to: transaction.to ?? null,
    cumulativeGasUsed: quantity(receipt.cumulativeGasUsed),
    gasUsed: quantity(receipt.gasUsed),
    contractAddress: receipt.created ?? null,
    logs: receipt.logs.map((log, index) => encodeLog(log, transaction.hash, place, firstLog + index)),
    logsBloom: bytesToHex(receipt.logsBloom),
    status: quantity(receipt.succeeded ? 1 : 0),
    effectiveGasPrice: quantity(receipt.gasPrice),
  };
}

export function encodeLog(log: Log, transactionHash: string, place: Place, logIndex: number): JsonObject {
  const { header, hash } = place.block;
  return {
    address: log.address,
    topics: log.topics,
    data: bytesToHex(log.data),
    blockNumber: quantity(header.number),
    blockHash: hash,
    blockTimestamp: quantity(header.timestamp),
    transactionHash,
    transactionIndex: quantity(place.index),
    logIndex: quantity(logIndex),
    removed: false,
  };
}

/** `keys` are the slots as they were asked for. */
export function encodeProof(address: string, keys: readonly string[], proof: StateProof): JsonObject {
  const { account, nodes, slots } = proof;
  return {
    address,
    accountProof: nodes.map(bytesToHex),
    balance: quantity(account.balance),
    codeHash: account.codeHash,
    nonce: quantity(account.nonce),
    storageHash: account.storageRoot,
    storageProof: slots.map((slot, index) => ({
      key: keys[index]!,
      value: quantity(BigInt(slot.value)),
      proof: slot.nodes.map(bytesToHex),
    })),
  };
}

function encodeAccessList(accessList: NonNullable<Transaction['accessList']>): Json {
  return accessList.map(({ address, slots }) => ({ address, storageKeys: slots }));
}

function encodeAuthorization(authorization: NonNullable<Transaction['authorizations']>[number]): Json {
  const { chainId, address, nonce, yParity, r, s } = authorization;
  return {
    chainId: quantity(chainId),
    address,
    nonce: quantity(nonce),
    yParity: quantity(yParity),
    r: quantity(r),
    s: quantity(s),
  };
}
