import type {
  BlockContext,
  Executed,
  ExecuteOptions,
  Message,
  Recording,
  RecordOptions,
  Refused,
  StateView,
  Vm,
} from '../ports/index.ts';
import { callTracer } from './call-tracer.ts';
import * as read from './decode.ts';
import type { Json } from './encode.ts';
import { ErrorCode, invalidParams, RpcError } from './errors.ts';
import { prestateTracer } from './prestate-tracer.ts';
import { structLogger } from './struct-logger.ts';

/** Executes a transaction once more and says what was seen. */
export type Tracer = (
  vm: Vm,
  context: BlockContext,
  message: Message,
  state: StateView,
  options?: TraceOptions,
) => { readonly outcome: Executed | Refused; readonly result: Json };

export interface TraceOptions extends ExecuteOptions {
  /** Index in the block of the first log. */
  readonly firstLog?: number;
}

/** Instructions and room of one trace: it must fit into a small device beside everything else. */
const MAX_STEPS = 50_000;
const MAX_WORDS = 400_000;

/** Calls and what they log. */
export const CALLS_ONLY: RecordOptions = {
  steps: false,
  stack: false,
  memory: false,
  logs: true,
  maxSteps: 0,
  maxWords: MAX_WORDS,
};

/** The second parameter of `debug_trace…`, with the names that geth gives. */
export const tracerOption: read.Decoder<Tracer> = (value, name) => {
  const config = value === undefined || value === null ? {} : read.record(value, name);
  const { tracer = '', tracerConfig = {} } = config;
  const own = read.record(tracerConfig, `${name}.tracerConfig`);
  const flag = (from: Record<string, unknown>, key: string) => read.optional(read.flag, false)(from[key], `${name}.${key}`);
  if (tracer === '' || tracer === 'structLogger') return structTracer(config, name, (key) => flag(config, key));
  if (tracer === 'prestateTracer') return prestateTracer(flag(own, 'diffMode'));
  if (tracer !== 'callTracer') {
    throw invalidParams(`${name}.tracer should be callTracer, prestateTracer or left out: scripts are not run here`);
  }
  const [withLog, onlyTopCall] = [flag(own, 'withLog'), flag(own, 'onlyTopCall')];
  return (vm, context, message, state, options) => {
    const { firstLog = 0, simulate = false } = options ?? {};
    const record = { ...CALLS_ONLY, simulate, topOnly: onlyTopCall };
    const { outcome, recording } = traced(vm, context, message, state, record);
    return { outcome, result: callTracer(message, outcome, recording, withLog ? firstLog : undefined) };
  };
};

function structTracer(config: Record<string, unknown>, name: string, flag: (key: string) => boolean): Tracer {
  const limit = read.optional(read.count, 0)(config['limit'], `${name}.limit`);
  const shown = {
    stack: !flag('disableStack'),
    memory: flag('enableMemory'),
    storage: !flag('disableStorage'),
  };
  const isLimited = limit > 0 && limit <= MAX_STEPS;
  const record: RecordOptions = {
    steps: true,
    stack: shown.stack || shown.storage,
    memory: shown.memory,
    maxSteps: isLimited ? limit : MAX_STEPS,
    stepsMustFit: !isLimited,
    maxWords: MAX_WORDS,
  };
  return (vm, context, message, state, options) => {
    const { outcome, recording } = traced(vm, context, message, state, { ...record, simulate: options?.simulate ?? false });
    return { outcome, result: structLogger(outcome, recording, shown) };
  };
}

/** Throws if the VM cannot trace, or if there is more than one answer holds. */
export function traced(
  vm: Vm,
  context: BlockContext,
  message: Message,
  state: StateView,
  record: RecordOptions,
): { readonly outcome: Executed | Refused; readonly recording: Recording } {
  if (!vm.trace) throw new RpcError(ErrorCode.Server, 'the VM of this node cannot trace');
  const told = vm.trace(context, message, state, record);
  if (told.recording.isCut) throw tooLong();
  return told;
}

function tooLong(): RpcError {
  const sentence = `the trace is longer than ${MAX_STEPS} steps or ${MAX_WORDS} words; ask with a limit, or with disableStack and disableStorage`;
  return new RpcError(ErrorCode.LimitExceeded, sentence);
}
