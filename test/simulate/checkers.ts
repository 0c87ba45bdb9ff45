import { type Abi, type Hex, recoverTransactionAddress, type TransactionSerializedEIP1559 } from 'viem';
import type { Board } from '../../emulator/board.ts';
import { decodeFleetEvent } from '../../emulator/fleet.ts';
import { ask } from '../../emulator/rpc.ts';
import type { World } from '../../emulator/world.ts';
import { Label } from '../../runtime/ports/index.ts';
import { foldLedger, type LedgerModel, type ModelOptions, type Said, type Terms } from './ledger-model.ts';
import { watchPartings } from './parting.ts';
import { Violation } from './violation.ts';

export { Violation } from './violation.ts';

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
  /** What the ledger said, and how often, when it was last read. */
  seen(): Readonly<Record<string, number>>;
}

/** Of a QuickJS that the board gives 64 MiB; native firmware tells nothing. */
const MEMORY_LIMIT_BYTES = 48 * 1024 * 1024;
/** More timers, watches and requests than that are not released. */
const WAITING_LIMIT = 1000;
const STORE_LIMIT_BYTES = 64 * 1024 * 1024;

/** The fleet's contract, as it is asked from outside, and what the world began with. */
export interface Contract extends Pick<ModelOptions, 'operators' | 'threshold' | 'allows'> {
  /** All that it has said. */
  said(): Promise<readonly Said[]>;
  terms(app: string, revision: number): Promise<Terms>;
  /** How many services a revision has. */
  services(app: string, revision: number): Promise<number>;
}

/** Answers those devices of the world that do not lie. */
type Honest = () => readonly Board[];

export function watchWorld(world: World, honest: Honest, contract: Contract): Watch {
  const hashes = new Map<number, { readonly hash: string; readonly by: string }>();
  const partings = watchPartings(world);
  const foreign = new Map<Board, string>();
  const readLedger = ledgerReader(world, contract);

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
      for (const board of world.boards) {
        if (!foreign.has(board)) foreign.set(board, board.engine.virtual!.plant('somebody-elses'));
        if (board.faults > 0)
          throw new Violation('no fault', `${board.identity.name}: ${board.fault ?? 'its firmware was stopped'}`);
        oneRevision(board);
        bounded(board);
        if (!board.engine.virtual!.peek(foreign.get(board)!)) {
          throw new Violation('foreign containers', `${board.identity.name} removed a container that is not its own`);
        }
      }
      partings.look();
      for (const board of world.boards) onePrefix(board);
    },
    seen: () => readLedger.seen,
    async unsettled(acknowledged) {
      const restless = oddHead(honest());
      if (restless !== undefined) return { rule: 'settles', what: restless };
      const ledger = await readLedger();
      const unlike = stillToCome(ledger, honest()) ?? (await unlikeWanted(ledger, honest(), contract));
      if (unlike !== undefined) return { rule: 'settles', what: unlike };
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

/** What the ledger itself has not come to the end of. */
function stillToCome({ rolling, invited, seconds }: Ledger, honest: readonly Board[]): string | undefined {
  if (rolling.length > 0) return `${rolling.join(', ')} still rolls out`;
  const absent = honest.find(({ identity }) => (invited.get(identity.name) ?? 0) > seconds);
  return absent && `${absent.identity.name} was invited and has not enrolled itself`;
}

async function unlikeWanted(ledger: Ledger, honest: readonly Board[], contract: Contract): Promise<string | undefined> {
  for (const board of honest) {
    const { name, address } = board.identity;
    const what = ledger.members.has(address) ? await notOn(board, ledger.wanted(address), contract) : stillThere(board);
    if (what !== undefined) return `${name}: ${what}`;
  }
  return undefined;
}

/** Who is not of the fleet runs nothing of it. */
function stillThere(board: Board): string | undefined {
  const found = board.engine.virtual!.look();
  return found.length === 0 ? undefined : `it was taken out of the fleet, and runs ${found.length} containers`;
}

/** The ledger as it was counted anew, at a time. */
type Ledger = LedgerModel & { readonly seconds: number };

/** Reads and judges it anew whenever there is a further block. */
function ledgerReader(world: World, contract: Contract): (() => Promise<Ledger>) & { seen: Record<string, number> } {
  let at = '';
  let ledger: Ledger | undefined;
  const terms = new Map<string, Terms>();
  const read = async () => {
    const head = world.sequencer.status()?.head.hash ?? '';
    if (ledger && head === at) return ledger;
    const said = await contract.said();
    for (const { name, app = '', revision = 0 } of said) {
      if (name === 'RollingOut' && !terms.has(`${app} r${revision}`))
        terms.set(`${app} r${revision}`, await contract.terms(app, revision));
    }
    const model = foldLedger(said, {
      ...contract,
      terms: (app, revision) => terms.get(`${app} r${revision}`)!,
    });
    await ownHands(world, said);
    at = head;
    ledger = Object.assign(model, { seconds: said.at(-1)?.seconds ?? 0 });
    reader.seen = {};
    for (const { name } of said) reader.seen[name] = (reader.seen[name] ?? 0) + 1;
    return ledger;
  };
  const reader = Object.assign(read, { seen: {} as Record<string, number> });
  return reader;
}

/** All that the fleet's contract has said, as the sequencer tells it. */
export async function everythingSaid(world: World, abi: Abi): Promise<Said[]> {
  const { sequencer, config } = world;
  const filter = { address: config.fleet, fromBlock: '0x0', toBlock: 'latest' };
  type Log = { topics: Hex[]; data: Hex; transactionHash: Hex; blockTimestamp: Hex };
  const logs = await inTurns(
    world,
    ask<Log[]>((request) => sequencer.rpc(request), 'eth_getLogs', [filter]),
  );
  return logs.flatMap((log) => {
    const event = decodeFleetEvent(abi, log);
    return event ? [{ ...event, hash: log.transactionHash, seconds: Number(log.blockTimestamp) }] : [];
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

/** All services of every app that it should run, of the right revision and running; nothing else; and it says that all is well. */
async function notOn(board: Board, wanted: ReadonlyMap<string, number>, contract: Contract): Promise<string | undefined> {
  const found = board.engine.virtual!.look();
  const shown = found.map(({ labels, state, health }) => `${labels[Label.app]} r${labels[Label.revision]} ${state} ${health}`);
  const isRight = found.every(
    ({ labels, state }) => labels[Label.revision] === String(wanted.get(labels[Label.app] ?? '')) && state === 'running',
  );
  const counts = await Promise.all([...wanted].map(([app, revision]) => contract.services(app, revision)));
  if (!isRight || found.length !== counts.reduce((sum, count) => sum + count, 0)) {
    const all = [...wanted].map(([app, revision]) => `${app} r${revision}`);
    return `wanted ${all.join(', ') || 'nothing'}, found ${shown.join(', ') || 'nothing'}`;
  }
  const state = board.status()?.state;
  return state === 'healthy' ? undefined : `it is ${state ?? 'down'} on ${shown.join(', ')}`;
}
