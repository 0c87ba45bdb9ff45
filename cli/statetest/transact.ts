/** Runs the transaction of one case of a state test. */
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, hexToBytes } from '../../runtime/bytes.ts';
import { decodeTransaction, type Transaction, TransactionRefused } from '../../runtime/ledger/transaction.ts';
import type {
  AccessListEntry,
  Address,
  BlockContext,
  Executed,
  Log,
  Message,
  Refused,
  Vm,
  Word,
} from '../../runtime/ports/index.ts';
import { encodeRlp } from '../../runtime/rlp/index.ts';
import { viewOf } from '../../runtime/state/state.ts';
import type { Fixture, FixtureCase, FixtureTransaction } from './fixtures.ts';
import { blockHashOf, toHex, type World, wordOf } from './world.ts';

const CHAIN_ID = 1n;

/** Signed bytes where the case has them: decode, recover the sender, look at the chain id, execute. Else the fields as they stand. */
export function transact(
  vm: Vm,
  block: BlockContext,
  before: World,
  fixture: Pick<Fixture, 'transaction'>,
  { indexes, txbytes }: Pick<FixtureCase, 'indexes' | 'txbytes'>,
): Executed | Refused {
  const view = viewOf(
    before.state,
    blockHashOf((data) => vm.keccak256(data)),
  );
  if (txbytes === undefined) return vm.execute(block, messageOf(fixture.transaction, indexes), view);
  let transaction: Transaction;
  try {
    transaction = decodeTransaction(hexToBytes(txbytes), vm);
  } catch (error) {
    if (error instanceof TransactionRefused) return { kind: 'refused', reason: error.message };
    throw error;
  }
  const { chainId } = transaction;
  if (chainId !== undefined && chainId !== CHAIN_ID) return { kind: 'refused', reason: `chain id ${chainId}` };
  return vm.execute(block, transaction, view);
}

/** keccak256(rlp([[address, [topic, …], data], …])) */
export function logsHash(logs: readonly Log[], vm: Vm): Word {
  const items = logs.map(({ address, topics, data }) => [hexToBytes(address), topics.map(hexToBytes), data]);
  return toHex(vm.keccak256(encodeRlp(items)));
}

/** The transaction from its fields, the type by which of them are there. */
export function messageOf(fields: FixtureTransaction, indexes: FixtureCase['indexes']): Message {
  const price = BigInt(fields.maxFeePerGas ?? fields.gasPrice ?? 0);
  const accessList = fields.accessLists?.[indexes.data];
  return {
    type: typeOf(fields, accessList),
    sender: senderOf(fields),
    nonce: BigInt(fields.nonce),
    gasLimit: BigInt(fields.gasLimit[indexes.gas]!),
    maxFeePerGas: price,
    maxPriorityFeePerGas: BigInt(fields.maxPriorityFeePerGas ?? price),
    ...(fields.to && { to: fields.to.toLowerCase() as Address }),
    value: BigInt(fields.value[indexes.value]!),
    data: hexToBytes(fields.data[indexes.data]!),
    ...(accessList && { accessList: accessList.map(entryOf) }),
    ...(fields.maxFeePerBlobGas && { maxFeePerBlobGas: BigInt(fields.maxFeePerBlobGas) }),
    ...(fields.blobVersionedHashes && { blobHashes: fields.blobVersionedHashes.map(wordOf) }),
    ...(fields.authorizationList && { authorizations: fields.authorizationList.map(authorizationOf) }),
  };
}

function typeOf(fields: FixtureTransaction, accessList: unknown): Message['type'] {
  if (fields.authorizationList) return 4;
  if (fields.blobVersionedHashes || fields.maxFeePerBlobGas) return 3;
  if (fields.maxFeePerGas) return 2;
  return accessList ? 1 : 0;
}

function entryOf({ address, storageKeys }: { address: string; storageKeys: readonly string[] }): AccessListEntry {
  return { address: address.toLowerCase() as Address, slots: storageKeys.map(wordOf) };
}

function authorizationOf(fields: NonNullable<FixtureTransaction['authorizationList']>[number]) {
  return {
    chainId: BigInt(fields.chainId),
    address: fields.address.toLowerCase() as Address,
    nonce: BigInt(fields.nonce),
    yParity: BigInt(fields.yParity),
    r: BigInt(fields.r),
    s: BigInt(fields.s),
  };
}

function senderOf({ sender, secretKey }: FixtureTransaction): Address {
  if (sender) return sender.toLowerCase() as Address;
  if (!secretKey) throw new Error('the transaction has neither txbytes nor sender nor secretKey');
  const point = secp256k1.getPublicKey(hexToBytes(secretKey), false);
  return bytesToHex(keccak_256(point.subarray(1)).subarray(12));
}
