import { layOver, type Overlay } from '../execution/overlay.ts';
import { contextIn, sceneView } from '../execution/simulate.ts';
import type { HashedHeader } from '../ledger/chain.ts';
import type { Core } from '../ledger/core.ts';
import type { BlockContext, Executed, Refused, Word } from '../ports/index.ts';
import { viewOf } from '../state/state.ts';
import { messageOf, mustPay, sceneAt } from './calls.ts';
import type { BlockParameter, CallParameter } from './decode.ts';
import type { Json } from './encode.ts';
import { ErrorCode, RpcError } from './errors.ts';
import { failureOf } from './failure.ts';
import { existing } from './find.ts';
import type { Overrides } from './overrides.ts';
import type { Tracer } from './tracer.ts';

/** Characters of the traces of one block. */
const MAX_CHARACTERS = 8 * 1024 * 1024;

/** `debug_traceTransaction`: the transaction is executed again, on what those before it in its block left. */
export async function traceTransaction(core: Core, hash: Word, tracer: Tracer): Promise<Json> {
  const place = core.chain.locate(hash);
  if (!place) throw new RpcError(ErrorCode.Server, 'transaction not found');
  const traced = await replay(core, core.chain.wholeAt(place.number)!, tracer, place.index);
  return traced[0]!.result!;
}

/** `debug_traceBlockBy…`: each transaction of the block with its hash. */
export function traceBlock(core: Core, block: HashedHeader, tracer: Tracer): Promise<Json> {
  return replay(core, block, tracer);
}

export interface CallOptions {
  readonly tracer: Tracer;
  readonly overrides: Overrides;
}

/** `debug_traceCall`: a call that nobody signed, tried out as `eth_call` does it. */
export function traceCall(core: Core, call: CallParameter, at: BlockParameter, { tracer, overrides }: CallOptions): Json {
  const scene = sceneAt(core, existing(core, at), at, overrides);
  const message = messageOf(scene, call);
  mustPay(scene, message);
  const { outcome, result } = tracer(core.vm, contextIn(scene), message, sceneView(scene), { simulate: true });
  if (outcome.kind === 'refused') throw failureOf(outcome);
  return result;
}

type Entry = { readonly [key: string]: Json };

/** Executes a block again; traces one transaction of it, or all. */
async function replay(core: Core, block: HashedHeader, tracer: Tracer, only?: number): Promise<Entry[]> {
  const { number } = block.header;
  if (number === 0) throw new RpcError(ErrorCode.Server, 'genesis is not traceable');
  const parent = core.chain.headerAt(number - 1)!;
  const overlay = layOver(viewOf(core.stateAt(parent), core.chain.hashesBefore(number)));
  const context = contextOf(core, block);
  const traced: Entry[] = [];
  let characters = 0;
  let firstLog = 0;
  for (const [index, transaction] of core.chain.transactionsAt(number).entries()) {
    if (only === undefined || only === index) {
      const { result, outcome } = tracer(core.vm, context, transaction, overlay.view, { firstLog });
      firstLog += absorb(overlay, outcome);
      traced.push({ txHash: transaction.hash, result });
      if (only === index) break;
      characters += JSON.stringify(result).length;
      if (characters > MAX_CHARACTERS) throw tooLarge();
    } else {
      firstLog += absorb(overlay, core.vm.execute(context, transaction, overlay.view));
    }
    await core.pause();
  }
  return traced;
}

/** Answers how many logs the transaction made. */
function absorb(overlay: Overlay, outcome: Executed | Refused): number {
  if (outcome.kind === 'refused') return 0;
  overlay.absorb(outcome.diff);
  return outcome.succeeded ? outcome.logs.length : 0;
}

/** What the transactions of a finished block saw. */
function contextOf(core: Core, { header }: HashedHeader): BlockContext {
  return {
    number: BigInt(header.number),
    timestamp: BigInt(header.timestamp),
    gasLimit: header.gasLimit,
    coinbase: header.coinbase,
    baseFee: header.baseFee,
    prevRandao: header.mixHash,
    excessBlobGas: 0n,
    chainId: core.chainId,
  };
}

function tooLarge(): RpcError {
  return new RpcError(ErrorCode.LimitExceeded, 'the traces of this block are too large; trace its transactions one by one');
}
