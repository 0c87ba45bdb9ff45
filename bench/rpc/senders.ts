import { readFileSync } from 'node:fs';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { type Abi, encodeDeployData, encodeFunctionData, getContractAddress, parseAbi, toHex } from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import { bytesToHex, hexToBytes } from '../../runtime/bytes.ts';
import { signTransaction, type UnsignedTransaction } from '../../runtime/ledger/transaction.ts';
import type { Address, Device, Hex } from '../../runtime/ports/index.ts';
import { CHAIN_ID, type Peer } from '../nodes.ts';
import type { Signed } from './load.ts';
import { Wire } from './wire.ts';

const PHRASE = 'test test test test test test test test test test test junk';
const GWEI = 10n ** 9n;
const SUPPLY = 10n ** 18n;
const SHARE = 10n ** 12n;
const ABI = parseAbi([
  'function transfer(address, uint256) returns (bool)',
  'function balanceOf(address) view returns (uint256)',
]);

/** An account that signs ahead: its transactions in the order of their nonces. */
class Sender implements Pick<Device, 'sign'> {
  readonly address: Address;
  private readonly secret: Uint8Array;
  private nonce = 0n;

  /** The account of that place in the test phrase, which anvil makes rich. */
  constructor(index: number) {
    const account = mnemonicToAccount(PHRASE, { addressIndex: index });
    this.address = account.address.toLowerCase() as Address;
    this.secret = account.getHdKey().privateKey!;
  }

  sign(hash: Uint8Array) {
    const signature = secp256k1.sign(hash, this.secret, { prehash: false, lowS: true, format: 'recovered' });
    const [r, s] = [signature.subarray(1, 33), signature.subarray(33)].map((bytes) => BigInt(bytesToHex(bytes)));
    return { yParity: signature[0] as 0 | 1, r: r!, s: s! };
  }

  /** Answers the next transaction, signed, and its hash. */
  next(step: Pick<UnsignedTransaction, 'data'> & Partial<UnsignedTransaction>): Signed {
    const usual = { chainId: BigInt(CHAIN_ID), maxFeePerGas: 20n * GWEI, maxPriorityFeePerGas: 0n };
    const rest = { gasLimit: 100_000n, value: 0n };
    const raw = signTransaction({ ...usual, ...rest, nonce: this.nonce++, ...step }, this, keccak_256);
    return { raw: bytesToHex(raw), hash: bytesToHex(keccak_256(raw)) };
  }
}

/** Who waits for each receipt, and how often. */
const WAITERS = 8;
const WAITED_FOR = 25;
const STRANGERS = 5000;

/** What is asked of the nodes: each transaction is signed once and sent to each node that has those before it. */
export class Load {
  readonly callsEach: number;
  private readonly owner = new Sender(0);
  private readonly senders: readonly Sender[];
  private readonly waiters: readonly Sender[];
  private readonly each: number;
  private readonly coin: Address;
  private readonly first: readonly Hex[];
  private strangers = 0;

  constructor(senders: number, transfers: number, calls: number) {
    const account = (index: number) => new Sender(index + 1);
    this.senders = Array.from({ length: senders }, (_, index) => account(index));
    this.waiters = Array.from({ length: WAITERS }, (_, index) => account(senders + index));
    this.each = Math.ceil(transfers / senders);
    this.callsEach = Math.ceil(calls / senders);
    this.coin = getContractAddress({ from: this.owner.address, nonce: 0n });
    this.first = this.deployment();
  }

  get addresses(): Address[] {
    return [this.owner, ...this.senders, ...this.waiters].map(({ address }) => address);
  }

  /** An ERC-20, and a share of it for everyone. */
  async prepare(peer: Peer): Promise<void> {
    const wire = new Wire(peer.port);
    const hashes: unknown[] = [];
    for (const raw of this.first) hashes.push(await wire.ask('eth_sendRawTransaction', [raw]));
    while (!(await wire.ask('eth_getTransactionReceipt', [hashes.at(-1)]))) await new Promise((done) => setTimeout(done, 20));
    wire.close();
  }

  /** Of each sender its next transfers. */
  many(): Signed[][] {
    return this.senders.map((sender) => this.transfers(sender, this.each));
  }

  /** Of each of those who wait. */
  few(): Signed[][] {
    return this.waiters.map((sender) => this.transfers(sender, WAITED_FOR));
  }

  /** One for each connection. */
  callBodies(): string[] {
    const call = (of: Address) => ({
      to: this.coin,
      data: encodeFunctionData({ abi: ABI, functionName: 'balanceOf', args: [of] }),
    });
    return this.senders.map(({ address }) =>
      JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_call', params: [call(address), 'latest'] }),
    );
  }

  private deployment(): Hex[] {
    const artifact = JSON.parse(readFileSync('build/clients/Coin.json', 'utf8')) as { abi: Abi; bytecode: Hex };
    const data = encodeDeployData({ ...artifact, args: [this.owner.address, SUPPLY] });
    const deploy = this.owner.next({ data: hexToBytes(data), gasLimit: 3_000_000n });
    const shares = [...this.senders, ...this.waiters].map(({ address }) => this.owner.next(this.transfer(address, SHARE)));
    return [deploy, ...shares].map(({ raw }) => raw);
  }

  /** Each to somebody else, most of whom have nothing yet: a slot is new. */
  private transfers(sender: Sender, count: number): Signed[] {
    return Array.from({ length: count }, () =>
      sender.next(this.transfer(toHex((this.strangers++ % STRANGERS) + 0x1000, { size: 20 }), 1n)),
    );
  }

  private transfer(to: Address, amount: bigint) {
    return { to: this.coin, data: hexToBytes(encodeFunctionData({ abi: ABI, functionName: 'transfer', args: [to, amount] })) };
  }
}
