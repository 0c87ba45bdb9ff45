import { openFleet } from '../contracts/fleet.ts';
import { callAtHead, hasCodeAtHead } from '../ledger/at-head.ts';
import type { Core } from '../ledger/core.ts';
import type { Address } from '../ports/index.ts';

/** Whether an account is an operator of the fleet now. */
export function isOperator(core: Core, address: string): boolean {
  const ledger = { call: callAtHead.bind(undefined, core), hasCode: hasCodeAtHead.bind(undefined, core) };
  const fleet = openFleet(ledger, core.fleet);
  return fleet.exists() && fleet.operators().includes(address as Address);
}
