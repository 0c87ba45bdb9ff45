import { decodeQuantity, hexToBytes, isHex } from '../bytes.ts';
import type { AccessListEntry, Address, Authorization, Hex, Message, Word } from '../ports/index.ts';
import { invalidParams } from './errors.ts';

/** Turns a parameter into what it means, or throws {@link RpcError} −32602. `name` stands in the message. */
export type Decoder<T> = (value: unknown, name: string) => T;

/** A block as parameters name it (EIP-1898 included). */
export type BlockParameter =
  | { readonly by: 'tag'; readonly tag: 'latest' | 'pending' | 'next' | 'earliest' }
  | { readonly by: 'number'; readonly number: bigint }
  | { readonly by: 'hash'; readonly hash: Word };

/** A call as `eth_call` takes it. Fields of transactions that do not matter to a call are left aside. */
export interface CallParameter extends Partial<Omit<Message, 'to' | 'type'>> {
  readonly to: Address | undefined;
}

export interface LogFilter {
  readonly from: BlockParameter;
  readonly to: BlockParameter;
  /** None: any. */
  readonly addresses: readonly Address[];
  /** For each position the topics that fit; none: any. */
  readonly topics: readonly (readonly Word[])[];
}

const LATEST: BlockParameter = { by: 'tag', tag: 'latest' };
const PENDING: BlockParameter = { by: 'tag', tag: 'pending' };
/** In the block after the latest, as if nothing waited for it: no client names it. */
const NEXT: BlockParameter = { by: 'tag', tag: 'next' };
/** There are no reorganisations: a block is final when it is there. */
const TAGS: ReadonlyMap<string, BlockParameter> = new Map([
  ['latest', LATEST],
  ['safe', LATEST],
  ['finalized', LATEST],
  ['pending', PENDING],
  ['earliest', { by: 'tag', tag: 'earliest' }],
]);
const MAX_CHOICES = 1000;
const MAX_TOPICS = 4;

export const address: Decoder<Address> = (value, name) => lowerCase(value, name, 20, 'an address of 20 bytes');
export const hash: Decoder<Word> = (value, name) => lowerCase(value, name, 32, 'a hash of 32 bytes');

export const bytes: Decoder<Uint8Array> = (value, name) => {
  if (!isHex(value)) throw invalidParams(`${name} should be 0x and whole bytes in hexadecimal`);
  return hexToBytes(value);
};

export const text: Decoder<string> = (value, name) => {
  if (typeof value !== 'string') throw invalidParams(`${name} should be a text`);
  return value;
};

export const flag: Decoder<boolean> = (value, name) => {
  if (typeof value !== 'boolean') throw invalidParams(`${name} should be true or false`);
  return value;
};

/** Up to 32 bytes, in hexadecimal without leading zeros. */
export const quantity: Decoder<bigint> = (value, name) => {
  try {
    return decodeQuantity(value as string);
  } catch {
    throw invalidParams(`${name} should be a quantity such as 0x0 or 0x1f`);
  }
};

/** A small number, also where tools send it as a JSON number. */
export const count: Decoder<number> = (value, name) => {
  const number = typeof value === 'number' ? value : Number(quantity(value, name));
  if (!Number.isSafeInteger(number) || number < 0) throw invalidParams(`${name} should be a whole number`);
  return number;
};

/** A storage slot: up to 32 bytes in hexadecimal, padded or not. */
export const slot: Decoder<Word> = (value, name) => {
  if (typeof value !== 'string' || !/^0x[0-9a-fA-F]{1,64}$/.test(value)) {
    throw invalidParams(`${name} should be a slot of at most 32 bytes in hexadecimal`);
  }
  return `0x${value.slice(2).toLowerCase().padStart(64, '0')}`;
};

export const block: Decoder<BlockParameter> = (value, name) => {
  if (typeof value === 'string' && TAGS.has(value)) return TAGS.get(value)!;
  if (isHex(value, 32)) return { by: 'hash', hash: hash(value, name) };
  if (typeof value === 'string' && value.startsWith('0x')) return { by: 'number', number: quantity(value, name) };
  if (typeof value !== 'object')
    throw invalidParams(`${name} should be a tag such as latest, a quantity such as 0x1f, or a hash`);
  const { blockNumber, blockHash } = record(value, name);
  if ((blockNumber === undefined) === (blockHash === undefined)) {
    throw invalidParams(`${name} should have either blockNumber or blockHash (EIP-1898)`);
  }
  if (blockHash !== undefined) return { by: 'hash', hash: hash(blockHash, `${name}.blockHash`) };
  return { by: 'number', number: quantity(blockNumber, `${name}.blockNumber`) };
};

/** The parameter may be left out or `null`. */
export function optional<T, D>(decoder: Decoder<T>, otherwise: D): Decoder<T | D> {
  return (value, name) => (value === undefined || value === null ? otherwise : decoder(value, name));
}

/** `latest` if it is left out. */
export const blockOrLatest = optional(block, LATEST);
export const blockOrNext = optional(block, NEXT);

export function list<T>(decoder: Decoder<T>, most: number): Decoder<T[]> {
  return (value, name) => {
    if (!Array.isArray(value)) throw invalidParams(`${name} should be a list`);
    if (value.length > most) throw invalidParams(`${name} has ${value.length} entries; at most ${most} are taken`);
    return value.map((entry, index) => decoder(entry, `${name}[${index}]`));
  };
}

export const percentiles: Decoder<number[]> = (value, name) => {
  const numbers = list((entry) => entry, 100)(value, name);
  const isAscending = numbers.every((entry, i) => typeof entry === 'number' && entry >= (i > 0 ? (numbers[i - 1] as number) : 0));
  if (!isAscending || ((numbers.at(-1) as number) ?? 0) > 100) throw invalidParams(`${name} should ascend from 0 to 100`);
  return numbers as number[];
};

const accessList: Decoder<AccessListEntry[]> = list((value, name) => {
  const entry = record(value, name);
  return {
    address: address(entry['address'], `${name}.address`),
    slots: list(hash, MAX_CHOICES)(entry['storageKeys'], `${name}.storageKeys`),
  };
}, MAX_CHOICES);

const authorizations: Decoder<Authorization[]> = list((value, name) => {
  const entry = record(value, name);
  const number = (field: string) => quantity(entry[field], `${name}.${field}`);
  const to = address(entry['address'], `${name}.address`);
  return {
    address: to,
    chainId: number('chainId'),
    nonce: number('nonce'),
    yParity: number('yParity'),
    r: number('r'),
    s: number('s'),
  };
}, MAX_CHOICES);

/** Field of the parameter, of the call, and how it is read. */
const CALL_FIELDS: readonly (readonly [given: string, field: keyof CallParameter, decoder: Decoder<unknown>])[] = [
  ['from', 'sender', address],
  ['to', 'to', address],
  ['gas', 'gasLimit', quantity],
  ['value', 'value', quantity],
  ['nonce', 'nonce', quantity],
  ['accessList', 'accessList', accessList],
  ['authorizationList', 'authorizations', authorizations],
];
const FEE_FIELDS = ['maxFeePerGas', 'maxPriorityFeePerGas'] as const;

/** Without the fields that are not given. */
export const call: Decoder<CallParameter> = (value, name) => {
  const given = record(value, name);
  const read: { [field: string]: unknown } = {};
  const take = (key: string, field: string, decoder: Decoder<unknown>): void => {
    const value = given[key];
    if (value !== undefined && value !== null) read[field] = decoder(value, `${name}.${key}`);
  };
  for (const [key, field, decoder] of CALL_FIELDS) take(key, field, decoder);
  const data = callData(given, name);
  if (data) read['data'] = data;
  for (const field of FEE_FIELDS) take((given['gasPrice'] ?? null) === null ? field : 'gasPrice', field, quantity);
  return read as unknown as CallParameter;
};

export const logFilter: Decoder<LogFilter> = (value, name) => {
  const { fromBlock, toBlock, blockHash, address: from, topics } = record(value, name);
  // Some clients write null for what they leave out.
  if ((blockHash ?? null) !== null && (fromBlock ?? toBlock ?? null) !== null) {
    throw invalidParams(`${name} should have either blockHash or fromBlock and toBlock`);
  }
  const only = optional(hash, undefined)(blockHash, `${name}.blockHash`);
  return {
    from: only ? { by: 'hash', hash: only } : blockOrLatest(fromBlock, `${name}.fromBlock`),
    to: only ? { by: 'hash', hash: only } : blockOrLatest(toBlock, `${name}.toBlock`),
    addresses: choices(address)(from, `${name}.address`),
    topics: optional(list(choices(hash), MAX_TOPICS), [])(topics, `${name}.topics`),
  };
};

/** Nothing, one, or a list of alternatives. */
function choices<T>(decoder: Decoder<T>): Decoder<T[]> {
  return (value, name) => {
    if (value === undefined || value === null) return [];
    return Array.isArray(value) ? list(decoder, MAX_CHOICES)(value, name) : [decoder(value, name)];
  };
}

function callData(given: Record<string, unknown>, name: string): Uint8Array | undefined {
  const { data, input } = given;
  if (data !== undefined && input !== undefined && data !== input) {
    throw invalidParams(`${name} has both data and input, and they differ`);
  }
  return optional(bytes, undefined)(input ?? data, `${name}.data`);
}

/** An object, its fields still to be read. */
export function record(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalidParams(`${name} should be an object`);
  return value as Record<string, unknown>;
}

function lowerCase(value: unknown, name: string, length: number, what: string): Hex {
  if (!isHex(value, length)) throw invalidParams(`${name} should be ${what} in hexadecimal`);
  return value.toLowerCase() as Hex;
}
