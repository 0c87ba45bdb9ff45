import { isAppName } from '../contracts/app-name.ts';
import type { Core } from '../ledger/core.ts';
import { isEngineError } from '../ports/index.ts';
import { type Once, type OutputName, outputOrderHash } from '../service/order.ts';
import { type ContainerOutput, readOutput } from '../service/output.ts';
import * as read from './decode.ts';
import { ErrorCode, invalidParams, RpcError } from './errors.ts';
import { type Method, method } from './method.ts';
import { demandOrder } from './operators.ts';

/** The method by which operators read what the containers of this device print. It never stands on the ledger. */
export const outputMethods = {
  classpad_output: method(
    [
      ['app', read.text],
      ['service', read.text],
      ['lines', read.count],
      ['until', read.count],
      ['nonce', read.count],
      ['signature', read.bytes],
    ],
    (core, app, service, lines, until, nonce, signature) => show(core, { app, service, until, nonce }, lines, signature),
    (outputs) => outputs.map((output) => ({ ...output })),
  ),
} satisfies Record<string, Method>;

const SERVICE = /^[\w.-]{0,63}$/;
const MOST_LINES = 2_000;

async function show(core: Core, name: OutputName & Once, lines: number, signature: Uint8Array): Promise<ContainerOutput[]> {
  if (!isAppName(name.app)) throw invalidParams('app should be the name of an app');
  if (!SERVICE.test(name.service)) throw invalidParams('service should be the name of a service, or empty');
  if (lines < 1 || lines > MOST_LINES) throw invalidParams(`lines should be from 1 to ${MOST_LINES}`);
  const keccak256 = (data: Uint8Array) => core.vm.keccak256(data);
  const order = outputOrderHash(name, { chainId: core.chainId, device: core.device.address }, keccak256);
  demandOrder(core, order, name.until, signature, 'output');
  if (!core.containers) throw new RpcError(ErrorCode.Server, 'this node has no engine');
  try {
    return await readOutput(core.containers, name, lines);
  } catch (error) {
    if (isEngineError(error)) throw new RpcError(ErrorCode.Server, `the engine of this device: ${error.message}`);
    throw error;
  }
}
