import {
  type Abi,
  decodeErrorResult,
  decodeFunctionResult,
  encodeFunctionData,
  type Hex,
  hexToBigInt,
  hexToBytes,
  hexToString,
  keccak256,
  sha256,
  stringToHex,
  toHex,
} from 'viem';
import { type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts';
import { decodeProposal, encodeProposal, type Proposal, proposalFacts } from '../../runtime/contracts/proposal.ts';
import type { Setup } from '../protocol.ts';

const KEY = 'classpad-own-key';
const GAS_LIMIT = 16_000_000n;
const POLL_MS = 150;
const RECEIPT_DEADLINE_MS = 60_000;

/** Somebody who can sign in this page. */
export interface Signer {
  readonly name: string;
  readonly account: PrivateKeyAccount;
}

/** The emulator's operators, whose keys follow from its seed, and a key of one's own if one was given to this tab. */
export function signersOf({ seed, operators }: Setup): readonly Signer[] {
  const known = operators.map(({ name, address }) => ({ name, account: accountOf(seed, name, address) }));
  const own = ownKey();
  return [...known.filter(({ account }) => account !== undefined), ...(own ? [own] : [])] as Signer[];
}

function accountOf(seed: string, name: string, address: string): PrivateKeyAccount | undefined {
  for (let attempt = 0; attempt < 4; attempt++) {
    try {
      const account = privateKeyToAccount(sha256(stringToHex(`classpad key ${seed}/${name}/${attempt}`)));
      if (account.address.toLowerCase() === address.toLowerCase()) return account;
    } catch {
      // Not every 32 bytes are a key; the next attempt is another one.
    }
  }
  return undefined;
}

function ownKey(): Signer | undefined {
  const key = sessionStorage.getItem(KEY);
  if (!key) return undefined;
  return { name: 'own key', account: privateKeyToAccount(key as Hex) };
}

/** Keeps a key until the tab is closed; an empty one forgets it. Answers why it is none. */
export function keepOwnKey(key: string): string | undefined {
  sessionStorage.removeItem(KEY);
  if (key === '') return undefined;
  try {
    privateKeyToAccount(key as Hex);
    sessionStorage.setItem(KEY, key);
    return undefined;
  } catch {
    return 'a key is 0x and 64 hexadecimal digits';
  }
}

/** What an app is called on the ledger. */
export const appWord = (app: string): Hex => stringToHex(app, { size: 32 });

/** Signs a call of the Fleet contract here and sends it. Resolves when a block has it; rejects with the contract's reason. */
export async function transact(setup: Setup, signer: Signer, functionName: string, args: readonly unknown[]): Promise<string> {
  const abi = setup.abi as Abi;
  const to = setup.fleet as Hex;
  const data = encodeFunctionData({ abi, functionName, args });
  const { address } = signer.account;
  await rpc('eth_call', [{ from: address, to, data }, 'latest']).catch((error: RpcError) => {
    throw new Error(reasonOf(abi, error));
  });
  const [nonce, gasPrice] = await Promise.all([
    rpc<Hex>('eth_getTransactionCount', [address, 'pending']),
    rpc<Hex>('eth_gasPrice', []),
  ]);
  const raw = await signer.account.signTransaction({
    type: 'eip1559',
    chainId: setup.chainId,
    nonce: Number(nonce),
    gas: GAS_LIMIT,
    maxFeePerGas: hexToBigInt(gasPrice) * 2n,
    maxPriorityFeePerGas: 0n,
    to,
    data,
  });
  return included(await rpc<Hex>('eth_sendRawTransaction', [raw]));
}

/** Asks the contract something, and changes nothing. */
export async function read(setup: Setup, functionName: string, args: readonly unknown[]): Promise<unknown> {
  return decodeFunctionResult({ abi: setup.abi as Abi, functionName, data: await ask(setup, functionName, args) });
}

async function ask(setup: Setup, functionName: string, args: readonly unknown[]): Promise<Hex> {
  const abi = setup.abi as Abi;
  const data = encodeFunctionData({ abi, functionName, args });
  return rpc<Hex>('eth_call', [{ to: setup.fleet, data }, 'latest']).catch((error: RpcError) => {
    throw new Error(reasonOf(abi, error));
  });
}

/** A revision in words, and the hash of all that these words are about: an approval by it is of nothing else. */
export interface ShownRelease {
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly manifest: string;
  readonly releaseHash: Hex;
}

export async function readRelease(setup: Setup, app: string, revision: number): Promise<ShownRelease> {
  const own = [appWord(app), BigInt(revision)];
  const manifest = (await read(setup, 'manifest', own)) as Hex;
  const place = { chain: setup.chainId, fleet: setup.fleet as Hex, app, revision, manifestHash: keccak256(manifest) };
  const proposal: Proposal = { ...decodeProposal(hexToBytes(await ask(setup, 'proposal', own))), ...place };
  const momentText = (seconds: number) => new Date(seconds * 1000).toISOString();
  return {
    facts: proposalFacts(proposal, momentText),
    manifest: JSON.stringify(JSON.parse(hexToString(manifest)), null, 2),
    releaseHash: keccak256(encodeProposal(proposal)),
  };
}

async function included(hash: Hex): Promise<string> {
  const untilMs = performance.now() + RECEIPT_DEADLINE_MS;
  while (performance.now() < untilMs) {
    const receipt = await rpc<{ status: Hex; blockNumber: Hex } | null>('eth_getTransactionReceipt', [hash]);
    if (receipt?.status === '0x1') return `in block ${Number(receipt.blockNumber)}`;
    if (receipt) throw new Error('The contract refused it meanwhile.');
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error('No block took it within a minute. Is the world paused?');
}

/** The contract's own error, in words. */
function reasonOf(abi: Abi, { message, data }: RpcError): string {
  try {
    const { errorName, args = [] } = decodeErrorResult({ abi, data: data as Hex });
    const inputs = abi.find((item) => item.type === 'error' && item.name === errorName) as {
      inputs: readonly { name?: string }[];
    };
    const told = (args as readonly unknown[]).map((value, index) => `${inputs.inputs[index]?.name ?? ''} ${show(value)}`.trim());
    return `${spaced(errorName)}${told.length > 0 ? `: ${told.join(', ')}` : ''}`;
  } catch {
    return message;
  }
}

function show(value: unknown): string {
  const text = String(value);
  if (!/^0x[0-9a-f]{64}$/i.test(text)) return text;
  const word = text.slice(2).replace(/(00)+$/, '');
  return (word.match(/../g) ?? []).map((byte) => String.fromCharCode(Number.parseInt(byte, 16))).join('') || toHex(0);
}

/** `AlreadyApproved` as `Already approved`. */
function spaced(name: string): string {
  const text = name.replace(/([a-z])([A-Z])/g, (_, before: string, after: string) => `${before} ${after.toLowerCase()}`);
  return text.charAt(0).toUpperCase() + text.slice(1);
}

class RpcError extends Error {
  readonly data: unknown;
  constructor(message: string, data: unknown) {
    super(message);
    this.data = data;
  }
}

async function rpc<T>(method: string, params: readonly unknown[]): Promise<T> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  const response = await fetch('/rpc', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const { result, error } = (await response.json()) as { result: T; error?: { message: string; data?: unknown } };
  if (error) throw new RpcError(error.message, error.data);
  return result;
}
