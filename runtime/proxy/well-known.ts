import { concat, utf8Encode } from '../bytes.ts';
import type { NodeConfig } from '../config.ts';
import { isAppName } from '../contracts/app-name.ts';
import { manifestHashSlot, readStanding, type Standing, standingSlot } from '../contracts/slots.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { canonicalJson } from '../manifest/encode.ts';
import type { NodeStatus } from '../node.ts';
import type { Clock, Device, Hex, Sister, Vm, Word } from '../ports/index.ts';
import { proofPath, WELL_KNOWN } from './answer-headers.ts';

export interface WellKnownOptions {
  readonly config: Pick<NodeConfig, 'genesis' | 'fleet' | 'consensus'>;
  readonly device: Pick<Device, 'name' | 'address' | 'sign'>;
  readonly ledger: Pick<Ledger, 'rpc'>;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly keccak256: Vm['keccak256'];
  readonly status: () => NodeStatus;
  readonly sisters: () => readonly Sister[];
}

/** What a node says of itself to whoever asks its proxy: JSON for a path, or `undefined`. */
export type WellKnown = (target: string) => Promise<string | undefined>;

/** A list that has not changed is signed anew so often, so that its age can be told. */
const SIGN_AGAIN_MS = 60_000;

export function createWellKnown(options: WellKnownOptions): WellKnown {
  const sign = signer(options);
  return async (target) => {
    const [path, query = ''] = target.split('?');
    if (path === WELL_KNOWN) return JSON.stringify(card(options, sign));
    const app = /^app=([^&]*)$/.exec(query)?.[1] ?? '';
    return path === `${WELL_KNOWN}/proof` && isAppName(app) ? proof(options, app) : undefined;
  };
}

function card({ config, status, sisters }: WellKnownOptions, sign: (nodes: readonly Sister[]) => Signed): unknown {
  const { name, address, state, head, releases } = status();
  const nodes = sisters();
  return {
    classpad: 1,
    device: { name, address, state },
    ledger: { chainId: config.genesis.chainId, fleet: config.fleet, consensus: config.consensus },
    head,
    releases: releases.map(({ app, revision, phase, health }) => ({ app, revision, phase, health, proof: proofPath(app) })),
    nodes,
    signed: sign(nodes),
  };
}

/** A text and who stands for it: what `personal_sign` makes (EIP-191), so that every Ethereum library checks it. */
export interface Signed {
  readonly text: string;
  readonly signature: Hex;
}

/** Asked by anyone at any time, it signs only when there is something new, or after a while. */
function signer({ config, device, clock, keccak256 }: WellKnownOptions): (nodes: readonly Sister[]) => Signed {
  let last: { readonly nodes: string; readonly atMs: number; readonly signed: Signed } | undefined;
  return (list) => {
    const atMs = clock.nowMs();
    const nodes = canonicalJson(list);
    if (last?.nodes === nodes && atMs >= last.atMs && atMs < last.atMs + SIGN_AGAIN_MS) return last.signed;
    const { name, address } = device;
    const text = canonicalJson({
      address,
      at: Math.floor(atMs / 1000),
      chainId: config.genesis.chainId,
      device: name,
      nodes: list,
    });
    const { yParity, r, s } = device.sign(keccak256(personal(text)));
    const signature: Hex = `0x${[r, s].map((part) => part.toString(16).padStart(64, '0')).join('')}${yParity === 0 ? '1b' : '1c'}`;
    last = { nodes, atMs, signed: { text, signature } };
    return last.signed;
  };
}

function personal(text: string): Uint8Array {
  const bytes = utf8Encode(text);
  return concat(utf8Encode(`\x19Ethereum Signed Message:\n${bytes.length}`), bytes);
}

/**
 * The account that signed a list of nodes, and the list; `undefined` if it is not one. Whoever calls it decides whether
 * the account is one of the fleet's devices.
 */
export function readSigned(
  { text, signature }: Signed,
  vm: Pick<Vm, 'keccak256' | 'recover'>,
): { address: Hex; nodes: Sister[] } | undefined {
  if (!/^0x[0-9a-f]{128}1[bc]$/.test(signature)) return undefined;
  const [r, s] = [signature.slice(2, 66), signature.slice(66, 130)].map((part) => BigInt(`0x${part}`)) as [bigint, bigint];
  const address = vm.recover(vm.keccak256(personal(text)), signature.endsWith('1b') ? 0 : 1, r, s);
  const said = readText(text);
  const nodes = said?.['nodes'];
  if (address === undefined || said?.['address'] !== address || !Array.isArray(nodes) || !nodes.every(isSister)) return undefined;
  return { address, nodes };
}

/** Anybody can sign anything. */
function readText(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const said: unknown = JSON.parse(text);
    return typeof said === 'object' && said !== null ? (said as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isSister(value: unknown): value is Sister {
  const { name, url } = (value ?? {}) as Partial<Sister>;
  return typeof name === 'string' && typeof url === 'string';
}

/** The ledger's own word on an app, with the proof that the word is the ledger's: the head, and the Fleet's slots in its state. */
async function proof(options: WellKnownOptions, app: string): Promise<string | undefined> {
  const { config, ledger, keccak256 } = options;
  const slot = standingSlot(app, keccak256);
  const at = `0x${options.status().head.number.toString(16)}`;
  const ask = async (method: string, params: readonly unknown[]): Promise<unknown> => {
    const answer = JSON.parse(await ledger.rpc(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }))) as {
      result?: unknown;
    };
    return answer.result;
  };
  const word = ((await ask('eth_getStorageAt', [config.fleet, slot, at])) ?? '0x0') as Word;
  const standing: Standing = readStanding(word);
  const slots = {
    standing: slot,
    ...(standing.active > 0 && { manifestHash: manifestHashSlot(app, standing.active, keccak256) }),
  };
  const block = await ask('eth_getBlockByNumber', [at, false]);
  const shown = await ask('eth_getProof', [config.fleet, Object.values(slots), at]);
  if (!block || !shown) return undefined;
  return JSON.stringify({
    classpad: 1,
    app,
    chainId: config.genesis.chainId,
    fleet: config.fleet,
    standing,
    slots,
    block,
    proof: shown,
  });
}
