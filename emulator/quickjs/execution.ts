/**
 * A transaction on its way to the VM and its outcome on the way back: written field by field, as both are needed for every block.
 * What decodes them gives every field its type, whatever the other side has sent. Runs on both sides, so it uses the language alone.
 */
import type {
  AccessListEntry,
  Account,
  AccountDiff,
  Address,
  BlockContext,
  Executed,
  ExecuteOptions,
  Log,
  Message,
  Refused,
  StateView,
  Word,
} from '../../runtime/ports/index.ts';
import { CodecError, type Packed, packed } from './codec.ts';

/** What goes into an execution but the state: equal texts and equal data, equal executions. */
export interface Call {
  readonly text: string;
  /** The message's data. */
  readonly bytes: Uint8Array;
}

const WHOLE_LIMIT = 80;
/** Place among the message's fields: it is rare, and so comes last. */
const BLOB_BASE_FEE = 12;
type Authorizations = NonNullable<Message['authorizations']>;

export function encodeCall(block: BlockContext, message: Message, options: ExecuteOptions | undefined): Call {
  const { accessList, blobHashes, authorizations, maxFeePerBlobGas } = message;
  const { blobBaseFee } = block;
  const rare = accessList || blobHashes || authorizations || maxFeePerBlobGas !== undefined || blobBaseFee !== undefined;
  const common = [
    options?.simulate === true ? 1 : 0,
    `${block.number}`,
    `${block.timestamp}`,
    `${block.gasLimit}`,
    block.coinbase,
    `${block.baseFee}`,
    block.prevRandao,
    `${block.excessBlobGas}`,
    `${block.chainId}`,
    message.type,
    message.sender,
    `${message.nonce}`,
    `${message.gasLimit}`,
    `${message.maxFeePerGas}`,
    `${message.maxPriorityFeePerGas}`,
    message.to ?? '',
    `${message.value}`,
  ];
  const more = rare
    ? [
        accessList,
        blobHashes,
        authorizations?.map(plainAuthorization),
        maxFeePerBlobGas?.toString(),
        blobBaseFee?.toString(),
      ].map((each) => each ?? null)
    : [];
  return { text: JSON.stringify([...common, ...more]), bytes: message.data };
}

/** Throws for a text that holds no call. */
export function decodeCall(text: string, data: Uint8Array): [BlockContext, Message, ExecuteOptions] {
  const fields = JSON.parse(text) as readonly unknown[];
  const [simulate, number, timestamp, gasLimit, coinbase, baseFee, prevRandao, excessBlobGas, chainId, ...rest] = fields;
  const blobBaseFee = rest[BLOB_BASE_FEE];
  const block: BlockContext = {
    number: whole(number),
    timestamp: whole(timestamp),
    gasLimit: whole(gasLimit),
    coinbase: String(coinbase) as Address,
    baseFee: whole(baseFee),
    prevRandao: String(prevRandao) as Word,
    excessBlobGas: whole(excessBlobGas),
    chainId: whole(chainId),
    ...(blobBaseFee != null && { blobBaseFee: whole(blobBaseFee) }),
  };
  return [block, messageOf(rest, data), simulate === 1 ? { simulate: true } : {}];
}

function messageOf(fields: readonly unknown[], data: Uint8Array): Message {
  const [type, sender, nonce, gasLimit, maxFeePerGas, maxPriorityFeePerGas, to, value, accessList, blobHashes, ...rest] = fields;
  const [authorizations, maxFeePerBlobGas] = rest;
  return {
    type: Number(type) as Message['type'],
    sender: String(sender) as Address,
    nonce: whole(nonce),
    gasLimit: whole(gasLimit),
    maxFeePerGas: whole(maxFeePerGas),
    maxPriorityFeePerGas: whole(maxPriorityFeePerGas),
    ...(to !== '' && { to: String(to) as Address }),
    value: whole(value),
    data,
    ...(accessList != null && { accessList: accessList as AccessListEntry[] }),
    ...(blobHashes != null && { blobHashes: blobHashes as Word[] }),
    ...(authorizations != null && { authorizations: (authorizations as string[][]).map(authorizationOf) }),
    ...(maxFeePerBlobGas != null && { maxFeePerBlobGas: whole(maxFeePerBlobGas) }),
  };
}

function plainAuthorization({ chainId, address, nonce, yParity, r, s }: Authorizations[number]): string[] {
  return [`${chainId}`, address, `${nonce}`, `${yParity}`, `${r}`, `${s}`];
}

function authorizationOf([chainId, address, nonce, yParity, r, s]: readonly string[]): Authorizations[number] {
  return {
    chainId: whole(chainId),
    address: String(address) as Address,
    nonce: whole(nonce),
    yParity: whole(yParity),
    r: whole(r),
    s: whole(s),
  };
}

/** Nothing in an execution has more digits than a word. */
export function whole(field: unknown): bigint {
  const text = String(field);
  if (text.length > WHOLE_LIMIT) throw new CodecError(`a number of ${text.length} digits`);
  return BigInt(text);
}

type PlainAccount = readonly [nonce: string, balance: string, codeHash: Word];
type PlainLog = readonly [address: Address, topics: Word[], bytes: number];
/** `code` is its length; -1: there is none. */
type PlainDiff = readonly [Address, account: PlainAccount | null, code: number, cleared: boolean, slots: [Word, Word][]];
type PlainOutcome = readonly [
  status: string,
  succeeded: boolean,
  gas: readonly [used: string, refunded: string, price: string],
  output: number,
  created: Address | null,
  logs: readonly PlainLog[],
  diff: readonly PlainDiff[],
];

export function encodeOutcome(outcome: Executed | Refused): Packed {
  if (outcome.kind === 'refused') return { text: JSON.stringify(outcome.reason) };
  const { status, succeeded, gasUsed, gasRefunded, gasPrice, output, created, logs, diff } = outcome;
  const plain: PlainOutcome = [
    status,
    succeeded,
    [`${gasUsed}`, `${gasRefunded}`, `${gasPrice}`],
    output.length,
    created ?? null,
    logs.map(({ address, topics, data }): PlainLog => [address, [...topics], data.length]),
    diff.map(plainDiff),
  ];
  const codes = diff.flatMap(({ code }) => code ?? []);
  return packed(JSON.stringify(plain), [output, ...logs.map(({ data }) => data), ...codes]);
}

function plainDiff({ address, account, code, cleared, slots }: AccountDiff): PlainDiff {
  const plain: PlainAccount | null = account && [`${account.nonce}`, `${account.balance}`, account.codeHash];
  return [address, plain, code ? code.length : -1, cleared, slots as [Word, Word][]];
}

export function decodeOutcome({ text, bytes }: Packed): Executed | Refused {
  const plain = JSON.parse(text) as string | PlainOutcome;
  if (typeof plain === 'string') return { kind: 'refused', reason: plain };
  const [status, succeeded, [gasUsed, gasRefunded, gasPrice], outputLength, created, logs, diff] = plain;
  let at = 0;
  const take = (length: number): Uint8Array => {
    at += length;
    return bytes ? bytes.slice(at - length, at) : new Uint8Array(0);
  };
  const output = take(outputLength);
  return {
    kind: 'executed',
    status,
    succeeded,
    gasUsed: BigInt(gasUsed),
    gasRefunded: BigInt(gasRefunded),
    gasPrice: BigInt(gasPrice),
    output,
    ...(created !== null && { created }),
    logs: logs.map(([address, topics, length]): Log => ({ address, topics, data: take(length) })),
    diff: diff.map((each) => diffOf(each, take)),
  };
}

function diffOf([address, account, code, cleared, slots]: PlainDiff, take: (length: number) => Uint8Array): AccountDiff {
  const known = account && { nonce: BigInt(account[0]), balance: BigInt(account[1]), codeHash: account[2] };
  return { address, account: known, ...(code >= 0 && { code: take(code) }), cleared, slots };
}

/** One thing that the VM asked of a state, and the answer in the form in which it crosses. */
export interface Read {
  readonly what: 'account' | 'slot' | 'code' | 'blockHash';
  /** Address; address and slot with a comma between them; code hash; block number. */
  readonly of: string;
  readonly answer: string;
}

/** An account that does not exist is no text. */
export function encodeAccount(account: Account | undefined): string {
  if (!account) return '';
  const { nonce, balance, codeHash, hasStorage } = account;
  return `${nonce},${balance},${codeHash},${hasStorage ? 1 : 0}`;
}

export function decodeAccount(text: unknown): Account | undefined {
  if (typeof text !== 'string' || text === '') return undefined;
  const [nonce, balance, codeHash, hasStorage] = text.split(',') as [string, string, Word, string];
  return { nonce: BigInt(nonce), balance: BigInt(balance), codeHash, hasStorage: hasStorage === '1' };
}

/** Whether the state answers what was noted. A code has the hash by which it is asked for, or it was not noted. */
export function isAnswered(state: StateView, { what, of, answer }: Read): boolean {
  switch (what) {
    case 'account':
      return encodeAccount(state.account(of as Word)) === answer;
    case 'slot':
      return state.slot(of.slice(0, 42) as Word, of.slice(43) as Word) === answer;
    case 'code':
      state.code(of as Word);
      return true;
    case 'blockHash':
      return state.blockHash(BigInt(of)) === answer;
  }
}
