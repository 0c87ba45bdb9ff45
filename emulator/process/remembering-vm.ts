import { bytesToHex } from '../../runtime/bytes.ts';
import type { Address, Vm } from '../../runtime/ports/index.ts';
import { rememberedExecutions } from './remembered-executions.ts';

/** A block's seal and a transaction's signature are recovered once by each device that follows. */
const RECOVERED_LIMIT = 1024;

/**
 * A VM for many devices that remembers whose signatures it has recovered and what came of what it executed. Both are functions of
 * what goes in alone, so what one device asked for is right for all, and a device cannot put anything there but questions.
 */
export function rememberingVm(vm: Vm): Vm {
  const recovered = new Map<string, Address | undefined>();
  return {
    ...vm,
    execute: rememberedExecutions(vm),
    recover(hash, yParity, r, s) {
      const key = `${bytesToHex(hash)} ${yParity} ${r} ${s}`;
      if (recovered.has(key)) return recovered.get(key);
      const address = vm.recover(hash, yParity, r, s);
      if (recovered.size >= RECOVERED_LIMIT) recovered.clear();
      recovered.set(key, address);
      return address;
    },
  };
}
