import { bytesToHex } from '../../runtime/bytes.ts';
import type { Abci, OrderedBlock, Ordering } from '../../runtime/ports/index.ts';
import type { TestClock } from './virtual-clock.ts';

/** Validators of CometBFT in memory, on a virtual clock: the order of its calls, and nothing of its network or votes. */
export interface FakeCometbft {
  /** The port of one more node. What it does not hear it catches up with. */
  join(name: string): Ordering;
  /** The node is gone until it joins again. */
  leave(name: string): void;
  readonly blocks: readonly OrderedBlock[];
  /** App hashes by height, as each node gave them. */
  readonly appHashes: ReadonlyMap<number, ReadonlySet<string>>;
  /** Proposals that were refused, with the reason. */
  readonly refusals: string[];
  /** Power by key, as the application has told. */
  readonly powers: ReadonlyMap<string, number>;
  stop(): void;
}

interface Member {
  abci: Abci | undefined;
  isHere: boolean;
  readonly mempool: Map<string, Uint8Array>;
}

export interface FakeOptions {
  readonly clock: TestClock;
  readonly chainId: string;
  readonly intervalMs: number;
  /** Replaces what a proposer proposes. */
  readonly corrupt?: (height: number, honest: readonly Uint8Array[]) => readonly Uint8Array[];
}

export function fakeCometbft({ clock, chainId, intervalMs, corrupt }: FakeOptions): FakeCometbft {
  const members = new Map<string, Member>();
  const blocks: OrderedBlock[] = [];
  const appHashes = new Map<number, Set<string>>();
  const refusals: string[] = [];
  const powers = new Map<string, number>();
  /** App hash that the last block's header carries, as the proof block's rule compares. */
  let shown = '';
  let current = '';
  let isStopped = false;

  const here = () => [...members.values()].filter(({ isHere, abci }) => isHere && abci);
  const finalize = (abci: Abci, block: OrderedBlock) => {
    const { appHash, outcomes, validators } = abci.finalizeBlock(block);
    if (outcomes.length !== block.transactions.length) throw new Error('as many outcomes as transactions are needed');
    for (const { publicKey, power } of validators) powers.set(bytesToHex(publicKey), power);
    const hash = bytesToHex(appHash);
    const known = appHashes.get(block.height) ?? new Set();
    appHashes.set(block.height, known.add(hash));
    return hash;
  };
  const catchUp = (abci: Abci) => {
    if (abci.info().height === 0) {
      const { validators } = abci.initChain({ chainId, validators: [] });
      for (const { publicKey, power } of validators) powers.set(bytesToHex(publicKey), power);
    }
    for (let height = abci.info().height + 1; height <= blocks.length; height++) {
      finalize(abci, blocks[height - 1]!);
      abci.commit();
    }
  };
  const round = () => {
    const all = here();
    const hasWork = all.some(({ mempool }) => mempool.size > 0);
    if (all.length === 0 || !(hasWork || shown !== current || blocks.length === 0)) return;
    const height = blocks.length + 1;
    const proposer = all[height % all.length]!;
    const time = { height, timeSeconds: Math.floor(clock.nowMs() / 1000), proposer: `0x${'00'.repeat(20)}` as const };
    const honest = proposer.abci!.prepareProposal({ ...time, transactions: [...proposer.mempool.values()] }, 1_000_000);
    const block = { ...time, transactions: corrupt?.(height, honest) ?? honest };
    const objections = all.map(({ abci }) => abci!.processProposal(block));
    if (objections.some((objection) => objection !== undefined)) {
      refusals.push(...new Set(objections.filter((each) => each !== undefined)));
      if (corrupt) corrupt = undefined;
      return;
    }
    blocks.push(block);
    shown = current;
    for (const { abci } of all) current = finalize(abci!, block);
    for (const { abci } of all) abci!.commit();
    for (const member of all) recheck(member, block);
  };
  const recheck = ({ abci, mempool }: Member, { transactions }: OrderedBlock) => {
    for (const raw of transactions) mempool.delete(bytesToHex(raw));
    for (const [key, raw] of mempool) if (abci!.checkTransaction(raw, true).code !== 0) mempool.delete(key);
  };
  const tick = () => {
    if (isStopped) return;
    round();
    clock.after(intervalMs, tick);
  };
  clock.after(intervalMs, tick);

  return {
    blocks,
    appHashes,
    refusals,
    powers,
    join(name) {
      const member: Member = { abci: undefined, isHere: true, mempool: new Map() };
      members.set(name, member);
      return {
        serve(abci) {
          member.abci = abci;
          catchUp(abci);
        },
        broadcast(raw) {
          clock.after(1, () => {
            for (const each of here())
              if (each.abci!.checkTransaction(raw, false).code === 0) each.mempool.set(bytesToHex(raw), raw);
          });
        },
      };
    },
    leave(name) {
      const member = members.get(name);
      if (member) member.isHere = false;
    },
    stop() {
      isStopped = true;
    },
  };
}
