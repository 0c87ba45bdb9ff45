import { EMPTY } from '../bytes.ts';
import { callGas, contextIn, estimateGas, type Scene, sceneView, simulate } from '../execution/simulate.ts';
import type { HashedHeader } from '../ledger/chain.ts';
import type { Core } from '../ledger/core.ts';
import { MAX_TRANSACTION_GAS } from '../ledger/gas.ts';
import type { Address, Message } from '../ports/index.ts';
import { viewOf } from '../state/state.ts';
import type { BlockParameter, CallParameter } from './decode.ts';
import { ErrorCode, RpcError } from './errors.ts';
import { failureOf } from './failure.ts';
import { type Overrides, override } from './overrides.ts';
import { isPending, pendingBlock } from './pending.ts';

const NOBODY: Address = `0x${'00'.repeat(20)}`;

/** `eth_call`: what the call returns. Throws the revert as an error. */
export function call(
  core: Core,
  parameter: CallParameter,
  block: HashedHeader,
  at: BlockParameter,
  overrides: Overrides,
): Uint8Array {
  const scene = sceneAt(core, block, at, overrides);
  const message = messageOf(scene, parameter);
  mustPay(scene, message);
  const outcome = simulate(scene, message);
  if (outcome.kind === 'refused' || !outcome.succeeded) throw failureOf(outcome);
  return outcome.output;
}

/** `eth_estimateGas`: the least gas limit with which the call succeeds. */
export function estimate(
  core: Core,
  parameter: CallParameter,
  block: HashedHeader,
  at: BlockParameter,
  overrides: Overrides,
): bigint {
  const scene = sceneAt(core, block, at, overrides);
  const message = messageOf(scene, { gasLimit: block.header.gasLimit, ...parameter });
  const most = allowance(scene, message);
  const isPoor = most < message.gasLimit;
  const found = estimateGas(scene, isPoor ? { ...message, gasLimit: most } : message);
  if (typeof found === 'bigint') return found;
  if (found.kind === 'executed' ? found.status === 'OutOfGas' : isPoor && TOO_LITTLE.has(found.reason))
    throw exceeded(isPoor ? most : message.gasLimit);
  throw failureOf(found);
}

/** Refusals that tell of too little gas. */
const TOO_LITTLE: ReadonlySet<string> = new Set(['IntrinsicGas', 'FloorGas']);

/** Gas that the sender can pay for at the price that the message names; without a price, what the message has. */
function allowance(scene: Scene, { sender, value, gasLimit, maxFeePerGas }: Message): bigint {
  const left = maxFeePerGas > 0n ? (sceneView(scene).account(sender)?.balance ?? 0n) - value : -1n;
  return left < 0n ? gasLimit : left / maxFeePerGas;
}

/**
 * A block that is named by number or hash is taken as it was. At the tags it is now: without work no blocks are made, and what
 * depends on the time would be tried out at that of the last one. `pending` is after what waits, in the same block.
 */
export function sceneAt(core: Core, block: HashedHeader, at: BlockParameter, [accounts, context]: Overrides): Scene {
  const { vm, chain, chainId } = core;
  const { number, timestamp } = block.header;
  const isNext = at.by === 'tag' && (at.tag === 'pending' || at.tag === 'next');
  const isNow = at.by === 'tag' && at.tag !== 'earliest';
  const sceneNumber = isNext ? number + 1 : number;
  const state = core.stateAt(block);
  const view = isPending(at) ? pendingBlock(core).view : viewOf(state, chain.hashesBefore(sceneNumber));
  return {
    vm,
    chain,
    chainId,
    block,
    state,
    number: sceneNumber,
    timestamp: isNow ? Math.max(isNext ? timestamp + 1 : timestamp, core.nowSeconds()) : timestamp,
    view: accounts ? override(view, accounts, vm.keccak256) : view,
    ...(context && { context }),
  };
}

/** The message with what was left out; its gas bounded by what a call may use. */
export function messageOf(scene: Scene, parameter: CallParameter): Message {
  const { to, gasLimit, sender = NOBODY, maxFeePerGas: fee, maxPriorityFeePerGas: tip } = parameter;
  if (fee !== undefined && tip !== undefined && tip > fee) throw tipAbove(fee, tip);
  const most = callGas(scene);
  const { nonce, value = 0n, data = EMPTY, accessList, authorizations } = parameter;
  const message: Message = {
    type: authorizations ? 4 : 2,
    sender,
    nonce: nonce ?? sceneView(scene).account(sender)?.nonce ?? 0n,
    value,
    data,
    maxFeePerGas: fee ?? 0n,
    maxPriorityFeePerGas: tip ?? 0n,
    gasLimit: gasLimit === undefined || gasLimit > most ? most : gasLimit,
  };
  return Object.assign(message, to && { to }, accessList && { accessList }, authorizations && { authorizations });
}

/** Who names a price is taken at his word: a block would take it, and the sender has it. Throws in the words of geth. */
export function mustPay(scene: Scene, { sender, value, gasLimit, maxFeePerGas }: Message): void {
  if (maxFeePerGas === 0n) return;
  const { baseFee } = contextIn(scene);
  const fail = (what: string) => new RpcError(ErrorCode.Server, what);
  if (maxFeePerGas < baseFee)
    throw fail(`max fee per gas less than block base fee: address ${sender}, maxFeePerGas: ${maxFeePerGas}, baseFee: ${baseFee}`);
  const have = sceneView(scene).account(sender)?.balance ?? 0n;
  const want = gasLimit * maxFeePerGas + value;
  if (have < want) throw fail(`insufficient funds for gas * price + value: address ${sender} have ${have} want ${want}`);
}

/** In the words of geth. */
function exceeded(gasLimit: bigint): RpcError {
  const most = gasLimit < MAX_TRANSACTION_GAS ? gasLimit : MAX_TRANSACTION_GAS;
  return new RpcError(ErrorCode.Server, `gas required exceeds allowance (${most})`);
}

function tipAbove(fee: bigint, tip: bigint): RpcError {
  const numbers = `maxPriorityFeePerGas: ${tip}, maxFeePerGas: ${fee}`;
  return new RpcError(ErrorCode.Server, `max priority fee per gas higher than max fee per gas: ${numbers}`);
}
