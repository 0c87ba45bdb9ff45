import { openFleet } from '../contracts/fleet.ts';
import { callAtHead, hasCodeAtHead } from '../ledger/at-head.ts';
import type { Core } from '../ledger/core.ts';
import { orderSigner } from '../order.ts';
import type { Address } from '../ports/index.ts';
import { ErrorCode, RpcError } from './errors.ts';

/** Whether an account is an operator of the fleet now. */
export function isOperator(core: Core, address: string): boolean {
  const ledger = { call: callAtHead.bind(undefined, core), hasCode: hasCodeAtHead.bind(undefined, core) };
  const fleet = openFleet(ledger, core.fleet);
  return fleet.exists() && fleet.operators().includes(address as Address);
}

/** Throws unless an operator has signed this order, which names the ledger and this device. `what` is shown to operators alone. */
export function demandOperator(core: Core, order: Uint8Array, signature: Uint8Array, what: string): void {
  const signer = orderSigner(order, signature, core.vm);
  if (signer === undefined || !isOperator(core, signer))
    throw new RpcError(ErrorCode.Server, `only an operator of this fleet is shown ${what}, by a signature for this device`);
}
