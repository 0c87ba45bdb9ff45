import { bytesToHex } from '../bytes.ts';
import type { Executed, FrameRecord, Message, Recording, Refused } from '../ports/index.ts';
import { type Json, type JsonObject, quantity } from './encode.ts';
import { revertReason } from './failure.ts';

const TYPES: Readonly<Record<number, string>> = {
  240: 'CREATE',
  241: 'CALL',
  242: 'CALLCODE',
  244: 'DELEGATECALL',
  245: 'CREATE2',
  250: 'STATICCALL',
};

type Call = { [key: string]: Json };

/** The tree of calls, as geth's tracer of that name writes it. */
export function callTracer(
  message: Message,
  outcome: Executed | Refused,
  recording: Recording,
  onlyTopCall: boolean,
): JsonObject {
  const [first, ...inner] = recording.frames;
  if (!first || outcome.kind === 'refused') return {};
  const root: Call = { ...callOf(first), gas: quantity(message.gasLimit), gasUsed: quantity(outcome.gasUsed) };
  const path: Call[] = [root];
  for (const frame of onlyTopCall ? [] : inner) {
    const call = callOf(frame);
    const caller = path[frame.depth - 1]!;
    caller['calls'] = [...((caller['calls'] as Json[] | undefined) ?? []), call];
    path[frame.depth] = call;
  }
  return root;
}

function callOf({ opcode, from, to, value, gas, gasLeft, input, output, error }: FrameRecord): Call {
  const type = TYPES[opcode] ?? 'CALL';
  const isCreation = type === 'CREATE' || type === 'CREATE2';
  const reason = error === 'execution reverted' ? revertReason(output) : undefined;
  return {
    from,
    gas: quantity(gas),
    gasUsed: quantity(gas - gasLeft),
    ...(!(isCreation && error) && { to }),
    input: bytesToHex(input),
    ...(output.length > 0 && { output: bytesToHex(output) }),
    ...(error !== undefined && { error }),
    ...(reason !== undefined && { revertReason: reason }),
    ...(type !== 'STATICCALL' && { value: quantity(value) }),
    type,
  };
}
