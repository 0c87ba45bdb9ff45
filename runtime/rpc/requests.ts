import { isAppName } from '../contracts/app-name.ts';
import type { Core } from '../ledger/core.ts';
import { requestsOrderHash } from '../service/order.ts';
import type { BatchName } from '../service/spool.ts';
import * as read from './decode.ts';
import { invalidParams } from './errors.ts';
import { type Method, method } from './method.ts';
import { demandOperator } from './operators.ts';

/** The method by which operators read the lines of this device's requests, part by part; `null` behind the last. */
export const requestMethods = {
  classpad_requests: method(
    [
      ['app', read.text],
      ['revision', read.count],
      ['from', read.count],
      ['part', read.count],
      ['signature', read.bytes],
    ],
    (core, app, revision, from, part, signature) => show(core, { app, revision, from }, part, signature),
    (lines) => lines,
  ),
} satisfies Record<string, Method>;

function show(core: Core, batch: BatchName, part: number, signature: Uint8Array): string[] | undefined {
  if (!isAppName(batch.app)) throw invalidParams('app should be the name of an app');
  const keccak256 = (data: Uint8Array) => core.vm.keccak256(data);
  const order = requestsOrderHash(batch, { chainId: core.chainId, device: core.device.address }, keccak256);
  demandOperator(core, order, signature, 'requests');
  return core.requestLines(batch, part);
}
