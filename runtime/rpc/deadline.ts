import type { Core } from '../ledger/core.ts';
import type { Vm } from '../ports/index.ts';
import { ErrorCode, RpcError } from './errors.ts';

/** What one request may take of the VM, whatever its gas: it runs beside everything else that the node does. */
export const EXECUTION_MS = 5_000;

/** The same node with a VM that gives up when the time of one request is over. */
export function timed(core: Core): Core {
  const endMs = core.nowMs() + EXECUTION_MS;
  const interrupt = () => {
    if (core.nowMs() > endMs) throw tookTooLong();
  };
  return { ...core, vm: interrupted(core.vm, interrupt) };
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
