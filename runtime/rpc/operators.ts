import { bytesToHex } from '../bytes.ts';
import { openFleet } from '../contracts/fleet.ts';
import { clockText, dateText } from '../display/words.ts';
import { callAtHead, hasCodeAtHead } from '../ledger/at-head.ts';
import type { Core } from '../ledger/core.ts';
import { orderSigner } from '../order.ts';
import type { Address } from '../ports/index.ts';
import { LONGEST_ORDER_SECONDS } from '../service/order.ts';
import { ErrorCode, RpcError } from './errors.ts';

/** Whether an account is an operator of the fleet now. */
export function isOperator(core: Core, address: string): boolean {
  const ledger = { call: callAtHead.bind(undefined, core), hasCode: hasCodeAtHead.bind(undefined, core) };
  const fleet = openFleet(ledger, core.fleet);
  return fleet.exists() && fleet.operators().includes(address as Address);
}

/**
 * Throws unless an operator has signed this order, which names the ledger and this device, for now, and it was not obeyed before.
 * `what` is shown to operators alone. Who signed is asked first: strangers learn nothing, not even the time.
 */
export function demandOrder(core: Core, order: Uint8Array, until: number, signature: Uint8Array, what: string): void {
  const signer = orderSigner(order, signature, core.vm);
  if (signer === undefined || !isOperator(core, signer))
    throw new RpcError(ErrorCode.Server, `only an operator of this fleet is shown ${what}, by a signature for this device`);
  const now = core.nowSeconds();
  if (until <= now || until > now + LONGEST_ORDER_SECONDS)
    throw new RpcError(
      ErrorCode.Server,
      `the order is for another time than now; by the clock of this device it is ${dateText(now * 1000)} ${clockText(now * 1000)} UTC`,
    );
  if (!core.obeyed.add(bytesToHex(order))) throw new RpcError(ErrorCode.Server, 'the order was obeyed already; sign another');
}
