import { EMPTY } from '../bytes.ts';
import { callGas, estimateGas, type Scene, sceneView, simulate } from '../execution/simulate.ts';
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
  const outcome = simulate(scene, messageOf(scene, parameter));
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
  const found = estimateGas(scene, messageOf(scene, { gasLimit: block.header.gasLimit, ...parameter }));
  if (typeof found === 'bigint') return found;
  if (found.kind === 'executed' && found.status === 'OutOfGas') throw exceeded(scene, parameter);
  throw failureOf(found);
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

/** In the words of geth. */
function exceeded(scene: Scene, { gasLimit }: CallParameter): RpcError {
  const least = (a: bigint, b: bigint) => (a < b ? a : b);
  const most = least(least(gasLimit ?? scene.block.header.gasLimit, callGas(scene)), MAX_TRANSACTION_GAS);
  return new RpcError(ErrorCode.Server, `gas required exceeds allowance (${most})`);
}

function tipAbove(fee: bigint, tip: bigint): RpcError {
  const numbers = `maxPriorityFeePerGas: ${tip}, maxFeePerGas: ${fee}`;
  return new RpcError(ErrorCode.Server, `max priority fee per gas higher than max fee per gas: ${numbers}`);
}
