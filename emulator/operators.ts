import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Abi,
  createPublicClient,
  createWalletClient,
  decodeFunctionResult,
  defineChain,
  encodeDeployData,
  encodeFunctionData,
  type Hex,
  keccak256,
} from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { decodeFleetEvent, type FleetArtifact, type FleetEvent } from './fleet.ts';
import type { Identity } from './identity.ts';
import type { Stage } from './stage.ts';
import { CHAIN_ID, type World } from './world.ts';

const POLL_MS = 50;
const RECEIPT_DEADLINE_MS = 30_000;
/** How long a node may be without power before an operator gives up. */
const DOWN_DEADLINE_MS = 60_000;
export const THRESHOLD = 2;
/** A call of the fleet to itself has at most 4 KiB. */
export const ENROLLED_AT_ONCE = 20;

/** Operators at work: each call is a signed transaction through JSON-RPC, and ends when a block has it. */
export interface Operators {
  deploy(by: Identity): Promise<Hex>;
  /** A change of the fleet itself: proposed by the first, approved by as many as it takes. */
  byQuorum(name: string, args: readonly unknown[]): Promise<Receipt>;
  /** Enrols the devices of this world, by the quorum. */
  enrol(identities: readonly Identity[]): Promise<Receipt>;
  /** Approves a revision as it stands on the ledger. */
  approve(by: Identity, app: Hex, revision: number): Promise<Receipt>;
  send(by: Identity, name: string, args: readonly unknown[]): Promise<Receipt>;
  read(name: string, args?: readonly unknown[]): Promise<unknown>;
  /** All that the Fleet contract has said so far. */
  events(): Promise<readonly FleetEvent[]>;
}

export interface Receipt {
  readonly block: number;
  readonly gasUsed: number;
}

export function operatorsOn({ world, transport, sleep, nowMs }: Stage, { abi, bytecode }: FleetArtifact): Operators {
  const fleet = world.config.fleet;
  const chain = defineChain({
    id: CHAIN_ID,
    name: 'classpad emulator',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [] } },
  });
  const reader = createPublicClient({ chain, transport });

  const included = async (hash: Hex, what: string) => {
    const untilMs = nowMs() + RECEIPT_DEADLINE_MS;
    while (nowMs() < untilMs) {
      const receipt = await reader.getTransactionReceipt({ hash }).catch(() => undefined);
      if (receipt?.status === 'reverted') throw new Error(`${what} was refused by the contract in block ${receipt.blockNumber}`);
      if (receipt) return receipt;
      await sleep(POLL_MS);
    }
    throw new Error(`no block took ${what} within ${RECEIPT_DEADLINE_MS / 1000} s; its transaction is ${hash}`);
  };
  /** A node without power is waited for. */
  const patiently = async <T>(act: () => Promise<T>): Promise<T> => {
    for (const untilMs = nowMs() + DOWN_DEADLINE_MS; ; await sleep(POLL_MS)) {
      try {
        return await act();
      } catch (error) {
        if (nowMs() >= untilMs || !/is not running/.test(String((error as { details?: string }).details ?? error))) throw error;
      }
    }
  };
  const transact = async (by: Identity, what: string, call: { to?: Hex; data: Hex }) => {
    const wallet = createWalletClient({ account: privateKeyToAccount(by.privateKey), chain, transport });
    // Signed once: should the node lose its power over it, the same transaction is sent again, not another.
    const raw = await patiently(async () => wallet.signTransaction(await wallet.prepareTransactionRequest(call)));
    const hash = keccak256(raw);
    await patiently(() =>
      wallet.sendRawTransaction({ serializedTransaction: raw }).catch((error: Error) => forgiveKnown(error, hash)),
    );
    return included(hash, `${what} by ${by.name}`);
  };

  const send: Operators['send'] = async (by, functionName, args) => {
    const data = encodeFunctionData({ abi, functionName, args });
    const receipt = await transact(by, functionName, { to: fleet, data });
    return { block: Number(receipt.blockNumber), gasUsed: Number(receipt.gasUsed) };
  };
  const read: Operators['read'] = async (functionName, args = []) => {
    const { data } = await patiently(() => reader.call({ to: fleet, data: encodeFunctionData({ abi, functionName, args }) }));
    if (!data) throw new Error(`the Fleet contract answered nothing to ${functionName}`);
    return decodeFunctionResult({ abi: abi as Abi, functionName, data });
  };
  const approve: Operators['approve'] = async (by, app, revision) => {
    const { releaseHash } = (await read('release', [app, BigInt(revision)])) as { releaseHash: Hex };
    return send(by, 'approve', [app, BigInt(revision), releaseHash]);
  };
  const byQuorum: Operators['byQuorum'] = async (functionName, args) => {
    const [first, ...others] = world.operators.slice(0, THRESHOLD);
    const call = encodeFunctionData({ abi, functionName, args });
    let receipt = await send(first!, 'proposeAction', [call]);
    const id = await read('actions');
    for (const other of others) receipt = await send(other, 'approveAction', [id, keccak256(call)]);
    return receipt;
  };

  return {
    send,
    read,
    approve,
    byQuorum,
    async events() {
      const logs = await patiently(() => reader.getLogs({ address: fleet, fromBlock: 0n, toBlock: 'latest' }));
      return logs.flatMap((log) => decodeFleetEvent(abi, log) ?? []);
    },
    async enrol(identities) {
      let receipt: Receipt = { block: 0, gasUsed: 0 };
      for (let from = 0; from < identities.length; from += ENROLLED_AT_ONCE) {
        const some = identities.slice(from, from + ENROLLED_AT_ONCE);
        receipt = await byQuorum('enrol', [some.map(({ address }) => address), some.map(({ name }) => name)]);
      }
      return receipt;
    },
    async deploy(by) {
      const args = [world.operators.map(({ address }) => address), THRESHOLD];
      const data = encodeDeployData({ abi, bytecode, args });
      const { contractAddress } = await transact(by, 'the Fleet contract', { data });
      return (contractAddress ?? '0x').toLowerCase() as Hex;
    },
  };
}

function forgiveKnown(error: Error, hash: Hex): Hex {
  if (/already known|nonce too low/i.test(`${(error as { details?: string }).details} ${error.message}`)) return hash;
  throw error;
}

/** Writes the development keys of this world for the command line tools, to `emulator/operators.json` of the build folder. */
export function writeOperators(world: World, rpcUrl: string, buildFolder: string): string {
  const folder = join(buildFolder, 'emulator');
  const file = join(folder, 'operators.json');
  const { fleet } = world.config;
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, `${JSON.stringify({ rpc: rpcUrl, fleet, chainId: CHAIN_ID, operators: world.operators }, null, 2)}\n`);
  return file;
}
