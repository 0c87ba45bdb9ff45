import {
  type Abi,
  type Address,
  createWalletClient,
  type Hash,
  type Hex,
  keccak256,
  type PrivateKeyAccount,
  parseEventLogs,
  stringToHex,
  type TransactionReceipt,
} from 'viem';
import type { Proposal, Terms } from '../../runtime/contracts/proposal.ts';
import { Failure } from '../command.ts';
import { constructorAbi, fleetAbi } from './abi.ts';
import type { Connection } from './connection.ts';
import { placeOf, releaseHashOf, type ShownRelease } from './proposal.ts';
import { boundedHttp } from './transport.ts';

/** Something that did not get into a block within this time will be asked about by its hash. */
const RECEIPT_TIMEOUT_MS = 60_000;
/** `expire` is sent without being tried first: a try sees the last block's time, in which the window may still be open. */
const EXPIRE_GAS = 1_000_000n;

/** A revision, and the hash of what it was said to be: what others approve. */
export interface Proposed {
  readonly app: Hex;
  readonly revision: bigint;
  readonly releaseHash: Hex;
}

/** Proposes a release. Throws viem's error with the contract's refusal, before anything is sent. */
export async function propose(
  connection: Connection,
  account: PrivateKeyAccount,
  release: { readonly app: Hex; readonly manifest: Hex; readonly terms: Terms; readonly notes: string },
): Promise<Proposed> {
  const { client, fleet } = connection;
  const { app, manifest, terms, notes } = release;
  const args = [app, manifest, termWords(terms), notes] as const;
  const { request } = await client.simulateContract({
    account,
    address: fleet,
    abi: fleetAbi,
    functionName: 'proposeWith',
    args,
  });
  const receipt = await included(connection, await walletOf(connection, account).writeContract(request));
  return proposedBy(connection, account, receipt, { app, backTo: 0, manifestHash: keccak256(manifest), terms, notes });
}

/** Proposes to go back to an earlier revision, which is the one that was shown. */
export async function proposeRollback(
  connection: Connection,
  account: PrivateKeyAccount,
  { proposal: good, releaseHash }: ShownRelease,
  healthWindow: number,
): Promise<Proposed> {
  const { client, fleet } = connection;
  const app = stringToHex(good.app, { size: 32 });
  const args = [app, BigInt(good.revision), releaseHash, BigInt(healthWindow)] as const;
  const { request } = await client.simulateContract({ account, address: fleet, abi: fleetAbi, functionName: 'rollback', args });
  const receipt = await included(connection, await walletOf(connection, account).writeContract(request));
  const terms = { healthWindow, expiresAt: 0, canary: 0, inPercent: false, labels: good.terms.labels };
  const said = { app, backTo: good.revision, manifestHash: good.manifestHash, terms, notes: '' };
  return proposedBy(connection, account, receipt, said);
}

function termWords({ healthWindow, expiresAt, labels, ...terms }: Terms) {
  const words = labels.map((label) => stringToHex(label, { size: 32 }));
  return { ...terms, healthWindow: BigInt(healthWindow), expiresAt: BigInt(expiresAt), labels: words };
}

/** The hash is of what was said here, never of what a node says; which revision it became only the event knows. */
function proposedBy(
  connection: Connection,
  { address }: PrivateKeyAccount,
  { logs }: TransactionReceipt,
  { app, ...said }: Pick<Proposal, 'backTo' | 'manifestHash' | 'terms' | 'notes'> & { readonly app: Hex },
): Proposed {
  const [event] = parseEventLogs({ abi: fleetAbi, eventName: 'Proposed', logs });
  if (!event) throw new Failure(`the contract at ${connection.fleet} took the proposal without a word; is it a Fleet?`);
  const { revision } = event.args;
  const proposer = address.toLowerCase() as Address;
  const releaseHash = releaseHashOf({ ...placeOf(connection, app, revision), proposer, ...said });
  if (releaseHash === event.args.releaseHash) return { app, revision, releaseHash };
  throw new Failure(`what this node shows as the proposal is not what was proposed; ask another node before anyone approves it`);
}

/** Approves a revision as long as it is this release. */
export async function approve(
  connection: Connection,
  account: PrivateKeyAccount,
  { app, revision, releaseHash }: Proposed,
): Promise<void> {
  const { client, fleet } = connection;
  const args = [app, revision, releaseHash] as const;
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
