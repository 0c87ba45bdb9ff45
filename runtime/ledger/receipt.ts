import { bigintToBytes, concat, EMPTY, hexToBytes } from '../bytes.ts';
import type { Address, Log, Message, Vm, Word } from '../ports/index.ts';
import { asAddress, asBigint, asBytes, asList, asWord, encodeRlp, type RlpItem } from '../rlp/index.ts';
import { listRoot } from '../state/list-root.ts';
import { bloomOf } from './bloom.ts';

/** What became of a transaction in a block. */
export interface Receipt {
  readonly type: Message['type'];
  readonly succeeded: boolean;
  /** Of this transaction and all before it in the block. */
  readonly cumulativeGasUsed: bigint;
  readonly logsBloom: Uint8Array;
  readonly logs: readonly Log[];
  /** The rest is kept beside the receipt and is no part of its root. */
  readonly gasUsed: bigint;
  /** Wei per gas. */
  readonly gasPrice: bigint;
  readonly sender: Address;
  /** Address of the contract of a creation transaction. */
  readonly created?: Address;
}

const SUCCESS = Uint8Array.of(1);

/** As the receipts root has it (EIP-2718, EIP-658). */
export function encodeReceipt(receipt: Receipt): Uint8Array {
  const { type, succeeded, cumulativeGasUsed, logsBloom, logs } = receipt;
  const status = succeeded ? SUCCESS : EMPTY;
  const payload = encodeRlp([status, bigintToBytes(cumulativeGasUsed), logsBloom, logs.map(logItem)]);
  return type === 0 ? payload : concat(Uint8Array.of(type), payload);
}

/** The root of a block's receipts. */
export function receiptsRoot(receipts: readonly Receipt[], keccak256: Vm['keccak256']): Word {
  return listRoot(receipts.map(encodeReceipt), keccak256);
}

/** As the store keeps it: without the bloom, which follows from the logs. */
export function receiptItem(receipt: Receipt): RlpItem {
  return [
    bigintToBytes(BigInt(receipt.type)),
    receipt.succeeded ? SUCCESS : EMPTY,
    bigintToBytes(receipt.cumulativeGasUsed),
    receipt.logs.map(logItem),
    bigintToBytes(receipt.gasUsed),
    bigintToBytes(receipt.gasPrice),
    hexToBytes(receipt.sender),
    receipt.created ? hexToBytes(receipt.created) : EMPTY,
  ];
}

/** The reverse of {@link receiptItem}. */
export function receiptOf(item: RlpItem, keccak256: Vm['keccak256']): Receipt {
  const [type, status, cumulativeGasUsed, logItems, gasUsed, gasPrice, sender, created] = asList(item, 'a receipt', 8);
  const logs = asList(logItems, 'the logs').map(logOf);
  return {
    type: Number(asBigint(type, 'the type', 1)) as Receipt['type'],
    succeeded: asBytes(status, 'the status').length > 0,
    cumulativeGasUsed: asBigint(cumulativeGasUsed, 'the cumulative gas', 8),
    logsBloom: bloomOf(logs, keccak256),
    logs,
    gasUsed: asBigint(gasUsed, 'the gas used', 8),
    gasPrice: asBigint(gasPrice, 'the gas price'),
    sender: asAddress(sender, 'the sender'),
    ...(asBytes(created, 'the contract').length > 0 && { created: asAddress(created, 'the contract') }),
  };
}

function logItem(log: Log): RlpItem {
  return [hexToBytes(log.address), log.topics.map(hexToBytes), log.data];
}

function logOf(item: RlpItem): Log {
  const [address, topics, data] = asList(item, 'a log', 3);
  return {
    address: asAddress(address, "a log's address"),
    topics: asList(topics, "a log's topics").map((topic) => asWord(topic, "a log's topic")),
    data: asBytes(data, "a log's data"),
  };
}
