import type { Chain, HashedHeader } from '../ledger/chain.ts';
import { MAX_TRANSACTION_GAS } from '../ledger/gas.ts';
import type { BlockContext, Executed, Message, Refused, StateView, Vm } from '../ports/index.ts';
import { type State, viewOf } from '../state/state.ts';

/** Where a call is tried out: on the state after a block, and as if in a block of this number and time. */
export interface Scene {
  readonly vm: Vm;
  readonly chain: Chain;
  readonly chainId: bigint;
  readonly block: HashedHeader;
  readonly state: State;
  readonly number: number;
  /** Seconds since 1970. */
  readonly timestamp: number;
  /** Instead of `state`, where a call is to find something else. */
  readonly view?: StateView;
  /** Fields of the block that are to be otherwise. */
  readonly context?: Partial<BlockContext>;
}

/** A call on a ledger with little gas in a block may use this much nevertheless: it costs nobody anything. */
const CALL_GAS = 30_000_000n;
/** What a value transfer adds to a call's gas and takes back. */
const CALL_STIPEND = 2_300n;

/** Gas of a call that does not say. */
export function callGas(scene: Scene): bigint {
  const { gasLimit } = scene.block.header;
  return gasLimit > CALL_GAS ? gasLimit : CALL_GAS;
}

/** Runs a message without nonce and fee checks; nothing is kept. */
export function simulate(scene: Scene, message: Message): Executed | Refused {
  return scene.vm.execute(contextIn(scene), message, sceneView(scene), { simulate: true });
}

/** The block that the call is tried out in. */
export function contextIn(scene: Scene): BlockContext {
  return scene.context ? { ...contextAfter(scene), ...scene.context } : contextAfter(scene);
}

interface Known {
  readonly context: BlockContext;
  readonly number: number;
}

/** Of the calls on a block those that come together are in one block: a VM that has it need not take it in again. */
const contexts = new WeakMap<HashedHeader, Known>();

function contextAfter(scene: Scene): BlockContext {
  const known = contexts.get(scene.block);
  const timestamp = BigInt(scene.timestamp);
  if (known?.number === scene.number && known.context.timestamp === timestamp && known.context.chainId === scene.chainId)
    return known.context;
  const { header } = scene.block;
  const context = {
    number: BigInt(scene.number),
    timestamp,
    gasLimit: header.gasLimit,
    coinbase: header.coinbase,
    baseFee: header.baseFee,
    prevRandao: header.mixHash,
    excessBlobGas: 0n,
    chainId: scene.chainId,
  };
  contexts.set(scene.block, { context, number: scene.number });
  return context;
}

/** The state as a call sees it. */
export function sceneView(scene: Scene): StateView {
  return scene.view ?? viewOf(scene.state, scene.chain.hashesBefore(scene.number));
}

/**
 * The least gas limit with which the message succeeds, by binary search; if it fails with the most it may have, that outcome.
 * A call may hand on 63/64 of its gas only (EIP-150) and refunds come at the end: so the limit is above what is used.
 */
export function estimateGas(scene: Scene, message: Message): bigint | Executed | Refused {
  const isCapped = message.gasLimit > MAX_TRANSACTION_GAS;
  const most = isCapped ? MAX_TRANSACTION_GAS : message.gasLimit;
  const succeeds = (gasLimit: bigint) => {
    const outcome = simulate(scene, { ...message, gasLimit });
    return outcome.kind === 'executed' && outcome.succeeded;
  };
  const outcome = simulate(scene, { ...message, gasLimit: most });
  if (outcome.kind === 'refused' || !outcome.succeeded) return outcome;
  let tooLow = outcome.gasUsed - 1n;
  let enough = most;
  const likely = ((outcome.gasUsed + outcome.gasRefunded + CALL_STIPEND) * 64n) / 63n;
  if (likely < enough) {
    if (succeeds(likely)) enough = likely;
    else tooLow = likely;
  }
  while (enough - tooLow > 1n) {
    const middle = (enough + tooLow) / 2n;
    if (succeeds(middle)) enough = middle;
    else tooLow = middle;
  }
  return enough;
}
