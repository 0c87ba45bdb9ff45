import { readFileSync } from 'node:fs';
import { type Abi, decodeEventLog, type Hex, hexToString } from 'viem';
import { logKindName } from '../runtime/contracts/log-kinds.ts';
import type { ViewState } from './protocol.ts';

/** The compiled Fleet contract. */
export interface FleetArtifact {
  readonly abi: Abi;
  readonly bytecode: Hex;
}

/** Reads `contracts/Fleet.json` of the build folder; throws a sentence if it is not there. */
export function readFleet(folder: string): FleetArtifact {
  try {
    return JSON.parse(readFileSync(`${folder}/contracts/Fleet.json`, 'utf8')) as FleetArtifact;
  } catch {
    throw new Error(`${folder}/contracts/Fleet.json is missing or damaged; "npm run build" makes it`);
  }
}

/** An event of the Fleet contract, decoded. Fields that an event lacks are absent. */
export interface FleetEvent {
  readonly name: string;
  readonly app?: string;
  readonly revision?: number;
  /** Operator who did it. */
  readonly by?: Hex;
  readonly device?: Hex;
  readonly deviceName?: string;
  readonly healthy?: boolean;
  readonly reason?: string;
  readonly approvals?: number;
  readonly needed?: number;
  readonly previous?: number;
  readonly backTo?: number;
  readonly votes?: number;
  readonly quorum?: number;
  readonly why?: string;
  readonly next?: number;
  readonly byQuorum?: boolean;
  /** Number of an administrative action. */
  readonly id?: number;
  /** Revision that a rollback goes back to. */
  readonly to?: number;
  readonly labels?: readonly string[];
  readonly notes?: string;
  readonly devices?: readonly Hex[];
  /** Of a validator. */
  readonly power?: number;
  /** Who are operators from now on, and how many of them must approve. */
  readonly operators?: readonly Hex[];
  readonly threshold?: number;
  readonly policies?: readonly Hex[];
  /** Of an invitation: seconds, block time. */
  readonly expiresAt?: number;
  /** Of a log entry. */
  readonly kind?: number;
}

type Arguments = Readonly<Record<string, unknown>>;

/** Decodes a log of the Fleet contract; `undefined` for an event that its ABI does not name. */
export function decodeFleetEvent(abi: Abi, log: { readonly topics: readonly Hex[]; readonly data: Hex }): FleetEvent | undefined {
  try {
    const { eventName, args } = decodeEventLog({ abi, topics: log.topics as [Hex, ...Hex[]], data: log.data });
    return toEvent(String(eventName), (args ?? {}) as unknown as Arguments);
  } catch {
    return undefined;
  }
}

/** Names of an application are left-aligned in 32 bytes. */
export function appName(word: Hex): string {
  return hexToString(word, { size: 32 }).replace(/\0+$/, '');
}

function toEvent(name: string, args: Arguments): FleetEvent {
  const event: Record<string, unknown> = { name };
  if (args['app'] !== undefined) event['app'] = appName(args['app'] as Hex);
  for (const key of [
    'revision',
    'approvals',
    'needed',
    'previous',
    'backTo',
    'votes',
    'quorum',
    'id',
    'to',
    'power',
    'kind',
    'threshold',
    'expiresAt',
  ]) {
    if (args[key] !== undefined) event[key] = Number(args[key]);
  }
  for (const key of ['device', 'by']) {
    if (typeof args[key] === 'string') event[key] = args[key].toLowerCase();
  }
  if (Array.isArray(args['labels'])) event['labels'] = args['labels'].map(appName);
  for (const key of ['devices', 'operators', 'policies']) {
    if (Array.isArray(args[key])) event[key] = args[key].map((address: string) => address.toLowerCase());
  }
  for (const key of ['healthy', 'reason', 'why', 'notes', 'byQuorum']) if (args[key] !== undefined) event[key] = args[key];
  if (args['name'] !== undefined) event['deviceName'] = args['name'];
  if (name === 'Superseded') event['next'] = Number(args['by']);
  return event as unknown as FleetEvent;
}

/** How an event is told: whose doing it was, in one sentence, in which of the page's states. */
interface Telling {
  readonly who: (event: FleetEvent) => Hex | undefined;
  readonly text: (event: FleetEvent, nameOf: (address: Hex | undefined) => string) => string;
  readonly state: (event: FleetEvent) => ViewState | 'neutral';
}

const release = ({ app, revision }: FleetEvent): string => `${app} r${revision}`;
const votes = (count: number | undefined): string => `${count} ${count === 1 ? 'vote' : 'votes'}`;

const tellings: { readonly [name: string]: Telling } = {
  DeviceEnrolled: {
    who: ({ by }) => by,
    text: ({ deviceName }) => `${deviceName} joined the fleet`,
    state: () => 'neutral',
  },
  DeviceRevoked: {
    who: () => undefined,
    text: ({ device }, nameOf) => `${nameOf(device)} was removed from the fleet`,
    state: () => 'offline',
  },
  Proposed: {
    who: ({ by }) => by,
    text: (event) => `${release(event)} was proposed`,
    state: () => 'neutral',
  },
  OperatorsSet: {
    who: () => undefined,
    text: () => 'The operators changed',
    state: () => 'neutral',
  },
  ActionProposed: {
    who: ({ by }) => by,
    text: ({ id }) => `Action ${id} was proposed`,
    state: () => 'neutral',
  },
  ActionApproved: {
    who: ({ by }) => by,
    text: (event) => `Action ${event.id} was approved, ${event.approvals} of ${event.needed}`,
    state: () => 'neutral',
  },
  ActionDone: {
    who: () => undefined,
    text: ({ id }) => `Action ${id} was done`,
    state: () => 'neutral',
  },
  EnrolmentSet: {
    who: () => undefined,
    text: ({ byQuorum }) => (byQuorum ? 'Devices are enrolled by the quorum' : 'Devices are enrolled by any operator'),
    state: () => 'neutral',
  },
  InvitationWithdrawn: {
    who: ({ by }) => by,
    text: () => 'An invitation was withdrawn',
    state: () => 'neutral',
  },
  Invited: {
    who: ({ by }) => by,
    text: ({ deviceName }) => `${deviceName} was invited`,
    state: () => 'neutral',
  },
  PoliciesSet: {
    who: () => undefined,
    text: () => 'The policies changed',
    state: () => 'neutral',
  },
  RollbackProposed: {
    who: () => undefined,
    text: (event) => `${release(event)} is r${event.to} again`,
    state: () => 'neutral',
  },
  Held: {
    who: () => undefined,
    text: (event) => `${release(event)} is held back by a policy`,
    state: () => 'changing',
  },
  DeviceLabelled: {
    who: () => undefined,
    text: ({ device, labels }, nameOf) => `${nameOf(device)} carries ${labels?.join(', ') || 'no labels'}`,
    state: () => 'neutral',
  },
  ValidatorSet: {
    who: () => undefined,
    text: ({ device, power }, nameOf) =>
      power === 0 ? `${nameOf(device)} makes blocks no more` : `${nameOf(device)} makes blocks, with power ${power}`,
    state: () => 'neutral',
  },
  Logged: {
    who: ({ device }) => device,
    text: ({ kind = 0, app }) => `logged ${logKindName(kind)}${app ? ` of ${app}` : ''}`,
    state: () => 'neutral',
  },
  Noted: {
    who: () => undefined,
    text: (event) => `${release(event)}: ${event.notes}`,
    state: () => 'neutral',
  },
  CanaryChosen: {
    who: () => undefined,
    text: (event, nameOf) => `${release(event)} is tried first by ${event.devices?.map(nameOf).join(', ')}`,
    state: () => 'changing',
  },
  Approved: {
    who: ({ by }) => by,
    text: (event) => `${release(event)} was approved, ${event.approvals} of ${event.needed}`,
    state: () => 'neutral',
  },
  RollingOut: {
    who: () => undefined,
    text: (event) => `${release(event)} rolls out${event.previous ? `, after r${event.previous}` : ''}`,
    state: () => 'changing',
  },
  Attested: {
    who: ({ device }) => device,
    text: (event) => `${release(event)} is ${event.healthy ? 'healthy' : `unhealthy: ${event.reason || 'no reason given'}`}`,
    state: ({ healthy }) => (healthy ? 'healthy' : 'failed'),
  },
  CameLate: {
    who: ({ device }) => device,
    text: (event) => `vote on ${release(event)} met the decision on its way`,
    state: () => 'neutral',
  },
  Promoted: {
    who: () => undefined,
    text: (event) => `${release(event)} is active, by ${votes(event.votes)} of ${event.quorum} needed`,
    state: () => 'healthy',
  },
  RolledBack: {
    who: () => undefined,
    text: (event) => `${release(event)} was rolled back to ${event.backTo ? `r${event.backTo}` : 'nothing'}: ${event.why}`,
    state: () => 'failed',
  },
  Superseded: {
    who: () => undefined,
    text: (event) => `${release(event)} was superseded by r${event.next}`,
    state: () => 'neutral',
  },
};

/** A Fleet event in words; `nameOf` names addresses. */
export function tell(event: FleetEvent, nameOf: (address: Hex | undefined) => string) {
  const telling = tellings[event.name];
  if (!telling) return { who: 'fleet', text: event.name, state: 'neutral' as const };
  const actor = telling.who(event);
  return { who: actor ? nameOf(actor) : 'fleet', text: telling.text(event, nameOf), state: telling.state(event) };
}

/** `0x1234…cdef` */
export function shortAddress(address: string): string {
  return address.length > 12 ? `${address.slice(0, 6)}…${address.slice(-4)}` : address;
}
