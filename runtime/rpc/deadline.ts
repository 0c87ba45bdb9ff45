import type { Core } from '../ledger/core.ts';
import type { Vm } from '../ports/index.ts';
import { ErrorCode, RpcError } from './errors.ts';

/** What one request may take of the VM, whatever its gas: it runs beside everything else that the node does. */
export const EXECUTION_MS = 5_000;

/** A node with a VM that gives up when the time of the request is over to which it is lent. */
class Timed {
  readonly core: Core;
  private endMs = 0;

  constructor(core: Core) {
    const interrupt = () => {
      if (core.nowMs() > this.endMs) throw tookTooLong();
    };
    this.core = { ...core, vm: interrupted(core.vm, interrupt) };
  }

  begin(): this {
    this.endMs = this.core.nowMs() + EXECUTION_MS;
    return this;
  }
}

/** Those that no request has now: making one costs as much as a small request. */
const unused = new WeakMap<Core, Timed[]>();
const MAX_UNUSED = 16;

/** Whoever has it has {@link EXECUTION_MS} from now on, and gives it back when the request is answered. */
export function lendTimed(core: Core): Timed {
  return (unused.get(core)?.pop() ?? new Timed(core)).begin();
}

export function giveBack(core: Core, timed: Timed): void {
  const others = unused.get(core);
  if (!others) unused.set(core, [timed]);
  else if (others.length < MAX_UNUSED) others.push(timed);
}

function interrupted(vm: Vm, interrupt: () => void): Vm {
  const { trace } = vm;
  return {
    ...vm,
    execute(block, message, state, options) {
      interrupt();
      return vm.execute(block, message, state, { ...options, interrupt });
    },
    ...(trace && {
      trace(block, message, state, record) {
        interrupt();
        return trace(block, message, state, { ...record, interrupt });
      },
    }),
  };
}

/** In the words of go-ethereum. */
function tookTooLong(): RpcError {
  return new RpcError(ErrorCode.Server, `execution aborted (timeout = ${EXECUTION_MS / 1000}s)`);
}
