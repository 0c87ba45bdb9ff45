import { randomInt } from 'node:crypto';
import { LONGEST_ORDER_SECONDS, type Once } from '../runtime/service/order.ts';

const NONCES = 2 ** 47;

/** For an order that a device obeys once, soon: its clock may be off by five minutes. */
export function anOnce(): Once {
  return { until: Math.floor(Date.now() / 1000) + LONGEST_ORDER_SECONDS / 2, nonce: randomInt(NONCES) };
}
