import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type JoinPlan, writeJoiner } from '../../firmware-bridge/cometbft/testnet.ts';
import { bytesToHex } from '../../runtime/bytes.ts';
import type { Genesis } from '../../runtime/config.ts';
import { hashEngineHeader, rpcProvider } from '../../runtime/light/index.ts';
import { Exit, Failure } from '../command.ts';
import { answerOf } from '../light.ts';

/** With whose state a device begins. */
export interface Beginning {
  /** CometBFT's RPC of nodes that are there. */
  readonly servers: readonly string[];
  /** A block that is known to be right; absent: the newest of the first server is believed. */
  readonly trust?: { readonly height: number; readonly hash: string };
}

export interface JoinOptions
  extends Pick<JoinPlan, 'folder' | 'name' | 'host' | 'engine' | 'binary' | 'commitMs' | 'fleet' | 'turn' | 'ports'>,
    Beginning {
  /** File with the first block. */
  readonly genesis: string;
}

/** A folder for one more device, with what it needs in order to begin with the state of the others. Throws a sentence. */
export async function joinCluster({ genesis, servers, trust, folder, ...plan }: JoinOptions) {
  const { peers, stateSync } = await beginningOf({ servers, ...(trust && { trust }) });
  return writeJoiner({ ...plan, folder: resolve(folder), genesis: readGenesis(genesis), peers, stateSync });
}

/** Whom to ask, and from which block on they can be checked. Throws {@link Failure}. */
export async function beginningOf({ servers, trust }: Beginning): Promise<Pick<JoinPlan, 'peers' | 'stateSync'>> {
  const peers = await Promise.all(servers.map(peerOf));
  const believed = trust ?? (await newest(servers[0]!));
  // CometBFT wants two, that they may contradict each other.
  const rpc = servers.length === 1 ? [servers[0]!, servers[0]!] : servers;
  return { peers, stateSync: { servers: rpc, height: believed.height, hash: believed.hash.replace(/^0x/, '').toUpperCase() } };
}

async function newest(server: string) {
  const { header } = await rpcProvider(server, get).lightBlock('latest');
  return { height: header.height, hash: bytesToHex(hashEngineHeader(header)) };
}

/** `id@host:port`, as the node says it is to be reached. It goes into a file as it is: nothing else is taken. */
async function peerOf(server: string): Promise<string> {
  const { id, listen_addr } = nodeInfoIn(await get(`${server.replace(/\/+$/, '')}/status`));
  const peer = `${id}@${String(listen_addr).replace(/^tcp:\/\//, '')}`;
  if (/^[0-9a-f]{40}@([\w.-]+|\[[0-9a-fA-F:]+\]):\d{1,5}$/.test(peer)) return peer;
  throw new Failure(`${server} is not CometBFT's RPC`);
}

function nodeInfoIn(text: string): { readonly id?: unknown; readonly listen_addr?: unknown } {
  try {
    const answer = JSON.parse(text) as { result?: { node_info?: object } } | null;
    return answer?.result?.node_info ?? {};
  } catch {
    return {};
  }
}

function readGenesis(path: string): Genesis {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Genesis;
  } catch {
    throw new Failure(`${path} holds no genesis; take genesis.json of the cluster's folder`, Exit.badInput);
  }
}

function get(url: string): Promise<string> {
  return answerOf(url, {}, "name CometBFT's RPC of a node that is running, such as http://10.0.0.1:26657");
}
