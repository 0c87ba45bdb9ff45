import type { HashedHeader } from '../ledger/chain.ts';
import type { Core } from '../ledger/core.ts';
import type { Receipt } from '../ledger/receipt.ts';
import type { BlockParameter } from './decode.ts';
import { type JsonObject, quantity } from './encode.ts';
import { ErrorCode, RpcError } from './errors.ts';
import { existing } from './find.ts';

/** Blocks that one answer describes. */
const MAX_BLOCKS = 128;

/** `eth_feeHistory`. The base fee of this ledger is the same in every block; blob fields are those of a chain without blobs. */
export function feeHistory(core: Core, blocks: number, of: BlockParameter, percentiles: readonly number[]): JsonObject {
  const newest = newestOf(core, of);
  if (blocks === 0)
    return { oldestBlock: '0x0', baseFeePerGas: [], gasUsedRatio: [], baseFeePerBlobGas: [], blobGasUsedRatio: [] };
  const last = newest.header.number;
  const first = core.chain.firstWhole() > 1 ? core.chain.firstWhole() : 0;
  const count = Math.min(blocks, last - first + 1, MAX_BLOCKS);
  const headers = Array.from({ length: count }, (_, i) => core.chain.soundHeaderAt(last - count + 1 + i));
  const baseFees = [...headers.map(({ baseFee }) => baseFee), newest.header.baseFee].map(quantity);
  return {
    oldestBlock: quantity(last - count + 1),
    baseFeePerGas: baseFees,
    gasUsedRatio: headers.map(({ gasUsed, gasLimit }) => Number(gasUsed) / Number(gasLimit)),
    baseFeePerBlobGas: baseFees.map(() => '0x1'),
    blobGasUsedRatio: headers.map(() => 0),
    ...(percentiles.length > 0 && {
      reward: headers.map(({ number, gasUsed, baseFee }) =>
        rewards(gasUsed === 0n ? [] : core.chain.receiptsAt(number), baseFee, percentiles).map(quantity),
      ),
    }),
  };
}

function newestOf(core: Core, of: BlockParameter): HashedHeader {
  const head = core.chain.head().header.number;
  if (of.by !== 'number' || of.number <= BigInt(head)) return existing(core, of);
  throw new RpcError(ErrorCode.Server, `request beyond head block: requested ${of.number}, head ${head}`);
}

/** The priority fees at the given percentiles of the block's gas. */
function rewards(receipts: readonly Receipt[], baseFee: bigint, percentiles: readonly number[]): bigint[] {
  const byTip = receipts
    .map(({ gasUsed, gasPrice }) => ({ gas: Number(gasUsed), tip: gasPrice - baseFee }))
    .sort((a, b) => (a.tip < b.tip ? -1 : a.tip > b.tip ? 1 : 0));
  const total = byTip.reduce((sum, { gas }) => sum + gas, 0);
  return percentiles.map((percentile) => {
    let gasLeft = (total * percentile) / 100;
    for (const { gas, tip } of byTip) {
      gasLeft -= gas;
      if (gasLeft <= 0) return tip;
    }
    return 0n;
  });
}
