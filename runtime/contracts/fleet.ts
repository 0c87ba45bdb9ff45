import { bytesToHex, concat, EMPTY, hexToBytes, utf8Encode } from '../bytes.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Address, Log } from '../ports/index.ts';
import type { Codec, ValueOf } from './abi.ts';
import { type EventName, errors, events, type FleetErrorName, functions } from './interface.ts';
import { encodeLog, type LogFields, type LogKind, logKinds } from './log-kinds.ts';

export type WantedRow = ValueOf<typeof functions.wanted.outputs>['rows'][number];
export type ReleaseRow = ValueOf<typeof functions.release.outputs>['release'];
export type DeviceRow = ValueOf<typeof functions.devices.outputs>['devices'][number];
export type ValidatorRow = ValueOf<typeof functions.validators.outputs>['validators'][number];

/** The Fleet contract, read from one copy of the ledger. Every read throws {@link FleetUnreadable}. */
export interface Fleet {
  /** Whether the contract stands on this copy of the ledger yet. */
  exists(): boolean;
  /** What a device should run now; none for one that is not enrolled. */
  wanted(device: Address): readonly WantedRow[];
  /** What rolls out, wherever it is tried. */
  rolling(): readonly { readonly app: string; readonly revision: number }[];
  /** The latest revision of an app, whatever became of it; 0: none. */
  latest(app: string): number;
  manifest(app: string, revision: number): Uint8Array;
  release(app: string, revision: number): ReleaseRow;
  operators(): readonly Address[];
  isEnrolled(device: Address): boolean;
  devices(): readonly DeviceRow[];
  /** The devices that make blocks; none where the ledger has one sequencer. */
  validators(): readonly ValidatorRow[];
  /** How many may vote on a revision, and how many healthy votes keep it. */
  jury(app: string, revision: number): { readonly voters: number; readonly needed: number };
}

type Functions = typeof functions;
type Name = keyof Functions;
type Input<N extends Name> = ValueOf<Functions[N]['inputs']>;
type Output<N extends Name> = ValueOf<Functions[N]['outputs']>;

export function openFleet(ledger: Pick<Ledger, 'call' | 'hasCode'>, address: Address): Fleet {
  function ask<N extends Name>(name: N, input: Input<N>): Output<N> {
    const result = ledger.call({ to: address, data: callData(name, input) });
    if (!result.ok)
      throw new FleetUnreadable(`the Fleet contract did not answer ${name}: ${revertSentence(result.output) ?? result.status}`);
    try {
      return (functions[name].outputs as unknown as Codec<Output<N>>).read(result.output, 0);
    } catch (error) {
      throw new FleetUnreadable(`what answers at ${address} is not the Fleet contract: ${(error as Error).message}`);
    }
  }
  return {
    exists: () => ledger.hasCode(address),
    wanted: (device) => ask('wanted', { device }).rows,
    rolling: () =>
      ask('apps', {})
        .apps.map((app) => ({ app, ...ask('rollingOut', { app }) }))
        .filter(({ revision }) => revision > 0),
    latest: (app) => ask('latest', { app }).revision,
    manifest: (app, revision) => ask('manifest', { app, revision }).manifest,
    operators: () => ask('operators', {}).operators,
    release: (app, revision) => ask('release', { app, revision }).release,
    isEnrolled: (device) => ask('isEnrolled', { device }).is,
    devices: () => ask('devices', {}).devices,
    validators: () => ask('validators', {}).validators,
    jury: (app, revision) => ask('jury', { app, revision }),
  };
}

/** Selector and arguments. */
export function callData<N extends Name>(name: N, input: Input<N>): Uint8Array {
  const { selector, inputs } = functions[name];
  return concat(hexToBytes(selector), (inputs as unknown as Codec<Input<N>>).write(input));
}

/** `Releases.REASON_LIMIT`. */
const REASON_LIMIT_BYTES = 256;

/** A vote. Only an unhealthy one has a reason; too long a reason is cut. */
export function attestData(app: string, revision: number, healthy: boolean, reason: string): Uint8Array {
  return callData('attest', { app, revision, healthy, reason: healthy ? '' : cut(reason) });
}

export function expireData(app: string): Uint8Array {
  return callData('expire', { app });
}

/** Decides anew what a policy has held back. */
export function settleData(app: string): Uint8Array {
  return callData('settle', { app });
}

/** An entry in the log. Without an app it is about the device itself: an empty name and revision 0. */
export function logData(kind: LogKind, fields: LogFields, app = '', revision = 0): Uint8Array {
  return callData('log', { app, revision, kind: logKinds[kind], data: encodeLog(fields) });
}

function cut(reason: string): string {
  const characters = [...reason];
  while (utf8Encode(characters.join('')).length > REASON_LIMIT_BYTES) characters.pop();
  return characters.join('');
}

/** Which of the contract's errors reverted a call, if one did. */
export function revertName(output: Uint8Array): FleetErrorName | undefined {
  const selector = bytesToHex(output.subarray(0, 4));
  return (Object.keys(errors) as FleetErrorName[]).find((name) => errors[name][0] === selector);
}

export function revertSentence(output: Uint8Array): string | undefined {
  const name = revertName(output);
  return name === undefined ? undefined : errors[name][1];
}

type Events = typeof events;

/** One event of the Fleet, its fields by name. */
export type FleetEvent = {
  readonly [N in EventName]: { readonly what: N } & ValueOf<Events[N]['indexed']> & ValueOf<Events[N]['data']>;
}[EventName];

/** The event a log of the Fleet holds; `undefined` for one this firmware does not know or cannot read. */
export function decodeEvent({ topics, data }: Log): FleetEvent | undefined {
  const name = (Object.keys(events) as EventName[]).find((one) => events[one].topic === topics[0]);
  if (name === undefined) return undefined;
  const row = events[name] as { indexed: Codec<object>; data: Codec<object> };
  try {
    const indexed = concat(...topics.slice(1).map(hexToBytes), EMPTY);
    return { what: name, ...row.indexed.read(indexed, 0), ...row.data.read(data, 0) } as FleetEvent;
  } catch {
    return undefined;
  }
}

/** The contract is not there, is another one, or did not answer. */
export class FleetUnreadable extends Error {
  override readonly name = 'FleetUnreadable';
}
