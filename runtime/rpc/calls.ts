import { EMPTY } from '../bytes.ts';
import { callGas, estimateGas, type Scene, sceneView, simulate } from '../execution/simulate.ts';
import type { HashedHeader } from '../ledger/chain.ts';
import type { Core } from '../ledger/core.ts';
import type { Address, Message } from '../ports/index.ts';
import type { BlockParameter, CallParameter } from './decode.ts';
import { failureOf } from './failure.ts';
import { type Overrides, override } from './overrides.ts';

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
  if (typeof found !== 'bigint') throw failureOf(found);
  return found;
}

/**
 * A block that is named by number or hash is taken as it was. At the tags it is now: without work no blocks are made, and what
 * depends on the time would be tried out at that of the last one. `pending` is in the next block.
 */
export function sceneAt(core: Core, block: HashedHeader, at: BlockParameter, [accounts, context]: Overrides): Scene {
  const { vm, chain, chainId } = core;
  const { number, timestamp } = block.header;
  const isPending = at.by === 'tag' && at.tag === 'pending';
  const isNow = at.by === 'tag' && at.tag !== 'earliest';
  const scene: Scene = {
    vm,
    chain,
    chainId,
    block,
    state: core.stateAt(block),
    number: isPending ? number + 1 : number,
    timestamp: isNow ? Math.max(isPending ? timestamp + 1 : timestamp, core.nowSeconds()) : timestamp,
    ...(context && { context }),
  };
  return accounts ? { ...scene, view: override(sceneView(scene), accounts, vm.keccak256) } : scene;
}

/** The message with what was left out; its gas bounded by what a call may use. */
export function messageOf(scene: Scene, parameter: CallParameter): Message {
  const { to, gasLimit, sender = NOBODY, ...rest } = parameter;
  const most = callGas(scene);
  return {
    type: rest.authorizations ? 4 : 2,
    sender,
    ...(to && { to }),
    nonce: sceneView(scene).account(sender)?.nonce ?? 0n,
    value: 0n,
    data: EMPTY,
    maxFeePerGas: 0n,
    maxPriorityFeePerGas: 0n,
    ...rest,
    gasLimit: gasLimit === undefined || gasLimit > most ? most : gasLimit,
  };
}
