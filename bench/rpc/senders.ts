import { readFileSync } from 'node:fs';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { encodeDeployData, encodeFunctionData, getContractAddress, toHex } from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import { bytesToHex, hexToBytes } from '../../runtime/bytes.ts';
import { signTransaction, type UnsignedTransaction } from '../../runtime/ledger/transaction.ts';
import type { Address, Device, Hex } from '../../runtime/ports/index.ts';
import { CHAIN_ID } from '../nodes.ts';

const PHRASE = 'test test test test test test test test test test test junk';
const GWEI = 10n ** 9n;
const coin = () => JSON.parse(readFileSync('build/clients/Coin.json', 'utf8')) as { abi: never; bytecode: Hex };
const coinAbi = [
  { type: 'function', name: 'transfer', inputs: [{ type: 'address' }, { type: 'uint256' }], outputs: [], stateMutability: 'nonpayable' },
  { type: 'function', name: 'balanceOf', inputs: [{ type: 'address' }], outputs: [{ type: 'uint256' }], stateMutability: 'view' },
] as const;

/** An account that signs ahead: its transactions in the order of their nonces. */
export class Sender implements Pick<Device, 'sign'> {
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
  next(step: Pick<UnsignedTransaction, 'data'> & Partial<UnsignedTransaction>): { readonly raw: Hex; readonly hash: Hex } {
    const usual = { chainId: BigInt(CHAIN_ID), maxFeePerGas: 20n * GWEI, maxPriorityFeePerGas: 0n, gasLimit: 100_000n, value: 0n };
    const raw = signTransaction({ ...usual, nonce: this.nonce++, ...step }, this, keccak_256);
    return { raw: bytesToHex(raw), hash: bytesToHex(keccak_256(raw)) };
  }
}

/** An ERC-20 with its supply at the first sender, and shares of it at the others. */
export function deployment(owner: Sender, others: readonly Sender[]): { readonly coin: Address; readonly raws: readonly Hex[] } {
  const at = getContractAddress({ from: owner.address, nonce: 0n });
  const data = encodeDeployData({ ...coin(), args: [owner.address, 10n ** 18n] } as never);
  const deploy = owner.next({ data: hexToBytes(data), gasLimit: 3_000_000n });
  const shares = others.map(({ address }) => owner.next({ to: at, data: transfer(address, 10n ** 12n) }));
  return { coin: at, raws: [deploy, ...shares].map(({ raw }) => raw) };
}

export function transfer(to: Address, amount: bigint): Uint8Array {
  return hexToBytes(encodeFunctionData({ abi: coinAbi, functionName: 'transfer', args: [to, amount] }));
}

export function balanceOf(of: Address): Hex {
  return encodeFunctionData({ abi: coinAbi, functionName: 'balanceOf', args: [of] });
}

/** Somebody who has nothing yet: each of them is a new slot. */
export function stranger(index: number): Address {
  return toHex(index + 1, { size: 20 });
}
