import { bytesToHex, equalBytes } from '../bytes.ts';
import type { Genesis } from '../config.ts';
import { hashHeader } from '../ledger/header.ts';
import type { Address, Ports, SignedHeight, Votes, Word } from '../ports/index.ts';
import { engineChainId } from './cometbft.ts';
import { type Application, BlockRefused, type Consensus, type WireBlock } from './consensus.ts';
import { heightOf, sealOf, Validators } from './validators.ts';

export interface FollowerParts extends Pick<Ports, 'vm' | 'store'> {
  readonly votes: Votes;
  readonly genesis: Genesis;
  readonly fleet: Address;
}

/** Who decides after the head. */
const VALIDATORS = 'follower/validators';

/**
 * Follows a ledger that validators decide, without being one and without their engine: blocks come with the votes that bear them, on
 * a stick or from a node nearby. Whose votes count, the ledger itself says: its first block names the first validators, and what the
 * Fleet logs changes them, so that each change is borne by those before it. A block counts once the votes for it or for one that
 * follows from it have been checked, and by its execution.
 */
export function createFollower(application: Application, parts: FollowerParts): Consensus {
  const follower = new Follower(application, parts);
  return {
    // Nobody is asked: whoever brings blocks takes what waits here.
    start() {},
    transactionAdded() {},
    vouch: (blocks, votes) => follower.vouch(blocks, votes),
    import: (block) => follower.import(block),
    isAlone: false,
    fault: () => undefined,
    remark: () => undefined,
    stop() {},
  };
}

class Follower {
  private readonly application: Application;
  private readonly parts: FollowerParts;
  private validators: Validators;
  /** Hashes of blocks after the head that bear votes. */
  private borne: ReadonlySet<Word> = new Set();

  constructor(application: Application, parts: FollowerParts) {
    const { store, genesis } = parts;
    this.application = application;
    this.parts = parts;
    const kept = store.get(VALIDATORS);
    this.validators = kept ? Validators.decode(kept) : new Validators(genesis.validators ?? []);
  }

  /** The blocks follow one another, and the validators have signed for the last one: it names all before it. */
  vouch(blocks: readonly WireBlock[], told: unknown): void {
    const { number, head } = this.head();
    const next = blocks.filter(({ header }) => header.number > number);
    const last = next.at(-1)?.header;
    if (!last) return;
    const hashes = this.linked(next, head);
    const signed = this.check(told, last.number);
    const height = heightOf(last.extraData);
    if (height === undefined || signed.height !== height + 1)
      throw new BlockRefused(last.number, `the votes with it are for height ${signed.height}, not for the one after it`);
    if (bytesToHex(signed.appHash) !== hashes.at(-1))
      throw new BlockRefused(last.number, 'the votes with it are for another block');
    this.demandOurs(signed, last.number);
    this.borne = new Set(hashes);
  }

  import(block: WireBlock): void {
    const { application, parts, borne } = this;
    const { header } = block;
    const { number, extraData } = header;
    if (!borne.has(hashHeader(header, parts.vm.keccak256)))
      throw new BlockRefused(number, 'on this ledger a block counts by the votes of the validators, and none came with it');
    const candidate = application.verify(block);
    const logs = candidate.receipts.flatMap((receipt) => receipt.logs);
    const validators = this.validators.after(logs, parts.fleet);
    if (!equalBytes(extraData, sealOf(heightOf(extraData) ?? 0, validators, parts.vm.keccak256)))
      throw new BlockRefused(number, "it names other validators than follow from the Fleet's log");
    application.finalize(candidate, extraData, [[VALIDATORS, validators.encode()]]);
    this.validators = validators;
  }

  private head() {
    const { header, hash } = this.application.head();
    return { number: header.number, head: hash };
  }

  private linked(blocks: readonly WireBlock[], head: Word): Word[] {
    let before = head;
    return blocks.map(({ header }) => {
      if (header.parentHash !== before) throw new BlockRefused(header.number, `its parent is not ${before}`);
      before = hashHeader(header, this.parts.vm.keccak256);
      return before;
    });
  }

  private check(told: unknown, number: number): SignedHeight {
    try {
      return this.parts.votes.check(told, engineChainId(this.parts.genesis.chainId));
    } catch (error) {
      throw new BlockRefused(number, `the votes with it do not hold: ${(error as Error).message}`);
    }
  }

  /** A change acts two heights after it was decided: the one that is signed here is at most the next. */
  private demandOurs({ validators }: SignedHeight, number: number): void {
    if (!this.validators.isSame(validators))
      throw new BlockRefused(number, 'the votes with it are of others than those who decide on this ledger');
  }
}

/** By which hash a block names those who decide after it. */
export function decidersAfter({ header }: Pick<WireBlock, 'header'>): Word {
  return bytesToHex(header.extraData.subarray(8));
}

/** By which hash the blocks name those who decided at first. */
export function foundersOf({ validators = [] }: Pick<Genesis, 'validators'>, keccak256: Ports['vm']['keccak256']): Word {
  return bytesToHex(keccak256(new Validators(validators).encode()));
}

/**
 * As many of consecutive blocks as one set of votes bears: up to the first after which others decide.
 * @param before Who decided before the first of them, as {@link decidersAfter} says.
 */
export function borneTogether(blocks: readonly WireBlock[], before: Word): WireBlock[] {
  const change = blocks.findIndex((block) => decidersAfter(block) !== before);
  return blocks.slice(0, change < 0 ? blocks.length : change + 1);
}
