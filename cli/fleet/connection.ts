import { type Address, type Chain, createPublicClient, defineChain, type Hex, type PublicClient } from 'viem';
import { Exit, Failure, type Input, type Option } from '../command.ts';
import { accountAddress, httpUrl } from '../values.ts';
import { fleetAbi } from './abi.ts';
import { boundedHttp } from './transport.ts';

/** What a node says of the ledger it follows: the answer of `classpad_config`. */
export interface NodeConfig {
  readonly fleet: Address;
  readonly chainId: number;
  readonly sequencer: Address;
  readonly genesisHash: Hex;
  readonly version: string;
  /** Who decided at first, where validators do; not yet believed. */
  readonly validators?: unknown;
  readonly trailingBlocks?: unknown;
}

/** A node that answers, and the Fleet contract on its ledger. */
export interface Connection {
  readonly rpc: string;
  readonly chain: Chain;
  readonly client: PublicClient;
  readonly fleet: Address;
  /** Absent where the node is of another kind. */
  readonly config?: NodeConfig;
}

/** Options of every command that talks to a node. */
export const connectionOptions: Readonly<Record<string, Option>> = {
  rpc: { value: 'URL', env: 'CLASSPAD_RPC', fallback: 'http://127.0.0.1:8545', help: 'JSON-RPC of a node' },
  fleet: { value: 'ADDRESS', env: 'CLASSPAD_FLEET', help: 'the Fleet contract; without it the node is asked' },
  chain: { value: 'ID', help: 'refuse any ledger but this one' },
};

/** Asks the node who it is. Throws {@link Failure}, or viem's error for a node that cannot be reached. */
export async function connect(input: Input): Promise<Connection> {
  const rpc = httpUrl(input.text('rpc')!, '--rpc');
  const given = input.text('fleet');
  const wantedFleet = given === undefined ? undefined : accountAddress(given, '--fleet');
  const transport = boundedHttp(rpc);
  const chainId = await createPublicClient({ transport }).getChainId();
  checkChain(chainId, input.text('chain'));
  const chain = chainOf(chainId, rpc);
  const client = createPublicClient({ chain, transport, pollingInterval: 200, cacheTime: 0 });
  const config = await askConfig(client);
  const fleet = wantedFleet ?? config?.fleet;
  if (!fleet) throw new Failure(`${rpc} does not say where the Fleet contract is; give --fleet ADDRESS`, Exit.badInput);
  return { rpc, chain, client, fleet, ...(config && { config }) };
}

function checkChain(chainId: number, expected: string | undefined): void {
  if (expected === undefined || String(chainId) === expected) return;
  throw new Failure(`this node follows the ledger with chain id ${chainId}, not ${expected}; nothing was sent`, Exit.badInput);
}

function chainOf(id: number, rpc: string): Chain {
  const nativeCurrency = { name: 'Ether', symbol: 'ETH', decimals: 18 };
  return defineChain({ id, name: `classpad ${id}`, nativeCurrency, rpcUrls: { default: { http: [rpc] } } });
}

/** `undefined` where the node does not know the method. */
async function askConfig(client: PublicClient): Promise<NodeConfig | undefined> {
  try {
    const request = client.request as unknown as (call: { method: string; params: [] }) => Promise<NodeConfig>;
    return checkedConfig(await request({ method: 'classpad_config', params: [] }));
  } catch (error) {
    if (isUnknownMethod(error)) return undefined;
    throw error;
  }
}

function checkedConfig(config: NodeConfig): NodeConfig {
  const { fleet, sequencer, genesisHash } = (config ?? {}) as Partial<Record<keyof NodeConfig, unknown>>;
  const fits = isAddress(fleet) && isAddress(sequencer) && isHash(genesisHash);
  if (!fits)
    throw new Failure('the node does not say in a form that is known where its fleet is; is it a classpad node of this version?');
  return { ...config, fleet: lower(config.fleet), sequencer: lower(config.sequencer) };
}

/** How the node itself stands. */
export interface NodeStanding {
  readonly name: string;
  readonly address: Address;
  readonly peers: number;
  /** Why it makes no block now, or that its ledger has parted from the others', in a sentence. */
  readonly remark: string | null;
}

/** `undefined` where the node does not know the method, or answers in no form that is known. */
export async function askStanding(client: PublicClient): Promise<NodeStanding | undefined> {
  try {
    const request = client.request as unknown as (call: { method: string; params: [] }) => Promise<NodeStanding | null>;
    const { name, address, peers, remark } = (await request({ method: 'classpad_node', params: [] })) ?? {};
    if (typeof name !== 'string' || typeof peers !== 'number' || !isAddress(address)) return undefined;
    return { name, address: lower(address!), peers, remark: typeof remark === 'string' ? remark : null };
  } catch (error) {
    if (isUnknownMethod(error)) return undefined;
    throw error;
  }
}

const lower = (address: Address) => address.toLowerCase() as Address;
const isAddress = (value: unknown): boolean => typeof value === 'string' && /^0x[0-9a-f]{40}$/i.test(value);
const isHash = (value: unknown): boolean => typeof value === 'string' && /^0x[0-9a-f]{64}$/i.test(value);

/** Whether a node does not know what it was asked. */
export function isUnknownMethod(error: unknown): boolean {
  for (let each = error as { code?: number; cause?: unknown } | undefined; each; each = each.cause as typeof each) {
    if (each.code === -32601) return true;
  }
  return false;
}

/** Refuses an address without code, before anything else is asked of it. */
export async function demandFleet({ client, fleet, rpc }: Connection): Promise<void> {
  const code = await client.getCode({ address: fleet });
  if (code && code !== '0x') return;
  throw new Failure(`there is no contract at ${fleet} on the ledger of ${rpc}; put one there with: classpad init`);
}

/** A reader of the Fleet's views. */
export function readFleet({ client, fleet }: Connection) {
  const contract = { address: fleet, abi: fleetAbi } as const;
  return {
    operators: () => client.readContract({ ...contract, functionName: 'operators' }),
    threshold: () => client.readContract({ ...contract, functionName: 'threshold' }),
    quorum: () => client.readContract({ ...contract, functionName: 'quorum' }),
    enrolmentByQuorum: () => client.readContract({ ...contract, functionName: 'enrolmentByQuorum' }),
    policies: () => client.readContract({ ...contract, functionName: 'policies' }),
    validators: () => client.readContract({ ...contract, functionName: 'validators' }),
    devices: () => client.readContract({ ...contract, functionName: 'devices' }),
    apps: () => client.readContract({ ...contract, functionName: 'apps' }),
    latest: (app: Hex) => client.readContract({ ...contract, functionName: 'latest', args: [app] }),
    active: (app: Hex) => client.readContract({ ...contract, functionName: 'active', args: [app] }),
    rollingOut: (app: Hex) => client.readContract({ ...contract, functionName: 'rollingOut', args: [app] }),
    jury: (app: Hex, revision: bigint) => client.readContract({ ...contract, functionName: 'jury', args: [app, revision] }),
    release: (app: Hex, revision: bigint) => client.readContract({ ...contract, functionName: 'release', args: [app, revision] }),
  };
}

export type FleetReader = ReturnType<typeof readFleet>;
export type ReleaseRecord = Awaited<ReturnType<FleetReader['release']>>;
