import { bigintToBytes, bytesToHex, concat, EMPTY, hexToBytes } from '../bytes.ts';
import type { AccessListEntry, Address, Authorization, Device, Message, Vm, Word } from '../ports/index.ts';
import { asAddress, asBigint, asBytes, asList, asWord, decodeRlp, encodeRlp, RlpError, type RlpItem } from '../rlp/index.ts';

/** A signed transaction, decoded and with its sender recovered: it goes into the VM as it is. */
export interface Transaction extends Message {
  /** As it was signed and sent. */
  readonly raw: Uint8Array;
  readonly hash: Word;
  /** Absent for a legacy transaction without replay protection (before EIP-155). */
  readonly chainId?: bigint;
  /** As on the wire: 27, 28 or 35 + 2 × chain id + parity for type 0, the parity for others. */
  readonly v: bigint;
  readonly yParity: 0 | 1;
  readonly r: bigint;
  readonly s: bigint;
}

/** What an EIP-1559 transaction says before it is signed. */
export interface UnsignedTransaction {
  readonly chainId: bigint;
  readonly nonce: bigint;
  readonly maxPriorityFeePerGas: bigint;
  readonly maxFeePerGas: bigint;
  readonly gasLimit: bigint;
  /** Absent: a creation. */
  readonly to?: Address;
  readonly value: bigint;
  readonly data: Uint8Array;
}

type TransactionType = Message['type'];
type Cryptography = Pick<Vm, 'keccak256' | 'recover'>;

/** RLP items of a transaction; the longest lists that fit in 128 KiB have fewer. */
const MAX_ITEMS = 40_000;
const MAX_NONCE = 2n ** 64n - 1n;
const SECP256K1_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** How each field is read from its RLP item. */
const read = {
  chainId: (item) => asBigint(item, 'the chain id', 8),
  nonce: readNonce,
  gasPrice: (item) => asBigint(item, 'the gas price'),
  maxPriorityFeePerGas: (item) => asBigint(item, 'maxPriorityFeePerGas'),
  maxFeePerGas: (item) => asBigint(item, 'maxFeePerGas'),
  gasLimit: (item) => asBigint(item, 'the gas limit', 8),
  to: readRecipient,
  value: (item) => asBigint(item, 'the value'),
  data: (item) => asBytes(item, 'the data'),
  accessList: readAccessList,
  maxFeePerBlobGas: (item) => asBigint(item, 'maxFeePerBlobGas'),
  blobHashes: (item) => asList(item, 'the blob hashes').map((hash) => asWord(hash, 'a blob hash')),
  authorizations: (item) => asList(item, 'the authorization list').map(readAuthorization),
  v: (item) => asBigint(item, 'v'),
  r: (item) => asBigint(item, 'r'),
  s: (item) => asBigint(item, 's'),
} satisfies Record<string, (item: RlpItem | undefined) => unknown>;

type Name = keyof typeof read;
type Fields = { readonly [K in Name]: ReturnType<(typeof read)[K]> };

const FEES: readonly Name[] = ['maxPriorityFeePerGas', 'maxFeePerGas'];
const CALL: readonly Name[] = ['gasLimit', 'to', 'value', 'data'];
const SIGNATURE: readonly Name[] = ['v', 'r', 's'];

/** The fields of each type in the order of the wire. */
const WIRE: Readonly<Record<TransactionType, readonly Name[]>> = {
  0: ['nonce', 'gasPrice', ...CALL, ...SIGNATURE],
  1: ['chainId', 'nonce', 'gasPrice', ...CALL, 'accessList', ...SIGNATURE],
  2: ['chainId', 'nonce', ...FEES, ...CALL, 'accessList', ...SIGNATURE],
  3: ['chainId', 'nonce', ...FEES, ...CALL, 'accessList', 'maxFeePerBlobGas', 'blobHashes', ...SIGNATURE],
  4: ['chainId', 'nonce', ...FEES, ...CALL, 'accessList', 'authorizations', ...SIGNATURE],
};

/**
 * Decodes a signed transaction of type 0 to 4 (EIP-155, 2930, 1559, 4844, 7702), recovers its sender and computes its hash.
 * Strict in form; whether it is valid on a ledger is for the pool and the VM to say. Throws {@link TransactionRefused}.
 */
export function decodeTransaction(raw: Uint8Array, cryptography: Cryptography): Transaction {
  try {
    const type = typeOf(raw);
    const items = asList(decodeRlp(type === 0 ? raw : raw.subarray(1), MAX_ITEMS), 'a transaction', WIRE[type].length);
    const fields = readFields(type, items);
    const signed = readSignature(type, fields);
    const hash = cryptography.keccak256(signingPayload(type, items, signed.chainId));
    const sender = cryptography.recover(hash, signed.yParity, fields.r, fields.s);
    if (!sender) throw new TransactionRefused('invalid signature: no key can have made it');
    return { ...messageOf(type, sender, fields), ...signed, raw, hash: bytesToHex(cryptography.keccak256(raw)) };
  } catch (error) {
    if (error instanceof RlpError) throw new TransactionRefused(`this is not a signed transaction: ${error.message}`);
    throw error;
  }
}

/** Signs an EIP-1559 transaction with the device's key. Answers what `submit` and `eth_sendRawTransaction` take. */
export function signTransaction(
  fields: UnsignedTransaction,
  device: Pick<Device, 'sign'>,
  keccak256: Vm['keccak256'],
): Uint8Array {
  const { chainId, nonce, maxPriorityFeePerGas, maxFeePerGas, gasLimit, value } = fields;
  const head = [chainId, nonce, maxPriorityFeePerGas, maxFeePerGas, gasLimit].map((number) => bigintToBytes(number));
  const body = [...head, fields.to ? hexToBytes(fields.to) : EMPTY, bigintToBytes(value), fields.data, []];
  const { yParity, r, s } = device.sign(keccak256(withType(2, encodeRlp(body))));
  return withType(2, encodeRlp([...body, bigintToBytes(BigInt(yParity)), bigintToBytes(r), bigintToBytes(s)]));
}

function typeOf(raw: Uint8Array): TransactionType {
  const first = raw[0];
  if (first === undefined) throw new TransactionRefused('this is not a signed transaction: it has no bytes');
  if (first >= 0xc0) return 0;
  if (first >= 1 && first <= 4) return first as TransactionType;
  throw new TransactionRefused(`transaction type not supported: ${first}; types 0 to 4 are known`);
}

function withType(type: number, payload: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(type), payload);
}

function readFields(type: TransactionType, items: readonly RlpItem[]): Fields {
  const fields: Partial<Record<Name, unknown>> = {};
  WIRE[type].forEach((name, index) => {
    fields[name] = read[name](items[index]);
  });
  return fields as Fields;
}

function readNonce(item: RlpItem | undefined): bigint {
  const nonce = asBigint(item, 'the nonce', 8);
  if (nonce === MAX_NONCE) throw new TransactionRefused('nonce has max value: 2^64 - 2 is the last (EIP-2681)');
  return nonce;
}

function readRecipient(item: RlpItem | undefined): Address | undefined {
  return asBytes(item, 'the recipient').length === 0 ? undefined : asAddress(item, 'the recipient');
}

function readAccessList(item: RlpItem | undefined): AccessListEntry[] {
  return asList(item, 'the access list').map((entry) => {
    const [address, slots] = asList(entry, 'an entry of the access list', 2);
    return {
      address: asAddress(address, 'an address of the access list'),
      slots: asList(slots, 'the slots of the access list').map((slot) => asWord(slot, 'a slot of the access list')),
    };
  });
}

function readAuthorization(item: RlpItem): Authorization {
  const [chainId, address, nonce, yParity, r, s] = asList(item, 'an authorization', 6);
  return {
    chainId: asBigint(chainId, "an authorization's chain id"),
    address: asAddress(address, "an authorization's address"),
    nonce: asBigint(nonce, "an authorization's nonce", 8),
    yParity: asBigint(yParity, "an authorization's parity", 1),
    r: asBigint(r, "an authorization's r"),
    s: asBigint(s, "an authorization's s"),
  };
}

function readSignature(type: TransactionType, fields: Fields): Pick<Transaction, 'chainId' | 'v' | 'yParity' | 'r' | 's'> {
  const { v, r, s } = fields;
  const inRange = r > 0n && r < SECP256K1_ORDER && s > 0n && s <= SECP256K1_ORDER / 2n;
  if (!inRange) throw new TransactionRefused('invalid signature: r or s is zero or too high (EIP-2)');
  if (type !== 0) return { chainId: fields.chainId, v, yParity: parityOf(v), r, s };
  if (v === 27n || v === 28n) return { v, yParity: parityOf(v - 27n), r, s };
  if (v < 35n || v >= 2n ** 64n) throw new TransactionRefused(`invalid signature: v is ${v}; 27, 28 or at least 35 is right`);
  return { chainId: (v - 35n) / 2n, v, yParity: parityOf((v - 35n) % 2n), r, s };
}

function parityOf(value: bigint): 0 | 1 {
  if (value !== 0n && value !== 1n) throw new TransactionRefused(`invalid signature: the parity is ${value}; 0 or 1 is right`);
  return value === 0n ? 0 : 1;
}

/** What was signed: all before the signature, for a replay-protected legacy transaction with its chain id (EIP-155). */
function signingPayload(type: TransactionType, items: readonly RlpItem[], chainId: bigint | undefined): Uint8Array {
  const unsigned = items.slice(0, -SIGNATURE.length);
  if (type !== 0) return withType(type, encodeRlp(unsigned));
  return encodeRlp(chainId === undefined ? unsigned : [...unsigned, bigintToBytes(chainId), EMPTY, EMPTY]);
}

function messageOf(type: TransactionType, sender: Address, fields: Fields): Message {
  const { nonce, gasLimit, to, value, data, accessList, maxFeePerBlobGas, blobHashes, authorizations } = fields;
  return {
    type,
    sender,
    nonce,
    gasLimit,
    maxFeePerGas: type < 2 ? fields.gasPrice : fields.maxFeePerGas,
    maxPriorityFeePerGas: type < 2 ? fields.gasPrice : fields.maxPriorityFeePerGas,
    ...(to && { to }),
    value,
    data,
    ...(accessList && { accessList }),
    ...(type === 3 && { maxFeePerBlobGas, blobHashes }),
    ...(authorizations && { authorizations }),
  };
}

/** A transaction that this ledger does not take. The message is a sentence for whoever sent it. */
export class TransactionRefused extends Error {
  override readonly name = 'TransactionRefused';
}
