import { utf8Decode, utf8Encode } from '../bytes.ts';
import { canonicalJson } from '../manifest/encode.ts';
import { nestsDeeper } from '../nesting.ts';

/** What devices log on the ledger, by the number that stands there. A number is never given to another kind. */
export const logKinds = {
  traffic: 1, // requests that the proxy served, in a batch
  drift: 2, // a container was changed by hand, and was put right
  restart: 3, // a container ended and was started again
  refusal: 4, // the device does not run what the ledger says
  clock: 5, // its clock and the ledger's time differ
  firmware: 6, // the state of a firmware or system update
  start: 7, // the device came up
} as const;

export type LogKind = keyof typeof logKinds;

/** `Membership.LOG_LIMIT`. */
const LOG_LIMIT_BYTES = 1024;

/** What an entry says: names and plain values, so that every reader can show what it does not know. */
export type LogFields = Readonly<Record<string, string | number | boolean>>;

/** The bytes of an entry: canonical JSON. Where they would be too long, the longest text is cut until they fit. */
export function encodeLog(fields: LogFields): Uint8Array {
  const bytes = utf8Encode(canonicalJson(fields));
  if (bytes.length <= LOG_LIMIT_BYTES) return bytes;
  const texts = Object.entries(fields).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  const [name, value] = texts.sort(([, a], [, b]) => b.length - a.length)[0] ?? [];
  if (name === undefined || value === undefined || value.length < 2) throw new RangeError('a log entry has at most 1024 bytes');
  const excess = Math.max(1, Math.min(value.length - 1, bytes.length - LOG_LIMIT_BYTES));
  return encodeLog({ ...fields, [name]: [...value].slice(0, Math.max(0, [...value].length - excess)).join('') });
}

/** What an entry says, or `undefined` where it is not what {@link encodeLog} writes: anyone enrolled may log any bytes. */
export function decodeLog(data: Uint8Array): LogFields | undefined {
  const text = utf8Decode(data);
  if (data.length > LOG_LIMIT_BYTES || nestsDeeper(text, 1)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    const isPlain = Object.values(value).every((each) => ['string', 'number', 'boolean'].includes(typeof each));
    return isPlain ? (value as LogFields) : undefined;
  } catch {
    return undefined;
  }
}

/** `traffic`, or `kind 99` for one that this firmware does not know. */
export function logKindName(kind: number): string {
  return Object.entries(logKinds).find(([, number]) => number === kind)?.[0] ?? `kind ${kind}`;
}
