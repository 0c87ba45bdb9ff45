import type { Address } from '../../runtime/ports/index.ts';
import { startAnvil as start } from '../nodes.ts';
import type { Case, Cases } from './cases.ts';
import type { Run } from './engines.ts';
import { type Clock, clockOf } from './measure.ts';

/** Native revm behind JSON-RPC. */
export interface Anvil {
  /** A case, and the same request to the same code behind a STOP: what a request costs without the machine's work. */
  prepare(each: Case): Promise<{ readonly work: Run; readonly idle: Run }>;
  /** CPU time of the process, where the system tells it. */
  readonly clock: Clock | undefined;
  stop(): Promise<void>;
}

const IDLE: Address = '0xbe7c43a5800000000000000000000000000000ff';
const DEADLINE_MS = 3_600_000;

/** `undefined` where npm's `@foundry-rs/anvil` is not installed. */
export async function startAnvil(cases: Cases): Promise<Anvil | undefined> {
  const anvil = {
    '--hardfork': cases.fork.toLowerCase(),
    '--no-mining': true,
    '--disable-code-size-limit': true,
    '--disable-block-gas-limit': true,
    '--gas-limit': false,
    '--memory-limit': 2 ** 30,
    '--disable-console-log': true,
  };
  const peer = await start({ anvil, deadlineMs: DEADLINE_MS });
  if (!peer) return undefined;
  const send = async (method: string, params: unknown[]) => {
    const answer = (await peer.post(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }))) as Answer;
    // A revert is an answer here: its data is the output.
    if (answer.error && answer.error.data === undefined) throw new Error(`anvil: ${answer.error.message}`);
    return answer.error ? answer.error.data : answer.result;
  };
  return {
    clock: clockOf(peer.processId),
    async prepare(each) {
      await send('anvil_setCode', [cases.target, each.code]);
      await send('anvil_setCode', [IDLE, `0x00${each.code.slice(2)}`]);
      const callTo = (to: Address) => {
        const parameters = [{ from: cases.sender, to, data: each.calldata, gas: `0x${each.gas.toString(16)}` }, 'latest'];
        return async () => ((await send('eth_call', parameters)) as string).slice(2);
      };
      return { work: callTo(cases.target), idle: callTo(IDLE) };
    },
    stop: () => peer.stop(),
  };
}

interface Answer {
  readonly result?: unknown;
  readonly error?: { readonly message: string; readonly data?: string };
}
