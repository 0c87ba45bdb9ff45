import { equalBytes } from '../bytes.ts';
import { type Header, hashHeader } from '../ledger/header.ts';
import { TransactionRefused } from '../ledger/transaction.ts';
import type { Address, Word } from '../ports/index.ts';
import { listRoot } from '../state/list-root.ts';
import { type Application, BlockRefused, type WireBlock } from './consensus.ts';
import { Mender } from './mender.ts';
import {
  BLOCKS_ANSWER_BYTES,
  decodeMessage,
  encodeMessage,
  MAX_BLOCKS_PER_ANSWER,
  MAX_TRANSACTIONS_PER_MESSAGE,
  type PeerMessage,
  TRANSACTIONS_BYTES,
} from './messages.ts';
import { verifyHeaderSeal } from './seal.ts';
import type { SoloPorts } from './solo.ts';
import { Turnstile } from './turnstile.ts';

type Handlers = { readonly [K in PeerMessage['kind']]: (peer: string, message: Extract<PeerMessage, { kind: K }>) => void };

/** Every node asks one other node for news, and repeats what waits in its pool, this often. */
const POLL_MS = 3_000;
/** A request for the same blocks is not repeated sooner. */
const REQUEST_MS = 1_000;
/** To so many others a follower passes the news of a block that others passed to it. */
const FANOUT = 3;
/** Likewise of a block that came before any news of it: the sequencer has told all that it reaches, and few lack it. */
const FANOUT_OF_PUSHED = 1;
/** A new block of at most this size is sent at once, a larger one is announced. */
const PUSH_BYTES = 64 * 1024;
/** Blocks after the head that are kept until those before them arrive. */
const MAX_WAITING_BLOCKS = 64;

/**
 * What the nodes of a `solo` ledger say to each other: blocks spread from the sequencer, transactions flow towards it.
 * No message is trusted or needed: a block counts by its seal, and whatever is lost is asked for again.
 */
export class Exchange {
  /** Called when there may be work for a maker of blocks: others' transactions in the pool, or simply now and then. */
  onWork: () => void = () => {};
  /** Called when a peer has told of its head. */
  onHead: (peer: string) => void = () => {};
  /** Why this node cannot follow any further, in a sentence. */
  parted: string | undefined;
  private readonly application: Application;
  private readonly ports: SoloPorts;
  private readonly sequencer: Address;
  /** Sealed blocks whose turn has not come, by number. */
  private readonly waiting = new Map<number, { readonly block: WireBlock; readonly peer: string }>();
  /** The sequencer's own, and yet not what executing them gives. Never tried twice. */
  private readonly refused = new Set<Word>();
  /** The peer from which the last block came: the way to the sequencer. */
  private upstream: string | undefined;
  /** The highest block that anyone has spoken of. */
  private newestHeard = 0;
  private asked = { from: 0, atMs: 0 };
  private encoded: { readonly hash: Word; readonly bytes: Uint8Array } | undefined;
  private turn = 0;
  private isAppending = false;
  private cancelPoll: (() => void) | undefined;
  private isStopped = false;
  private readonly mender: Mender;
  private readonly blocksFor: Turnstile<number>;
  private readonly piecesFor: Turnstile<readonly Word[]>;

  constructor(application: Application, ports: SoloPorts, sequencer: Address) {
    this.application = application;
    this.ports = ports;
    this.sequencer = sequencer;
    this.newestHeard = application.newestMade();
    this.mender = new Mender(application, ports.clock, {
      peers: () => ports.network.peers(),
      send: (peer, message) => this.send(peer, message),
    });
    this.blocksFor = new Turnstile(ports.clock, (peer, from) => this.sendBlocks(peer, from));
    this.piecesFor = new Turnstile(ports.clock, (peer, hashes) => this.mender.give(peer, hashes));
    this.mender.onMended = () => {
      this.appendNext();
      this.onWork();
    };
  }

  start(): void {
    this.ports.network.receive((peer, bytes) => this.receive(peer, bytes));
    this.broadcast(this.headMessage());
    this.mender.start();
    this.poll();
  }

  stop(): void {
    this.isStopped = true;
    this.cancelPoll?.();
    this.mender.stop();
  }

  /** Whether blocks are known to have been made that this node lacks: another has spoken of them, or its own disk has lost them. */
  isBehind(): boolean {
    return this.newestHeard > this.headNumber();
  }

  /** Whether there is proof of it: a later block with this node's own seal. */
  isShownToBeBehind(): boolean {
    return this.waiting.size > 0 || this.application.newestMade() > this.headNumber();
  }

  /** Who has anything answers the first block with its head. */
  askForHead(peer: string): void {
    this.send(peer, { kind: 'head', number: 0, hash: this.application.genesisHash });
  }

  /** Tells everyone of the head, which this node has just made. */
  publish(): void {
    if (this.ports.network.peers().length === 0) return;
    const block = this.application.blockAt(this.headNumber());
    const bytes = block ? sizeOf(block) : Number.POSITIVE_INFINITY;
    this.broadcast(block && bytes <= PUSH_BYTES ? { kind: 'blocks', blocks: [block] } : this.headMessage());
  }

  /** Sends transactions on their way to the sequencer: along the way blocks come, or to all while it is not known. */
  forward(transactions: readonly Uint8Array[], except?: string): void {
    if (transactions.length === 0) return;
    const message: PeerMessage = { kind: 'transactions', transactions };
    const peers = this.ports.network.peers();
    const known = this.upstream !== undefined && this.upstream !== except && peers.includes(this.upstream);
    for (const peer of known ? [this.upstream!] : peers) if (peer !== except) this.send(peer, message);
  }

  private readonly handlers: Handlers = {
    head: (peer, { number, hash }) => {
      this.onHead(peer);
      if (this.isOther(number, hash)) this.send(peer, { kind: 'want', from: number });
      if (number > this.headNumber()) this.request(peer, number);
      else if (number < this.headNumber()) this.transmit(peer, this.encodedHead());
    },
    want: (peer, { from }) => this.blocksFor.ask(peer, from),
    blocks: (peer, { blocks }) => {
      this.onHead(peer);
      for (const block of blocks) this.offer(peer, block);
      const newest = blocks.at(-1)?.header.number ?? 0;
      if (this.waiting.size > 0 && !this.waiting.has(this.headNumber() + 1)) this.request(peer, newest);
      this.appendNext();
    },
    transactions: (peer, { transactions }) => {
      const fresh = transactions.filter((raw) => this.take(peer, raw));
      if (fresh.length === 0) return;
      if (this.ports.device.address !== this.sequencer) this.forward(fresh, peer);
      this.onWork();
    },
    wantPieces: (peer, { hashes }) => this.piecesFor.ask(peer, hashes),
    pieces: (_, message) => this.mender.take(message),
  };

  private receive(peer: string, bytes: Uint8Array): void {
    if (this.isStopped) return;
    try {
      // Mostly others tell of the head that is here already.
      const isOurs = equalBytes(bytes, this.encodedHead());
      const message = isOurs ? this.headMessage() : decodeMessage(this.application.genesisHash, bytes);
      if (message) (this.handlers[message.kind] as (peer: string, message: PeerMessage) => void)(peer, message);
    } catch (error) {
      this.ports.log.write('warn', `a message from ${peer} is ignored: ${(error as Error).message}`);
    }
  }

  /** Keeps a block until its turn, if the sequencer sealed it and it has the transactions that the seal covers. */
  private offer(peer: string, block: WireBlock): void {
    const { header } = block;
    const distance = header.number - this.headNumber();
    if (distance < 1) {
      this.mender.offer(block, (one) => this.checkSeal(one));
      this.compare(block);
    }
    if (distance < 1 || distance > MAX_WAITING_BLOCKS || this.waiting.has(header.number)) return;
    if (this.refused.has(this.hashOf(header))) return;
    this.checkSeal(block);
    this.waiting.set(header.number, { block, peer });
  }

  /** Whether somebody has another block of a number than this node: it is asked for, since its seal tells what that means. */
  private isOther(number: number, hash: Word): boolean {
    if (this.parted !== undefined || number === 0) return false;
    const ours = this.application.headerAt(number);
    return ours !== undefined && ours.hash !== hash;
  }

  /** Whether the sequencer has sealed another block of a number that this node has. What follows from both is the same if these are. */
  private compare({ header, transactions }: WireBlock): void {
    const ours = this.application.headerAt(header.number)?.header;
    if (this.parted !== undefined || !ours || header.number === 0) return;
    const { parentHash, timestamp, transactionsRoot } = header;
    if (ours.parentHash === parentHash && ours.timestamp === timestamp && ours.transactionsRoot === transactionsRoot) return;
    this.checkSeal({ header, transactions });
    this.part(header.number);
  }

  /** Whichever of the two this node has, it stays with that one. */
  private part(number: number): void {
    if (this.parted !== undefined) return;
    const isSequencer = this.ports.device.address === this.sequencer;
    this.parted =
      `the ledger has parted: the sequencer has sealed two blocks of number ${number}, and others have the one that is not here; ` +
      (isSequencer
        ? 'this device makes the blocks and goes on with its own; those others follow it once they start without their ledger'
        : 'to follow them, start this device without its ledger, which it then fetches anew');
    this.ports.log.write('error', this.parted);
  }

  /** A block that no peer sent. Throws {@link BlockRefused}. */
  import(block: WireBlock): void {
    this.checkSeal(block);
    this.application.finalize(this.application.verify(block), block.header.extraData);
    this.waiting.delete(block.header.number);
  }

  private checkSeal({ header, transactions }: WireBlock): void {
    const { vm } = this.ports;
    if (header.coinbase !== this.sequencer || !verifyHeaderSeal(header, this.sequencer, vm))
      throw new BlockRefused(header.number, 'the seal is not that of the sequencer');
    if (listRoot(transactions, vm.keccak256) !== header.transactionsRoot)
      throw new BlockRefused(header.number, 'its transactions are not those of its header');
  }

  /** Appends the blocks whose turn it is, one per turn of the event loop, so that a long way behind does not stop the node. */
  private appendNext(): void {
    const next = this.waiting.get(this.headNumber() + 1);
    if (this.isStopped || this.isAppending || !next) return;
    this.waiting.delete(next.block.header.number);
    if (next.block.header.parentHash !== this.application.head().hash) this.part(this.headNumber());
    if (!this.append(next.block, next.peer)) return;
    this.upstream = next.peer;
    if (this.waiting.has(this.headNumber() + 1)) {
      this.isAppending = true;
      this.ports.clock.after(0, () => {
        this.isAppending = false;
        this.appendNext();
      });
    } else this.caughtUp(next.peer);
  }

  private append(block: WireBlock, peer: string): boolean {
    try {
      this.application.finalize(this.application.verify(block), block.header.extraData);
      return true;
    } catch (error) {
      // What a damaged state keeps from being executed has its turn again when that is mended.
      if (error instanceof BlockRefused) this.refused.add(this.hashOf(block.header));
      else this.waiting.set(block.header.number, { block, peer });
      this.ports.log.write('error', `the ledger stands at block ${this.headNumber()}: ${(error as Error).message}`);
      return false;
    }
  }

  private caughtUp(peer: string): void {
    for (const number of this.waiting.keys()) if (number <= this.headNumber()) this.waiting.delete(number);
    if (this.isBehind()) this.request(peer, this.newestHeard);
    const isPushed = this.newestHeard < this.headNumber();
    const others = this.ports.network.peers().length - 1;
    for (let i = 0; i < Math.min(isPushed ? FANOUT_OF_PUSHED : FANOUT, others); i++) this.tellNext(peer);
  }

  private take(peer: string, raw: Uint8Array): boolean {
    try {
      return this.application.take(raw);
    } catch (error) {
      if (!(error instanceof TransactionRefused)) throw error;
      this.ports.log.write('debug', `a transaction from ${peer} is refused: ${error.message}`);
      return false;
    }
  }

  private sendBlocks(peer: string, from: number): void {
    const blocks = this.isStopped ? [] : this.collect(from);
    if (blocks.length > 0) this.send(peer, { kind: 'blocks', blocks });
  }

  private collect(from: number): WireBlock[] {
    const blocks: WireBlock[] = [];
    let bytes = 0;
    for (let number = Math.max(1, from); number <= this.headNumber(); number++) {
      const block = this.application.blockAt(number);
      if (!block || blocks.length === MAX_BLOCKS_PER_ANSWER || bytes > BLOCKS_ANSWER_BYTES) break;
      bytes += sizeOf(block);
      blocks.push(block);
    }
    return blocks;
  }

  private request(peer: string, newest: number): void {
    this.newestHeard = Math.max(this.newestHeard, newest);
    const from = this.headNumber() + 1;
    const nowMs = this.ports.clock.nowMs();
    if (this.asked.from === from && nowMs < this.asked.atMs + REQUEST_MS) return;
    this.asked = { from, atMs: nowMs };
    this.send(peer, { kind: 'want', from });
  }

  private poll(): void {
    this.cancelPoll = this.ports.clock.after(POLL_MS, () => {
      this.tellNext();
      this.mender.scrub();
      if (this.ports.device.address !== this.sequencer) this.repeatPending();
      this.onWork();
      this.appendNext();
      this.poll();
    });
  }

  private repeatPending(): void {
    const transactions: Uint8Array[] = [];
    let bytes = 0;
    for (const { raw } of this.application.pending(MAX_TRANSACTIONS_PER_MESSAGE)) {
      bytes += raw.length;
      if (bytes > TRANSACTIONS_BYTES) break;
      transactions.push(raw);
    }
    const peer = transactions.length > 0 ? this.nextPeer() : undefined;
    if (peer !== undefined) this.send(peer, { kind: 'transactions', transactions });
    this.forward(transactions);
  }

  private headNumber(): number {
    return this.application.head().header.number;
  }

  private headMessage(): PeerMessage {
    return { kind: 'head', number: this.headNumber(), hash: this.application.head().hash };
  }

  /** The news of a head is told again and again. */
  private encodedHead(): Uint8Array {
    const { hash } = this.application.head();
    if (this.encoded?.hash !== hash)
      this.encoded = { hash, bytes: encodeMessage(this.application.genesisHash, this.headMessage()) };
    return this.encoded.bytes;
  }

  private hashOf(header: Header): Word {
    return hashHeader(header, this.ports.vm.keccak256);
  }

  private tellNext(except?: string): void {
    const peer = this.nextPeer(except);
    if (peer !== undefined) this.transmit(peer, this.encodedHead());
  }

  /** The peers take turns. */
  private nextPeer(except?: string): string | undefined {
    const peers = this.ports.network.peers();
    const gap = except === undefined ? -1 : peers.indexOf(except);
    const count = peers.length - (gap < 0 ? 0 : 1);
    const index = this.turn++ % Math.max(1, count);
    return peers[gap >= 0 && index >= gap ? index + 1 : index];
  }

  private broadcast(message: PeerMessage): void {
    const bytes = encodeMessage(this.application.genesisHash, message);
    for (const peer of this.ports.network.peers()) this.transmit(peer, bytes);
  }

  private send(peer: string, message: PeerMessage): void {
    this.transmit(peer, encodeMessage(this.application.genesisHash, message));
  }

  /** A network that fails is as one that loses the message. */
  private transmit(peer: string, bytes: Uint8Array): void {
    try {
      this.ports.network.send(peer, bytes);
    } catch (error) {
      this.ports.log.write('warn', `a message to ${peer} could not be sent: ${(error as Error).message}`);
    }
  }
}

/** Roughly: the transactions' bytes and what a header takes. */
function sizeOf(block: WireBlock): number {
  return block.transactions.reduce((sum, raw) => sum + raw.length, 700);
}
