import {
  type Abi,
  type Address,
  createWalletClient,
  type Hash,
  type Hex,
  keccak256,
  type PrivateKeyAccount,
  parseEventLogs,
  type TransactionReceipt,
} from 'viem';
import { Failure } from '../command.ts';
import { constructorAbi, fleetAbi } from './abi.ts';
import type { Connection } from './connection.ts';
import { boundedHttp } from './transport.ts';

/** Something that did not get into a block within this time will be asked about by its hash. */
const RECEIPT_TIMEOUT_MS = 60_000;
/** `expire` is sent without being tried first: a try sees the last block's time, in which the window may still be open. */
const EXPIRE_GAS = 1_000_000n;

/** Where a release goes, and who tries it first. */
export interface Terms {
  readonly healthWindow: bigint;
  /** Seconds, block time; 0n: never. */
  readonly expiresAt: bigint;
  /** Devices, or percent of the targets; 0: all targets at once. */
  readonly canary: number;
  readonly inPercent: boolean;
  readonly labels: readonly Hex[];
}

/** Proposes a release. Answers its revision. Throws viem's error with the contract's refusal, before anything is sent. */
export async function propose(
  connection: Connection,
  account: PrivateKeyAccount,
  release: { readonly app: Hex; readonly manifest: Hex; readonly terms: Terms; readonly notes: string },
): Promise<bigint> {
  const { client, fleet } = connection;
  const args = [release.app, release.manifest, release.terms, release.notes] as const;
  const { request } = await client.simulateContract({
    account,
    address: fleet,
    abi: fleetAbi,
    functionName: 'proposeWith',
    args,
  });
  const { logs } = await included(connection, await walletOf(connection, account).writeContract(request));
  // Another proposal may have come in between: the revision is what the event says, not what was foreseen.
  const [proposed] = parseEventLogs({ abi: fleetAbi, eventName: 'Proposed', logs });
  if (!proposed) throw new Failure(`the contract at ${fleet} took the proposal without a word; is it a Fleet?`);
  return proposed.args.revision;
}

/** Proposes to go back to an earlier revision. Answers the new revision. */
export async function proposeRollback(
  connection: Connection,
  account: PrivateKeyAccount,
  { app, to, healthWindowSeconds }: { readonly app: Hex; readonly to: bigint; readonly healthWindowSeconds: number },
): Promise<bigint> {
  const { client, fleet } = connection;
  const args = [app, to, BigInt(healthWindowSeconds)] as const;
  const { request } = await client.simulateContract({ account, address: fleet, abi: fleetAbi, functionName: 'rollback', args });
  const { logs } = await included(connection, await walletOf(connection, account).writeContract(request));
  const [proposed] = parseEventLogs({ abi: fleetAbi, eventName: 'Proposed', logs });
  if (!proposed) throw new Failure(`the contract at ${fleet} took the proposal without a word; is it a Fleet?`);
  return proposed.args.revision;
}

/** Approves a revision as long as it has this manifest. */
export async function approve(
  connection: Connection,
  account: PrivateKeyAccount,
  { app, revision, manifestHash }: { readonly app: Hex; readonly revision: bigint; readonly manifestHash: Hex },
): Promise<void> {
  const { client, fleet } = connection;
  const args = [app, revision, manifestHash] as const;
  const { request } = await client.simulateContract({ account, address: fleet, abi: fleetAbi, functionName: 'approve', args });
  await included(connection, await walletOf(connection, account).writeContract(request));
}

/** Any call of the Fleet, tried before it is sent. Throws viem's error with the contract's refusal. */
export async function execute(
  connection: Connection,
  account: PrivateKeyAccount,
  functionName: string,
  args: readonly unknown[],
): Promise<TransactionReceipt> {
  const { client, fleet: address } = connection;
  const asked = { account, address, abi: fleetAbi, functionName, args } as unknown as Parameters<
    typeof client.simulateContract
  >[0];
  const { request } = await client.simulateContract(asked);
  return included(connection, await walletOf(connection, account).writeContract(request as never));
}

/** Puts any contract on the ledger. Answers its address. */
export async function deployContract(
  connection: Connection,
  account: PrivateKeyAccount,
  { abi, bytecode, args }: { readonly abi: Abi; readonly bytecode: Hex; readonly args: readonly unknown[] },
): Promise<Address> {
  const hash = await walletOf(connection, account).deployContract({ abi, bytecode, args: [...args] });
  const { contractAddress } = await included(connection, hash);
  return contractAddress!.toLowerCase() as Address;
}

/** How far an administrative action has come. */
export interface ActionStanding {
  readonly id: bigint;
  readonly isDone: boolean;
  readonly approvals: number;
  readonly needed: number;
}

/** Proposes a change of the fleet itself and approves it with the other keys, as far as it takes them. */
export async function act(connection: Connection, keys: readonly PrivateKeyAccount[], call: Hex): Promise<ActionStanding> {
  const [first, ...others] = keys as [PrivateKeyAccount, ...PrivateKeyAccount[]];
  const { client, fleet } = connection;
  const asked = { account: first, address: fleet, abi: fleetAbi, functionName: 'proposeAction', args: [call] } as const;
  const { request } = await client.simulateContract(asked);
  const { logs } = await included(connection, await walletOf(connection, first).writeContract(request));
  const [proposed] = parseEventLogs({ abi: fleetAbi, eventName: 'ActionProposed', logs });
  if (!proposed) throw new Failure(`the contract at ${fleet} took the action without a word; is it a Fleet?`);
  return approveAction(connection, others, proposed.args.id, call);
}

/** Approves an action with each key, until it is done, as long as it is this call. */
export async function approveAction(
  connection: Connection,
  keys: readonly PrivateKeyAccount[],
  id: bigint,
  call: Hex,
): Promise<ActionStanding> {
  const { client, fleet } = connection;
  const contract = { address: fleet, abi: fleetAbi } as const;
  const standing = async () => client.readContract({ ...contract, functionName: 'action', args: [id] });
  for (const account of keys) {
    if ((await standing()).isDone) break;
    const args = [id, keccak256(call)] as const;
    const { request } = await client.simulateContract({ ...contract, account, functionName: 'approveAction', args });
    await included(connection, await walletOf(connection, account).writeContract(request));
  }
  const { isDone, approvals } = await standing();
  return { id, isDone, approvals, needed: await client.readContract({ ...contract, functionName: 'threshold' }) };
}

/** Puts a Fleet on the ledger. Answers its address. */
export async function deployFleet(
  connection: Connection,
  account: PrivateKeyAccount,
  bytecode: Hex,
  operators: readonly Address[],
  threshold: number,
): Promise<Address> {
  const args = [operators, threshold] as const;
  const hash = await walletOf(connection, account).deployContract({ abi: constructorAbi, bytecode, args });
  const { contractAddress } = await included(connection, hash);
  return contractAddress!.toLowerCase() as Address;
}

/** Asks the ledger to end a health window. Whether it did is seen in the release; a refusal is no failure. */
export async function expire(connection: Connection, account: PrivateKeyAccount, app: Hex): Promise<void> {
  const { fleet: address } = connection;
  const call = { address, abi: fleetAbi, functionName: 'expire', args: [app], gas: EXPIRE_GAS } as const;
  const hash = await walletOf(connection, account).writeContract(call);
  await connection.client.waitForTransactionReceipt({ hash, timeout: RECEIPT_TIMEOUT_MS });
}

function walletOf({ chain, rpc }: Connection, account: PrivateKeyAccount) {
  return createWalletClient({ account, chain, transport: boundedHttp(rpc) });
}

async function included({ client }: Connection, hash: Hash): Promise<TransactionReceipt> {
  const receipt = await client.waitForTransactionReceipt({ hash, timeout: RECEIPT_TIMEOUT_MS });
  if (receipt.status === 'success') return receipt;
  throw new Failure(
    `transaction ${hash} failed in block ${receipt.blockNumber}: the ledger had changed since it was tried; try again`,
  );
}
