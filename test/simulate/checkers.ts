import { type Abi, type Hex, recoverTransactionAddress, type TransactionSerializedEIP1559 } from 'viem';
import type { Board } from '../../emulator/board.ts';
import { decodeFleetEvent, type FleetEvent } from '../../emulator/fleet.ts';
import { ask } from '../../emulator/rpc.ts';
import type { World } from '../../emulator/world.ts';
import { Label } from '../../runtime/ports/index.ts';
import { watchPartings } from './parting.ts';

/** Something that must never be so, seen from outside. */
export class Violation extends Error {
  /** Which rule: the same for the same bug, so that a smaller world can be compared with a larger one. */
  readonly rule: string;

  constructor(rule: string, sentence: string) {
    super(sentence);
    this.name = 'Violation';
    this.rule = rule;
  }
}

/** What is not as it must be once all is well; a violation of the rule if that lasts. */
export interface Unsettled {
  readonly rule: 'settles' | 'no transaction lost';
  readonly what: string;
}

/** Looks at a world now and then; throws a {@link Violation}. */
export interface Watch {
  /** At any time. */
  look(): void;
  /** When nothing is broken any more: answers what is still not as it must be, if anything. */
  unsettled(acknowledged: ReadonlyMap<string, string>): Promise<Unsettled | undefined>;
}

/** Of a QuickJS that the board gives 64 MiB; native firmware tells nothing. */
const MEMORY_LIMIT_BYTES = 48 * 1024 * 1024;
/** More timers, watches and requests than that are not released. */
const WAITING_LIMIT = 1000;
const STORE_LIMIT_BYTES = 64 * 1024 * 1024;

/** The fleet's contract, as it is asked from outside. */
export interface Contract {
  readonly abi: Abi;
  /** Revision that is active; 0: none. */
  active(): Promise<number>;
  isEnrolled(device: Hex): Promise<boolean>;
}

export function watchWorld(world: World, honest: readonly Board[], contract: Contract): Watch {
  const hashes = new Map<number, { readonly hash: string; readonly by: string }>();
  const partings = watchPartings(world);
  const foreign = world.boards.map((board) => board.engine.virtual!.plant('somebody-elses'));

  const onePrefix = (board: Board): void => {
    const head = board.status()?.head;
    if (!head || partings.isExcused(head.hash)) return;
    const known = hashes.get(head.number);
    if (!known || partings.isExcused(known.hash)) hashes.set(head.number, { hash: head.hash, by: board.identity.name });
    else if (known.hash !== head.hash) {
      const both = `${known.by} has ${known.hash.slice(0, 14)}, ${board.identity.name} has ${head.hash.slice(0, 14)}`;
      throw new Violation('one ledger', `two blocks of number ${head.number}: ${both}`);
    }
  };
  const oneRevision = ({ routes, identity }: Board): void => {
    const apps = new Map<string, number>();
    for (const { app, revision } of routes) {
      if (apps.has(app) && apps.get(app) !== revision) {
        throw new Violation('one revision', `${identity.name} serves r${apps.get(app)} and r${revision} of ${app} at once`);
      }
      apps.set(app, revision);
    }
  };
  const bounded = (board: Board): void => {
    const { waiting, store, identity } = board;
    if (waiting > WAITING_LIMIT) throw new Violation('bounded', `${identity.name} keeps ${waiting} things waiting`);
    const heldBytes = board.memoryHeldBytes();
    if (heldBytes > MEMORY_LIMIT_BYTES) throw new Violation('bounded', `${identity.name} holds ${heldBytes} bytes of memory`);
    if (store.sizeBytes > STORE_LIMIT_BYTES) throw new Violation('bounded', `${identity.name} stores ${store.sizeBytes} bytes`);
  };

  return {
    look() {
      for (const [index, board] of world.boards.entries()) {
        if (board.faults > 0)
          throw new Violation('no fault', `${board.identity.name}: ${board.fault ?? 'its firmware was stopped'}`);
        oneRevision(board);
        bounded(board);
        if (!board.engine.virtual!.peek(foreign[index]!)) {
          throw new Violation('foreign containers', `${board.identity.name} removed a container that is not its own`);
        }
      }
      partings.look();
      for (const board of world.boards) onePrefix(board);
    },
    async unsettled(acknowledged) {
      const restless = oddHead(honest) ?? (await unlikeWanted(honest, contract));
      if (restless !== undefined) return { rule: 'settles', what: restless };
      const votes = await votesOf(world, contract.abi);
      recount(votes, new Set(honest.map(({ identity }) => identity.address)));
      await ownHands(world, votes);
      // One that was acknowledged a moment ago waits for its block; it is lost only if that never comes.
      const waiting = await inNoBlock(world.sequencer, acknowledged);
      return waiting === undefined ? undefined : { rule: 'no transaction lost', what: waiting };
    },
  };
}

function oddHead(honest: readonly Board[]): string | undefined {
  const heads = honest.map((board) => board.status()?.head);
  const odd = heads.findIndex((head) => head?.hash !== heads[0]?.hash || head === undefined);
  if (odd < 0) return undefined;
  const [first, other] = [heads[0], heads[odd]].map((head) => head?.number ?? 'nothing');
  return `${honest[odd]!.identity.name} shows block ${other}, ${honest[0]!.identity.name} ${first}`;
}

async function unlikeWanted(honest: readonly Board[], contract: Contract): Promise<string | undefined> {
  const active = await contract.active();
  for (const board of honest) {
    const { name, address } = board.identity;
    const what = (await contract.isEnrolled(address)) ? notOn(board, active) : stillThere(board);
    if (what !== undefined) return `${name}: ${what}`;
  }
  return undefined;
}

/** Who is not of the fleet runs nothing of it. */
function stillThere(board: Board): string | undefined {
  const found = board.engine.virtual!.look();
  return found.length === 0 ? undefined : `it was taken out of the fleet, and runs ${found.length} containers`;
}

/** What the fleet's contract has said, and of which transaction. */
type Said = FleetEvent & { readonly hash?: Hex };

async function votesOf(world: World, abi: Abi): Promise<Said[]> {
  const { sequencer, config } = world;
  const filter = { address: config.fleet, fromBlock: '0x0', toBlock: 'latest' };
  const asked = ask<{ topics: Hex[]; data: Hex; transactionHash: Hex }[]>((request) => sequencer.rpc(request), 'eth_getLogs', [
    filter,
  ]);
  const logs = await inTurns(world, asked);
  return logs.flatMap((log) => {
    const event = decodeFleetEvent(abi, log);
    return event ? [{ ...event, hash: log.transactionHash }] : [];
  });
}

/** Each vote that was counted was signed by whose vote it is: recovered anew, by another implementation than the nodes'. */
export async function ownHands({ sequencer }: Pick<World, 'sequencer'>, votes: readonly Said[]): Promise<void> {
  for (const { name, device, hash, ...vote } of votes) {
    if (name !== 'Attested' || hash === undefined) continue;
    const raw = await ask<Hex>((request) => sequencer.rpc(request), 'eth_getRawTransactionByHash', [hash]);
    const signer = await recoverTransactionAddress({ serializedTransaction: raw as TransactionSerializedEIP1559 });
    if (signer.toLowerCase() === device) continue;
    throw new Violation('no vote for another', `a vote of ${device} on ${vote.app} r${vote.revision} was signed by ${signer}`);
  }
}

/** A long answer is given in turns, which the device's clock gives it: no time passes, but its alarms must ring. */
async function inTurns<T>(world: World, asked: Promise<T>): Promise<T> {
  let isThere = false;
  const over = () => {
    isThere = true;
  };
  asked.then(over, over);
  while (!isThere) await world.advance(0);
  return asked;
}

/** The reasons of a decision by votes, not by time or a policy. */
const BY_VOTES = /quorum found it unhealthy|can no longer be reached/;

/**
 * Counts by itself what the contract has counted: a revision was promoted by votes of devices that were then of the fleet. And as
 * fewer than half lie, nothing is ever decided by votes without one of an honest device among them.
 */
export function recount(events: readonly FleetEvent[], honest?: ReadonlySet<string>): void {
  const votes = new Map<string, Map<string, boolean>>();
  const of = ({ app, revision }: FleetEvent) => `${app} r${revision}`;
  for (const event of events) {
    const own = votes.get(of(event)) ?? new Map<string, boolean>();
    if (event.name === 'Attested') votes.set(of(event), own.set(event.device!, event.healthy!));
    else if (event.name === 'RolledBack' && BY_VOTES.test(event.why ?? '')) oneHonest(of(event), own, false, honest);
    else if (event.name === 'DeviceRevoked') for (const each of votes.values()) each.delete(event.device!);
    else if (event.name === 'Promoted') {
      const healthy = [...own.values()].filter((vote) => vote).length;
      const { votes: counted = 0, quorum = 0 } = event;
      if (healthy !== counted || healthy < quorum) {
        const told = `${of(event)} was promoted by ${counted} of ${quorum} votes; ${healthy} devices gave one`;
        throw new Violation('votes counted', told);
      }
      oneHonest(of(event), own, true, honest);
    }
  }
}

function oneHonest(what: string, votes: ReadonlyMap<string, boolean>, healthy: boolean, honest?: ReadonlySet<string>): void {
  if (!honest || [...votes].some(([device, vote]) => vote === healthy && honest.has(device))) return;
  throw new Violation('no minority decides', `${what} was decided by votes that only liars gave`);
}

async function inNoBlock(sequencer: Board, acknowledged: ReadonlyMap<string, string>): Promise<string | undefined> {
  for (const [hash, what] of acknowledged) {
    // The only promise was kept by a disk that broke its own.
    if (sequencer.store.spoiled.has(`pool/${hash}`)) continue;
    const { result } = JSON.parse(await sequencer.rpc(receiptRequest(hash))) as { result: unknown };
    if (!result) return `${what} was acknowledged and is in no block: ${hash}`;
  }
  return undefined;
}

function receiptRequest(hash: string): string {
  return JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_getTransactionReceipt', params: [hash] });
}

function notOn(board: Board, revision: number): string | undefined {
  const found = board.engine.virtual!.look();
  const shown = found.map(({ labels, state, health }) => `r${labels[Label.revision]} ${state} ${health}`);
  const right = found.every(({ labels, state }) => labels[Label.revision] === String(revision) && state === 'running');
  if (!right || (found.length === 0) !== (revision === 0)) return `wanted r${revision}, found ${shown.join(', ') || 'nothing'}`;
  const state = board.status()?.state;
  return state === 'healthy' ? undefined : `it is ${state ?? 'down'} on ${shown.join(', ')}`;
}
