import { bytesToHex } from '../bytes.ts';
import type { Executed, FrameLog, FrameRecord, Message, Recording, Refused } from '../ports/index.ts';
import { type Json, type JsonObject, quantity } from './encode.ts';
import { revertReason } from './failure.ts';

const TYPES: Readonly<Record<number, string>> = {
  240: 'CREATE',
  241: 'CALL',
  242: 'CALLCODE',
  244: 'DELEGATECALL',
  245: 'CREATE2',
  250: 'STATICCALL',
  255: 'SELFDESTRUCT',
};

type Call = { [key: string]: Json };

/**
 * The tree of calls, as geth's tracer of that name writes it. What a call that failed has logged is left out.
 * `firstLog` is the index in the block of the first log; absent: logs are not told.
 */
export function callTracer(
  message: Message,
  outcome: Executed | Refused,
  recording: Recording,
  firstLog: number | undefined,
): JsonObject {
  const [first, ...inner] = recording.frames;
  if (!first || outcome.kind === 'refused') return {};
  const logsOf = ({ logs }: FrameRecord) => (firstLog !== undefined && logs ? { logs: logs.map(logEntry) } : {});
  const root: Call = { ...callOf(first), gas: quantity(message.gasLimit), gasUsed: quantity(outcome.gasUsed) };
  if (!first.error) Object.assign(root, logsOf(first));
  const path: { readonly call: Call; readonly failed: boolean }[] = [{ call: root, failed: first.error !== undefined }];
  for (const frame of inner) {
    const caller = path[frame.depth - 1]!;
    const failed = caller.failed || frame.error !== undefined;
    const call = { ...callOf(frame), ...(failed ? {} : logsOf(frame)) };
    caller.call['calls'] = [...((caller.call['calls'] as Json[] | undefined) ?? []), call];
    path[frame.depth] = { call, failed };
  }
  if (firstLog !== undefined) numberLogs(root, firstLog);
  return root;
}

/** Gives each log its index, in the order in which they were made: a call's own stand between its calls. Answers the next index. */
function numberLogs(call: Call, first: number): number {
  const { calls = [], logs = [] } = call as { calls?: readonly Call[]; logs?: readonly Call[] };
  let next = first;
  for (let place = 0; place <= calls.length; place++) {
    for (const log of logs) if (Number(log['position']) === place) log['index'] = quantity(next++);
    if (place < calls.length) next = numberLogs(calls[place]!, next);
  }
  return next;
}

function logEntry({ address, topics, data, position }: FrameLog): Call {
  return { address, topics, data: bytesToHex(data), position: quantity(position) };
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
