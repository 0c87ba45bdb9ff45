import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Abi,
  type Address,
  decodeFunctionResult,
  encodeDeployData,
  encodeFunctionData,
  type Hex,
  stringToHex,
  toHex,
} from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { openIdentity } from '../../firmware-bridge/device/identity.ts';
import { root } from './need.ts';
import { FLEET, type NodeProcess, OPERATOR_KEY } from './node-process.ts';
import { until } from './wait.ts';

/** `IFleet.Phase`. */
export const PHASE = { none: 0, proposed: 1, rollingOut: 2, active: 3, rolledBack: 4, superseded: 5 } as const;

/** The one operator of a fleet, who talks to a node by JSON-RPC. */
export interface Operator {
  /** Deploys the contract and enrols the node itself, under its name. */
  begin(): Promise<void>;
  /** Proposes the next revision of an app; with one operator it starts at once. Answers the hash of the transaction's block. */
  propose(app: string, manifest: Uint8Array, windowSeconds?: number): Promise<Hex>;
  phase(app: string, revision: number): Promise<number>;
  /** Waits until a revision is active or rolled back; answers which. */
  decided(app: string, revision: number): Promise<number>;
  read(name: string, args?: readonly unknown[]): Promise<unknown>;
  /** Sends a call of the Fleet and waits for its receipt. Throws if it reverts. */
  send(name: string, args: readonly unknown[]): Promise<Hex>;
}

const WINDOW_SECONDS = 600;

export function operatorOf(node: NodeProcess, name = 'pad-1'): Operator {
  const account = privateKeyToAccount(OPERATOR_KEY);
  const { abi, bytecode } = JSON.parse(readFileSync(join(root, 'build/contracts/Fleet.json'), 'utf8')) as {
    abi: Abi;
    bytecode: Hex;
  };
  const transact = async (what: string, call: { to?: Address; data: Hex }): Promise<Hex> => {
    const nonce = Number(await node.call('eth_getTransactionCount', [account.address, 'latest']));
    const chainId = Number(await node.call('eth_chainId'));
    const raw = await account.signTransaction({ ...call, nonce, gas: 12_000_000n, chainId, gasPrice: 0n, type: 'legacy' });
    const hash = await node.call('eth_sendRawTransaction', [raw]);
    const receipt = await until(`a receipt of ${what}`, () => node.call('eth_getTransactionReceipt', [hash]));
    const { status, blockHash } = receipt as { status: Hex; blockHash: Hex };
    if (status !== '0x1') throw new Error(`${what} was reverted`);
    return blockHash;
  };
  const read = async (functionName: string, args: readonly unknown[] = []) => {
    const data = encodeFunctionData({ abi, functionName, args });
    return decodeFunctionResult({
      abi,
      functionName,
      data: (await node.call('eth_call', [{ to: FLEET, data }, 'latest'])) as Hex,
    });
  };
  const send = (functionName: string, args: readonly unknown[]) =>
    transact(functionName, { to: FLEET, data: encodeFunctionData({ abi, functionName, args }) });
  const phase = async (app: string, revision: number) =>
    ((await read('release', [appKey(app), BigInt(revision)])) as { phase: number }).phase;
  return {
    begin: async () => {
      await transact('the deployment of the Fleet', { data: encodeDeployData({ abi, bytecode, args: [[account.address], 1] }) });
      await send('enrol', [[openIdentity(join(node.folder, 'data/device.key')).address], [name]]);
    },
    propose: (app, manifest, windowSeconds = WINDOW_SECONDS) =>
      send('propose', [appKey(app), toHex(manifest), BigInt(windowSeconds)]),
    phase,
    decided: (app, revision) =>
      until(`${app} r${revision} to be decided`, async () => {
        const now = await phase(app, revision);
        return now === PHASE.active || now === PHASE.rolledBack ? now : undefined;
      }),
    read,
    send,
  };
}

function appKey(app: string): Hex {
  return stringToHex(app, { size: 32 });
}
