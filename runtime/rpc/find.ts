import type { HashedHeader } from '../ledger/chain.ts';
import type { Core } from '../ledger/core.ts';
import type { BlockParameter } from './decode.ts';
import { ErrorCode, RpcError } from './errors.ts';

/** The block, or `undefined` if the chain has none such. What is pending stands on the latest, which is answered for it. */
export function find(core: Core, block: BlockParameter): HashedHeader | undefined {
  if (block.by === 'tag') return block.tag === 'earliest' ? core.chain.at(0) : core.chain.head();
  if (block.by === 'number') return block.number < 2n ** 48n ? core.chain.wholeAt(Number(block.number)) : undefined;
  const number = core.chain.numberOf(block.hash);
  return number === undefined ? undefined : core.chain.wholeAt(number);
}

/** The block. Throws if the chain has none such. */
export function existing(core: Core, block: BlockParameter): HashedHeader {
  const found = find(core, block);
  if (!found) throw new RpcError(ErrorCode.Server, 'header not found');
  return found;
}
