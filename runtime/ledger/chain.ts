import { bigintToBytes, bytesToHex, equalBytes, ZERO_WORD } from '../bytes.ts';
import type { StateView, Store, Vm, Word } from '../ports/index.ts';
import { asBytes, asList, asNumber, decodeRlp, encodeRlp, type RlpItem } from '../rlp/index.ts';
import { listRoot } from '../state/list-root.ts';
import type { StoreEntry } from '../state/state.ts';
import { encodeHeader, type Header, hashHeader, headerOf } from './header.ts';
import { type Receipt, receiptItem, receiptOf, receiptsRoot } from './receipt.ts';
import { decodeTransaction, type Transaction } from './transaction.ts';

/** A header with its hash. */
export interface HashedHeader {
  readonly header: Header;
  readonly hash: Word;
}

/** A finished block as it is appended. */
export interface FinishedBlock extends HashedHeader {
  readonly transactions: readonly Transaction[];
  readonly receipts: readonly Receipt[];
}

const HEAD = 'head';
const HEADER_PREFIX = 'header/';
/** The first block after the genesis that the store holds whole; absent: block 1. */
const FIRST = 'first';
const NEWEST = Number.MAX_SAFE_INTEGER;
/** Transactions of the newest blocks that are kept as they were made: clients ask for their receipts at once. */
const RECENT_TRANSACTIONS = 600;
/** At least the 256 that BLOCKHASH reaches. */
const HEADERS_IN_MEMORY = 320;

/** The finished blocks, as the store holds them. There are no forks: a block is final when it is appended. */
export class Chain {
  /** Called with the number of a block that was found changed by the disk. */
  onDamage: (number: number) => void = () => {};
  private readonly store: Store;
  private readonly keccak256: Vm['keccak256'];
  /** The newest. */
  private readonly headers = new Map<number, HashedHeader>();
  private newest: HashedHeader;
  /** The newest blocks, as long as they hold few transactions in all. */
  private recent: FinishedBlock[] = [];
  private first = 1;
  private made = 0;

  /** An empty store begins with the genesis block. Throws {@link ChainError} if it holds the chain of another. */
  constructor(store: Store, keccak256: Vm['keccak256'], genesis: Header, genesisEntries: readonly StoreEntry[]) {
    this.store = store;
    this.keccak256 = keccak256;
    this.newest = { header: genesis, hash: hashHeader(genesis, keccak256) };
    if (store.get(HEAD)) this.newest = this.resume(genesis);
    else this.append({ ...this.newest, transactions: [], receipts: [] }, genesisEntries);
    this.made = Math.max(this.made, this.newest.header.number);
  }

  head(): HashedHeader {
    return this.newest;
  }

  at(number: number): HashedHeader | undefined {
    return number === 0 || number >= this.first ? this.headerAt(number) : undefined;
  }

  /** Also of a block of which only the header is here, since this device began with a later one. */
  headerAt(number: number): HashedHeader | undefined {
    return this.headers.get(number) ?? this.readHeader(number);
  }

  /** As {@link Chain.headerAt}, of a block up to the head. Throws {@link BlockDamaged} for one that the disk has changed. */
  soundHeaderAt(number: number): Header {
    const found = this.headerAt(number);
    if (!found) throw this.damage(number);
    return found.header;
  }

  /** The highest block that was ever appended, as far as the store shows. */
  newestMade(): number {
    return this.made;
  }

  /** Of the newest blocks, so many at most. */
  stateRoots(most: number): Word[] {
    const { number } = this.newest.header;
    const count = Math.min(most, number + 1);
    return Array.from({ length: count }, (_, back) => this.headerAt(number - back)?.header.stateRoot).filter(
      (root) => root !== undefined,
    );
  }

  /** The first block after the genesis that is here as a whole. */
  firstWhole(): number {
    return this.first;
  }

  numberOf(hash: Word): number | undefined {
    return this.readNumbers(`number/${hash}`)?.[0];
  }

  /** As {@link Chain.at}. Throws {@link BlockDamaged} for one that should be here. */
  wholeAt(number: number): HashedHeader | undefined {
    const found = this.at(number);
    if (!found && number >= this.first && number <= this.newest.header.number) throw this.damage(number);
    return found;
  }

  /** The transactions as they were signed, in order. Throws {@link BlockDamaged}. */
  bodyAt(number: number): Uint8Array[] {
    const isRight = (body: Uint8Array[], { transactionsRoot }: Header) => listRoot(body, this.keccak256) === transactionsRoot;
    return this.checked(number, () => this.storedBody(number), isRight);
  }

  /** Throws {@link BlockDamaged}. */
  receiptsAt(number: number): readonly Receipt[] {
    const recent = this.recent.find(({ header }) => header.number === number);
    if (recent) return recent.receipts;
    return this.checked(
      number,
      () => this.storedReceipts(number),
      () => true,
    );
  }

  /** What a disk has changed is not handed on as if nothing were. */
  private checked<T>(number: number, read: () => T, isRight: (found: T, header: Header) => boolean): T {
    try {
      const found = read();
      if (isRight(found, this.headerAt(number)!.header)) return found;
    } catch {
      // It cannot even be read.
    }
    throw this.damage(number);
  }

  private damage(number: number): BlockDamaged {
    if (number >= this.first) this.onDamage(number);
    return new BlockDamaged(number);
  }

  private storedBody(number: number): Uint8Array[] {
    return this.readList(key('body', number)).map((raw) => asBytes(raw, 'a transaction'));
  }

  private storedReceipts(number: number): Receipt[] {
    const items = this.storedReceiptItems(number) ?? this.readList(key('receipts', number));
    return items.map((item) => receiptOf(item, this.keccak256));
  }

  /** As their digest has them; `undefined` in an older store, which keeps none. Throws {@link ChainError}. */
  private storedReceiptItems(number: number): readonly RlpItem[] | undefined {
    const [items, digest] = this.readList(key('receipts', number));
    if (!(digest instanceof Uint8Array)) return undefined;
    const receipts = asList(items, 'the receipts');
    if (!equalBytes(digest, digestOf(receipts, this.keccak256)))
      throw new ChainError(`the receipts of block ${number} have changed`);
    return receipts;
  }

  /** The senders come from the receipts: they were recovered when the block was appended. */
  transactionsAt(number: number, receipts: readonly Receipt[] = this.receiptsAt(number)): readonly Transaction[] {
    const recent = this.recent.find(({ header }) => header.number === number);
    if (recent) return recent.transactions;
    const { keccak256 } = this;
    return this.bodyAt(number).map((raw, index) => decodeTransaction(raw, { keccak256, recover: () => receipts[index]?.sender }));
  }

  /** The block and the place in it of a transaction. */
  locate(transaction: Word): { readonly number: number; readonly index: number } | undefined {
    const [number, index] = this.readNumbers(`transaction/${transaction}`) ?? [];
    return number === undefined || index === undefined ? undefined : { number, index };
  }

  /** What BLOCKHASH answers in block `number`: zero outside the 256 before it. Throws {@link BlockDamaged}: no other answer is right. */
  hashesBefore(number: number): StateView['blockHash'] {
    return (asked) => {
      const distance = BigInt(number) - asked;
      if (distance < 1n || distance > 256n) return ZERO_WORD;
      const hash = this.hashAt(Number(asked));
      if (hash === undefined) throw this.damage(Number(asked));
      return hash;
    };
  }

  /** Of a header that a disk has changed the one after it tells; `undefined` if that does not either. */
  hashAt(number: number): Word | undefined {
    return this.headerAt(number)?.hash ?? this.headerAt(number + 1)?.header.parentHash;
  }

  /** Whether the store holds all of a block as it was made, however its last write ended. */
  isWhole(number: number): boolean {
    return this.isAsMade(number, ({ receiptsRoot: root }) => receiptsRoot(this.storedReceipts(number), this.keccak256) === root);
  }

  /** Whether a block that was whole still is: its receipts are taken by their digest. */
  isUnchanged(number: number): boolean {
    return this.isAsMade(number, () => this.storedReceiptItems(number) !== undefined || this.isWhole(number));
  }

  private isAsMade(number: number, hasReceipts: (header: Header) => boolean): boolean {
    try {
      const { header, hash } = this.readHeader(number)!;
      const body = this.storedBody(number);
      return (
        this.numberOf(hash) === number &&
        listRoot(body, this.keccak256) === header.transactionsRoot &&
        hasReceipts(header) &&
        body.every((raw, index) => this.isLocatedAt(raw, number, index))
      );
    } catch {
      return false;
    }
  }

  /** Writes again what the disk has changed of a finished block and its state. */
  rewrite(block: FinishedBlock, entries: readonly StoreEntry[]): void {
    const changed = [...entries, ...blockEntries(block, this.keccak256)].filter(
      ([at, value]) => !isEqual(this.store.get(at), value),
    );
    if (changed.length > 0) this.store.write(changed);
  }

  /** One atomic write: the block with its indexes, what else belongs to it, the head, and last what is of no use from then on. */
  append(block: FinishedBlock, entries: readonly StoreEntry[], useless: readonly StoreEntry[] = []): void {
    const { header, hash } = block;
    this.store.write([...entries, ...blockEntries(block, this.keccak256), [HEAD, packNumbers(header.number)], ...useless]);
    this.newest = { header, hash };
    this.made = Math.max(this.made, header.number);
    this.headers.set(header.number, this.newest);
    this.headers.delete(header.number - HEADERS_IN_MEMORY);
    this.remember(block);
  }

  /**
   * Goes on from blocks that others have made: headers up to the head, ascending, and as many of the last blocks as are whole.
   * One atomic write. The state after the head must be in the store.
   */
  begin(headers: readonly Header[], blocks: readonly FinishedBlock[], entries: readonly StoreEntry[]): void {
    const first = blocks[0]!.header.number;
    const head = blocks.at(-1)!;
    const older = headers
      .filter(({ number }) => number < first)
      .flatMap((header): StoreEntry[] => headerEntries(header, hashHeader(header, this.keccak256)));
    this.store.write([
      ...entries,
      ...older,
      ...blocks.flatMap((block) => blockEntries(block, this.keccak256)),
      [FIRST, packNumbers(first)],
      [HEAD, packNumbers(head.header.number)],
    ]);
    this.headers.clear();
    this.recent = [];
    this.first = first;
    this.newest = { header: head.header, hash: head.hash };
  }

  private remember(block: FinishedBlock): void {
    let room = RECENT_TRANSACTIONS;
    this.recent = [block, ...this.recent].filter(({ transactions }) => {
      room -= transactions.length + 1;
      return room >= 0;
    });
  }

  private resume(genesis: Header): HashedHeader {
    const claimed = this.headNumber();
    this.first = this.readNumbers(FIRST)?.[0] ?? 1;
    this.resumeGenesis(genesis);
    const isLast = claimed !== undefined && this.store.get(key('header', claimed + 1)) === undefined;
    const head = (isLast && this.isWhole(claimed) ? this.at(claimed) : undefined) ?? this.lastWhole(claimed);
    if (!head) throw new ChainError('the store is damaged: it holds no block that is whole');
    return head;
  }

  /** The first block follows from the configuration, so it can be written again; its index tells whose ledger this is. */
  private resumeGenesis(genesis: Header): void {
    const { hash } = this.newest;
    const stored = this.store.get(key('header', 0));
    const theirs = stored && bytesToHex(this.keccak256(stored));
    if (theirs !== hash && this.store.get(`number/${hash}`) === undefined) {
      throw new ChainError(
        `the store holds the ledger that begins with block ${theirs}, and the genesis given begins another (${hash}); ` +
          'start with the genesis of that ledger or with an empty store',
      );
    }
    this.rewrite({ header: genesis, hash, transactions: [], receipts: [] }, []);
  }

  private headNumber(): number | undefined {
    try {
      return this.readNumbers(HEAD)?.[0];
    } catch {
      // The last whole block is found without it.
      return undefined;
    }
  }

  /** A disk may have changed what it holds: the last block that is as it was made. What came after it others still have. */
  private lastWhole(claimed: number | undefined): HashedHeader | undefined {
    const numbers = this.store.keys(HEADER_PREFIX, NEWEST).map((at) => Number(at.slice(HEADER_PREFIX.length)));
    const last = numbers.reverse().find((number) => this.isWhole(number));
    const newest = claimed === numbers[0]! + 1 ? claimed : numbers[0]!;
    // One block after the head, not whole: the power went while it was written, so nobody has heard of it.
    this.made = newest - 1 === claimed && newest - 1 === last ? claimed : newest;
    return last === undefined ? undefined : this.at(last);
  }

  private isLocatedAt(raw: Uint8Array, number: number, index: number): boolean {
    const found = this.locate(bytesToHex(this.keccak256(raw)));
    return found?.number === number && found.index === index;
  }

  private readHeader(number: number): HashedHeader | undefined {
    const bytes = this.store.get(key('header', number));
    if (!bytes) return undefined;
    const hash = bytesToHex(this.keccak256(bytes));
    // The index by hash, written with it, tells whether it is still what it was.
    if (this.store.get(`number/${hash}`) === undefined) return undefined;
    const hashed = { header: headerOf(decodeRlp(bytes)), hash };
    if (number > this.newest.header.number - HEADERS_IN_MEMORY) this.headers.set(number, hashed);
    return hashed;
  }

  private readList(at: string): readonly RlpItem[] {
    const bytes = this.store.get(at);
    if (!bytes) throw new ChainError(`the store is damaged: ${at} is missing`);
    return asList(decodeRlp(bytes), at);
  }

  private readNumbers(at: string): number[] | undefined {
    const bytes = this.store.get(at);
    return bytes && asList(decodeRlp(bytes), at).map((item) => asNumber(item, at));
  }
}

function blockEntries({ header, hash, transactions, receipts }: FinishedBlock, keccak256: Vm['keccak256']): StoreEntry[] {
  const { number } = header;
  const items = receipts.map(receiptItem);
  return [
    ...headerEntries(header, hash),
    [key('body', number), encodeRlp(transactions.map((transaction) => transaction.raw))],
    [key('receipts', number), encodeRlp([items, digestOf(items, keccak256)])],
    ...transactions.map((transaction, index): StoreEntry => [`transaction/${transaction.hash}`, packNumbers(number, index)]),
  ];
}

/** The root in the header covers the receipts, and not what is kept with them: senders, prices. */
function digestOf(items: readonly RlpItem[], keccak256: Vm['keccak256']): Uint8Array {
  return keccak256(encodeRlp(items)).slice(0, 8);
}

function headerEntries(header: Header, hash: Word): StoreEntry[] {
  return [
    [key('header', header.number), encodeHeader(header)],
    [`number/${hash}`, packNumbers(header.number)],
  ];
}

/** Keys of consecutive blocks are in order. */
function key(what: 'header' | 'body' | 'receipts', number: number): string {
  return `${what}/${number.toString().padStart(12, '0')}`;
}

function isEqual(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  return one === undefined || other === undefined ? one === other : equalBytes(one, other);
}

function packNumbers(...numbers: readonly number[]): Uint8Array {
  return encodeRlp(numbers.map((number) => bigintToBytes(BigInt(number))));
}

/** A block that the disk has changed. */
export class BlockDamaged extends Error {
  override readonly name = 'BlockDamaged';
  constructor(number: number) {
    super(`the disk of this node has changed block ${number}; ask another node, or again in a moment`);
  }
}

/** A store that cannot be used for this ledger. */
export class ChainError extends Error {
  override readonly name = 'ChainError';
}
