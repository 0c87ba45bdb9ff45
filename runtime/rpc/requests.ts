import { isAppName } from '../contracts/app-name.ts';
import type { Core } from '../ledger/core.ts';
import { type Once, type RequestsName, requestsOrderHash } from '../service/order.ts';
import * as read from './decode.ts';
import { invalidParams } from './errors.ts';
import { type Method, method } from './method.ts';
import { demandOrder } from './operators.ts';

/** The method by which operators read the lines of this device's requests, part by part; `null` behind the last. */
export const requestMethods = {
  classpad_requests: method(
    [
      ['app', read.text],
      ['revision', read.count],
      ['from', read.count],
      ['part', read.count],
      ['until', read.count],
      ['nonce', read.count],
      ['signature', read.bytes],
    ],
    (core, app, revision, from, part, until, nonce, signature) =>
      show(core, { app, revision, from, part, until, nonce }, signature),
    (lines) => lines,
  ),
} satisfies Record<string, Method>;

function show(core: Core, asked: RequestsName & Once, signature: Uint8Array): string[] | undefined {
  if (!isAppName(asked.app)) throw invalidParams('app should be the name of an app');
  const keccak256 = (data: Uint8Array) => core.vm.keccak256(data);
  const order = requestsOrderHash(asked, { chainId: core.chainId, device: core.device.address }, keccak256);
  demandOrder(core, order, asked.until, signature, 'requests');
  return core.requestLines(asked, asked.part);
}
