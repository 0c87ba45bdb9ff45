import { watchReads } from '../execution/reads.ts';
import { type Scene, sceneView, simulate } from '../execution/simulate.ts';
import type { HashedHeader } from '../ledger/chain.ts';
import type { Core } from '../ledger/core.ts';
import type { AccessListEntry, AccountDiff, Address, Executed, Message, StateView, Word } from '../ports/index.ts';
import { messageOf, mustPay, sceneAt } from './calls.ts';
import type { BlockParameter, CallParameter } from './decode.ts';
import { type Json, type JsonObject, quantity } from './encode.ts';
import { failureOf } from './failure.ts';
import type { Overrides } from './overrides.ts';

/** With an access list a contract may take another way: so often it is tried again with what was then found. */
const MAX_ROUNDS = 4;
/** Addresses below this one are precompiled contracts, always warm. */
const PRECOMPILES = 0x1ffn;

/**
 * `eth_createAccessList`: what the call reads, beyond what is warm anyway (EIP-2930), and the gas it uses with that list.
 * What is read is seen at the state: no tracing is needed.
 */
export function createAccessList(
  core: Core,
  parameter: CallParameter,
  block: HashedHeader,
  at: BlockParameter,
  overrides: Overrides,
): JsonObject {
  const scene = sceneAt(core, block, at, overrides);
  let message: Message = messageOf(scene, parameter);
  mustPay(scene, message);
  for (let round = 0; ; round++) {
    const reads = new Map<Address, Set<Word>>();
    const outcome = simulate({ ...scene, view: watched(sceneView(scene), reads) }, message);
    if (outcome.kind === 'refused') throw failureOf(outcome);
    const born = bornIn(scene, outcome);
    for (const { address, slots } of born) if (slots.length > 0) reads.set(address, new Set(slots.map(([slot]) => slot)));
    const isCold = coldOnly(scene, message, outcome.created, born);
    const accessList = listOf(reads, isCold, message.accessList ?? []);
    const isStable = sizeOf(accessList) === sizeOf(message.accessList ?? []);
    if (isStable || round === MAX_ROUNDS) return answerOf(accessList, outcome);
    message = { ...message, accessList, type: message.type === 0 ? 1 : message.type };
  }
}

function watched(view: StateView, reads: Map<Address, Set<Word>>): StateView {
  const touch = (address: Address) => {
    const slots = reads.get(address) ?? new Set<Word>();
    reads.set(address, slots);
    return slots;
  };
  return watchReads(view, { account: touch, slot: (address, slot) => touch(address).add(slot) });
}

/** Whether naming an address that is warm from the start, or that comes to be in the call, would be a waste. */
function coldOnly(scene: Scene, message: Message, created: Address | undefined, born: readonly AccountDiff[]) {
  const warm = new Set<Address | undefined>([message.sender, message.to, created, scene.block.header.coinbase]);
  for (const { address } of born) warm.add(address);
  return (address: Address) => !warm.has(address) && BigInt(address) > PRECOMPILES;
}

/** Contracts that come to be in the call: the state is not asked for their slots, but has those that they write. */
function bornIn(scene: Scene, { diff }: Executed): AccountDiff[] {
  const view = sceneView(scene);
  return diff.filter(({ address, code }) => code && !view.account(address));
}

function listOf(
  reads: ReadonlyMap<Address, ReadonlySet<Word>>,
  isCold: (address: Address) => boolean,
  given: readonly AccessListEntry[],
): AccessListEntry[] {
  const all = new Map([...given].map(({ address, slots }) => [address, new Set(slots)]));
  for (const [address, slots] of reads) {
    if (slots.size === 0 && !isCold(address)) continue;
    const known = all.get(address) ?? new Set<Word>();
    for (const slot of slots) known.add(slot);
    all.set(address, known);
  }
  return [...all].map(([address, slots]) => ({ address, slots: [...slots].sort() }));
}

function sizeOf(list: readonly AccessListEntry[]): number {
  return list.reduce((sum, { slots }) => sum + 1 + slots.length, 0);
}

function answerOf(accessList: readonly AccessListEntry[], outcome: Executed): JsonObject {
  const shown: Json = accessList.map(({ address, slots }) => ({ address, storageKeys: slots }));
  return {
    accessList: shown,
    gasUsed: quantity(outcome.gasUsed),
    ...(!outcome.succeeded && { error: failureOf(outcome).message }),
  };
}
