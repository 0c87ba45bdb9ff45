import { bytesToHex } from '../bytes.ts';
import type { Core } from '../ledger/core.ts';
import type { Account, Address, Word } from '../ports/index.ts';
import type { State } from '../state/state.ts';
import { createAccessList } from './access-list.ts';
import { call, estimate } from './calls.ts';
import { carryMethods } from './carry.ts';
import { debugMethods } from './debug.ts';
import * as read from './decode.ts';
import { encodeBlock, encodeProof, encodeTransaction, type Json, type JsonObject, quantity } from './encode.ts';
import { engineMethods } from './engine.ts';
import { feeHistory } from './fees.ts';
import { existing, find } from './find.ts';
import { findLogs } from './logs.ts';
import { type Method, method } from './method.ts';
import { outputMethods } from './output.ts';
import { blockOverrides, stateOverrides } from './overrides.ts';
import { isPending, pendingBlock, whole } from './pending.ts';
import { poolMethods } from './pool.ts';
import { blockReceipts, receiptAnswer } from './receipts.ts';
import { requestMethods } from './requests.ts';
import { secretMethods } from './secrets.ts';
import { simulateBlocks, simulation } from './simulate.ts';

const MAX_PROOF_SLOTS = 256;

const asIs = <T extends Json>(result: T): Json => result;
const at = ['block', read.blockOrLatest] as const;
const exactly = ['block', read.block] as const;
const address = ['address', read.address] as const;
const hash = ['hash', read.hash] as const;
const index = ['index', read.count] as const;
const full = ['full', read.optional(read.flag, false)] as const;
const slots = ['slots', read.list(proofKey, MAX_PROOF_SLOTS)] as const;
const request = ['call', read.call] as const;
const accounts = ['overrides', stateOverrides] as const;
const surroundings = ['blockOverrides', blockOverrides] as const;
const filterId = ['filter', read.quantity] as const;

/** The methods, grouped as Ethereum's execution API groups them. */
export const methods = {
  web3_clientVersion: method([], (core) => `classpad/${core.version}/${core.vm.fork.toLowerCase()}`, asIs),
  net_version: method([], (core) => core.chainId.toString(), asIs),
  web3_sha3: method([['data', read.bytes]], (core, data) => core.vm.keccak256(data), bytesToHex),
  net_listening: method([], () => true, asIs),
  net_peerCount: method([], (core) => core.peerCount(), quantity),

  classpad_config: method([], configAnswer, asIs),
  classpad_node: method([], nodeAnswer, asIs),
  ...carryMethods,
  ...secretMethods,
  ...outputMethods,
  ...requestMethods,
  ...engineMethods,

  eth_chainId: method([], (core) => core.chainId, quantity),
  eth_syncing: method([], () => false, asIs),
  eth_accounts: method([], () => [], asIs),
  eth_coinbase: method([], (core) => core.chain.head().header.coinbase, asIs),
  eth_blockNumber: method([], (core) => core.chain.head().header.number, quantity),

  eth_gasPrice: method([], (core) => core.chain.head().header.baseFee, quantity),
  eth_baseFee: method([], (core) => core.chain.head().header.baseFee, quantity),
  eth_blobBaseFee: method([], () => 1n, quantity),
  eth_maxPriorityFeePerGas: method([], () => 0n, quantity),
  eth_feeHistory: method(
    [
      ['blockCount', read.count],
      ['newestBlock', read.block],
      ['rewardPercentiles', read.optional(read.percentiles, [])],
    ],
    (core, blocks, newest, percentiles) => feeHistory(core, blocks, newest, percentiles),
    asIs,
  ),

  eth_getBlockByNumber: method([exactly, full], blockAnswer, asIs),
  eth_getBlockByHash: method([hash, full], (core, of, whole) => blockAnswer(core, { by: 'hash', hash: of }, whole), asIs),
  eth_getBlockTransactionCountByNumber: method([exactly], transactionCount, quantity),
  eth_getBlockTransactionCountByHash: method([hash], (core, of) => transactionCount(core, { by: 'hash', hash: of }), quantity),
  eth_getUncleCountByBlockNumber: method([exactly], (core, block) => find(core, block) && 0, quantity),
  eth_getUncleCountByBlockHash: method([hash], (core, of) => find(core, { by: 'hash', hash: of }) && 0, quantity),
  eth_getBlockReceipts: method([exactly], blockReceipts, asIs),

  eth_getTransactionByHash: method([hash], transactionAnswer, asIs),
  eth_getTransactionByBlockNumberAndIndex: method([exactly, index], transactionInBlock, asIs),
  eth_getTransactionByBlockHashAndIndex: method(
    [hash, index],
    (core, of, place) => transactionInBlock(core, { by: 'hash', hash: of }, place),
    asIs,
  ),
  eth_getTransactionReceipt: method([hash], receiptAnswer, asIs),

  eth_getBalance: method([address, at], (core, of, block) => viewAt(core, block).account(of)?.balance ?? 0n, quantity),
  eth_getTransactionCount: method([address, at], nonceAnswer, quantity),
  eth_getCode: method([address, at], codeAt, bytesToHex),
  eth_getStorageAt: method(
    [address, ['slot', read.slot], at],
    (core, of, slot, block) => viewAt(core, block).slot(of, slot),
    asIs,
  ),
  eth_getProof: method([address, slots, at], proofAnswer, asIs),

  eth_call: method(
    [request, at, accounts, surroundings],
    (core, of, block, ...overrides) => call(core, of, existing(core, block), block, overrides),
    bytesToHex,
  ),
  eth_estimateGas: method(
    [request, ['block', read.blockOrNext], accounts, surroundings],
    (core, of, block, ...overrides) => estimate(core, of, existing(core, block), block, overrides),
    quantity,
  ),
  eth_createAccessList: method(
    [request, ['block', read.blockOrNext], accounts],
    (core, of, block, overrides) => createAccessList(core, of, existing(core, block), block, [overrides, undefined]),
    asIs,
  ),
  eth_simulateV1: method(
    [['simulation', simulation], at],
    (core, of, block) => simulateBlocks(core, of, existing(core, block)),
    asIs,
  ),
  eth_getLogs: method([['filter', read.logFilter]], logsAnswer, asIs),
  eth_newFilter: method([['filter', read.logFilter]], (core, filter) => core.filters.addLogs(core, filter), quantity),
  eth_newBlockFilter: method([], (core) => core.filters.addBlocks(core), quantity),
  eth_newPendingTransactionFilter: method([], (core) => core.filters.addTransactions(core), quantity),
  eth_getFilterChanges: method([filterId], (core, id) => core.filters.changes(core, id), asIs),
  eth_getFilterLogs: method([filterId], (core, id) => logsAnswer(core, core.filters.logFilter(core, id)), asIs),
  eth_uninstallFilter: method([filterId], (core, id) => core.filters.remove(id), asIs),

  ...poolMethods,
  ...debugMethods,
} satisfies Record<string, Method>;

interface Accounts {
  account(address: Address): Omit<Account, 'hasStorage'> | undefined;
}

/** What a client must know of this ledger to find the fleet on it and to check its blocks. */
function configAnswer({ chainId, version, fleet, sequencer, chain, founders }: Core): JsonObject {
  const { validators, trailingBlocks = 0 } = founders;
  const agreed = validators && { validators: validators.map((each) => ({ ...each })), trailingBlocks };
  return { fleet, chainId: Number(chainId), sequencer, genesisHash: chain.at(0)!.hash, version, ...agreed };
}

/** How this node stands, for `classpad status`. */
function nodeAnswer(core: Core): JsonObject {
  return {
    name: core.device.name,
    address: core.device.address,
    version: core.version,
    block: core.chain.head().header.number,
    peers: core.peerCount(),
    remark: core.remark() ?? null,
  };
}

/** The state after the block. */
function viewAt(core: Core, block: read.BlockParameter): Pick<State, 'slot' | 'code'> & Accounts {
  return isPending(block) ? pendingBlock(core).view : core.stateAt(existing(core, block));
}

function blockAnswer(core: Core, of: read.BlockParameter, isFull: boolean): JsonObject | undefined {
  const block = whole(core, of);
  if (!block) return undefined;
  const { transactions, receipts } = block;
  const shown = transactions.map((transaction, place) =>
    isFull ? encodeTransaction(transaction, { block, index: place }, receipts[place]!.gasPrice) : transaction.hash,
  );
  const body = transactions.map(({ raw }) => raw);
  return encodeBlock(block, body, shown);
}

function transactionCount(core: Core, of: read.BlockParameter): number | undefined {
  if (isPending(of)) return pendingBlock(core).transactions.length;
  const block = find(core, of);
  return block && core.chain.bodyAt(block.header.number).length;
}

function transactionAnswer(core: Core, of: Word): JsonObject | undefined {
  const waiting = core.pool.get(of);
  if (waiting) return encodeTransaction(waiting);
  const place = core.chain.locate(of);
  return place && transactionInBlock(core, { by: 'number', number: BigInt(place.number) }, place.index);
}

function transactionInBlock(core: Core, of: read.BlockParameter, place: number): JsonObject | undefined {
  const block = whole(core, of);
  const transaction = block?.transactions[place];
  return transaction && encodeTransaction(transaction, { block, index: place }, block.receipts[place]!.gasPrice);
}

function nonceAnswer(core: Core, of: Address, block: read.BlockParameter): bigint {
  if (block.by === 'tag' && block.tag === 'pending') return core.pool.nextNonce(of);
  return viewAt(core, block).account(of)?.nonce ?? 0n;
}

function codeAt(core: Core, of: Address, block: read.BlockParameter): Uint8Array {
  const state = viewAt(core, block);
  const found = state.account(of);
  return found ? state.code(found.codeHash) : new Uint8Array(0);
}

/** The slot, and how it was written: the answer repeats it. */
function proofKey(value: unknown, name: string): { readonly key: string; readonly slot: Word } {
  return { slot: read.slot(value, name), key: value as string };
}

function proofAnswer(
  core: Core,
  of: Address,
  keys: readonly ReturnType<typeof proofKey>[],
  block: read.BlockParameter,
): JsonObject {
  const slots = keys.map(({ slot }) => slot);
  const proof = core.stateAt(existing(core, block)).prove(of, slots);
  return encodeProof(
    of,
    keys.map(({ key }) => key),
    proof,
  );
}

async function logsAnswer(core: Core, filter: read.LogFilter): Promise<Json[]> {
  const from = filter.from.by === 'number' ? Number(filter.from.number) : existing(core, filter.from).header.number;
  const head = core.chain.head().header.number;
  const to = filter.to.by === 'number' ? Math.min(Number(filter.to.number), head) : existing(core, filter.to).header.number;
  return from > to ? [] : findLogs(core, filter, from, to);
}
