/** A fleet of two of three operators and four devices, played by name: `['A', 'propose']`, `['d1', 'healthy', 1]`. */
import { encodeFunctionData, getAddress, hexToString, keccak256, stringToHex } from 'viem';
import { encodeProposal, type Proposal } from '../../runtime/contracts/proposal.ts';
import type { Address } from '../../runtime/ports/index.ts';
import { artifactOf, type Contract, deploy, type Event, type Machine, Reverted } from '../support/contract.ts';
import { CHAIN_ID } from '../support/machine.ts';

export const operators = ['A', 'B', 'C'];
export const devices = ['d1', 'd2', 'd3', 'd4'];
export const phases = ['None', 'Proposed', 'RollingOut', 'Active', 'RolledBack', 'Superseded'];
export const WINDOW_SECONDS = 60;

export type Step = readonly [who: string, what: Action, ...args: (string | number)[]];
export type Action = keyof typeof actions;

export interface Stage {
  readonly machine: Machine;
  readonly fleet: Contract;
}

const outsiders = ['d5', 'd6', 'X'];
const addresses = new Map([...operators, ...devices, ...outsiders].map((name, index) => [name, addressOf(index + 0xa1)]));
const names = new Map([...addresses].map(([name, address]) => [address.toLowerCase(), name]));

function addressOf(number: number): Address {
  return `0x${number.toString(16).padStart(40, '0')}`;
}

/** The actor's name behind an address. */
export function nameOf(address: string): string {
  return names.get(address.toLowerCase())!;
}

/** The address behind an actor's name; `0` is the zero address. */
export function actor(name: string): Address {
  return name === '0' ? addressOf(0) : addresses.get(name)!;
}

export function appName(name: string): Address {
  return stringToHex(name, { size: 32 });
}

/** Deploys a fleet; `enrolled` devices are enrolled by A. */
export async function stage(machine: Machine, threshold = 2, enrolled: readonly string[] = devices): Promise<Stage> {
  const fleet = await deploy(machine, artifactOf('Fleet'), actor('A'), [operators.map(actor), threshold]);
  // How a fleet begins is tried in Actions.test.ts; here one operator may enrol.
  if (threshold > 1) await byQuorum({ machine, fleet }, 'A', 'setEnrolment', [false]);
  if (enrolled.length > 0) await fleet.send(actor('A'), 'enrol', enrolled.map(actor), enrolled);
  return { machine, fleet };
}

/** One entry per verb of a {@link Step}; each answers the events. Apps are called `hello` unless said otherwise. */
const actions = {
  propose: async ({ fleet }: Stage, who: string, app = 'hello', sizeBytes = 100, windowSeconds = WINDOW_SECONDS) =>
    (await fleet.send(actor(who), 'propose', appName(`${app}`), manifest(+sizeBytes), BigInt(windowSeconds))).events,
  /** `canary` as `2` or `50%`, labels separated by commas, and the second at which it expires. */
  proposeTo: async ({ fleet }: Stage, who: string, canary = '0', labels = '', expiresAt = 0, app = 'hello', notes = '') => {
    const size = `${canary}`;
    const terms = {
      healthWindow: BigInt(WINDOW_SECONDS),
      expiresAt: BigInt(expiresAt),
      ...canaryOf(size),
      labels: labelWords(`${labels}`),
    };
    return (await fleet.send(actor(who), 'proposeWith', appName(`${app}`), manifest(100), terms, `${notes}`)).events;
  },
  approve: async ({ fleet }: Stage, who: string, revision = 1, app = 'hello') => {
    const hash = await releaseHash(fleet, `${app}`, Number(revision));
    return (await fleet.send(actor(who), 'approve', appName(`${app}`), BigInt(revision), hash)).events;
  },
  /** By whatever hash. */
  approveAs: async ({ fleet }: Stage, who: string, revision = 1, hash = '0x', app = 'hello') =>
    (await fleet.send(actor(who), 'approve', appName(`${app}`), BigInt(revision), hash)).events,
  healthy: async ({ fleet }: Stage, who: string, revision = 1, app = 'hello') =>
    (await fleet.send(actor(who), 'attest', appName(`${app}`), BigInt(revision), true, '')).events,
  unhealthy: async ({ fleet }: Stage, who: string, revision = 1, app = 'hello', reasonBytes = 10) =>
    (await fleet.send(actor(who), 'attest', appName(`${app}`), BigInt(revision), false, 'x'.repeat(+reasonBytes))).events,
  expire: async ({ fleet }: Stage, who: string, app = 'hello') =>
    (await fleet.send(actor(who), 'expire', appName(`${app}`))).events,
  enrol: async ({ fleet }: Stage, who: string, device = 'd5', name = device) =>
    (await fleet.send(actor(who), 'enrol', [actor(`${device}`)], [name])).events,
  enrolLabelled: async ({ fleet }: Stage, who: string, device = 'd5', labels = '') =>
    (await fleet.send(actor(who), 'enrolLabelled', actor(`${device}`), device, labelWords(`${labels}`))).events,
  revoke: (on: Stage, who: string, device = 'd4') => byQuorum(on, who, 'revoke', [actor(`${device}`)]),
  relabel: (on: Stage, who: string, device = 'd4', labels = '') =>
    byQuorum(on, who, 'relabel', [actor(`${device}`), labelWords(`${labels}`)]),
  setEnrolment: (on: Stage, who: string, byAll = 'quorum') => byQuorum(on, who, 'setEnrolment', [byAll === 'quorum']),
  /** The new operators as one word: `AB`. */
  setOperators: (on: Stage, who: string, names = 'AB', threshold = 2) =>
    byQuorum(on, who, 'setOperators', [[...`${names}`].map(actor), threshold]),
  /** The key is one byte; power 0 ends it. */
  setValidator: (on: Stage, who: string, device = 'd1', key = 1, power = 1) =>
    byQuorum(on, who, 'setValidator', [actor(`${device}`), `0x${Number(key).toString(16).padStart(64, '0')}`, BigInt(power)]),
  log: async ({ fleet }: Stage, who: string, app = 'hello', kind = 1) =>
    (await fleet.send(actor(who), 'log', appName(`${app}`), 1n, Number(kind), '0x7b7d')).events,
  rollback: async ({ fleet }: Stage, who: string, to = 1, app = 'hello') => {
    const hash = await releaseHash(fleet, `${app}`, Number(to));
    return (await fleet.send(actor(who), 'rollback', appName(`${app}`), BigInt(to), hash, BigInt(WINDOW_SECONDS))).events;
  },
  settle: async ({ fleet }: Stage, who: string, app = 'hello') =>
    (await fleet.send(actor(who), 'settle', appName(`${app}`))).events,
  wait: async ({ machine }: Stage, _who: string, seconds = WINDOW_SECONDS): Promise<readonly Event[]> => {
    machine.timestamp += BigInt(seconds);
    return [];
  },
};

export const DEFAULT_TERMS = { healthWindow: WINDOW_SECONDS, expiresAt: 0, canary: 0, inPercent: false, labels: [] };

export const hashOf = (proposal: Proposal): Address => keccak256(encodeProposal(proposal));

/** What a revision is to whoever has said all of it, and believes nobody else. */
export function said(
  { fleet }: Stage,
  proposer: string,
  revision: number,
  {
    content = manifest(100),
    ...rest
  }: Partial<Pick<Proposal, 'app' | 'backTo' | 'manifestHash' | 'terms' | 'notes'>> & { content?: Address },
): Proposal {
  const place = { chain: CHAIN_ID, fleet: fleet.address, app: 'hello', revision, proposer: actor(proposer) };
  return { ...place, backTo: 0, manifestHash: keccak256(content), terms: DEFAULT_TERMS, notes: '', ...rest };
}

/** As `2` or `50%`. */
export function canaryOf(size: string): Pick<Proposal['terms'], 'canary' | 'inPercent'> {
  return { canary: Number(size.replace('%', '')), inPercent: size.endsWith('%') };
}

/** What the ledger says that an approval of a revision names. */
export async function releaseHash(fleet: Contract, app: string, revision: number): Promise<Address> {
  return ((await fleet.read('release', appName(app), BigInt(revision))) as { releaseHash: Address }).releaseHash;
}

function labelWords(labels: string): string[] {
  return labels === '' ? [] : labels.split(',').map(appName);
}

/** The devices that the contract chose to try a revision first, by name. */
export async function canary({ fleet }: Stage, revision: number, app = 'hello'): Promise<string[]> {
  const chosen = (await fleet.read('canary', appName(app), BigInt(revision))) as string[];
  return chosen.map(nameOf);
}

/** `hello 2`, for each app that a device should run now. */
export async function wanted({ fleet }: Stage, device: string): Promise<string[]> {
  const rows = (await fleet.read('wanted', actor(device))) as { app: string; revision: bigint }[];
  return rows.map(({ app, revision }) => `${hexToString(app as Address, { size: 32 })} ${revision}`);
}

/** A change of the fleet itself: proposed by one, approved by as many others as it takes. */
export async function byQuorum(on: Stage, who: string, name: string, args: readonly unknown[]): Promise<readonly Event[]> {
  const call = encodeFunctionData({ abi: artifactOf('Fleet').abi, functionName: name, args });
  const events = [...(await on.fleet.send(actor(who), 'proposeAction', call)).events];
  const id = events.find((event) => event.name === 'ActionProposed')!.args['id'];
  for (const other of operators.filter((each) => each !== who)) {
    if (events.some((event) => event.name === 'ActionDone')) break;
    events.push(...(await on.fleet.send(actor(other), 'approveAction', id, keccak256(call))).events);
  }
  return events.filter((event) => !event.name.startsWith('Action'));
}

const IMAGES = `{"images":["app@sha256:${'a'.repeat(64)}"],"x":"`;

/** Bytes that the fleet takes for a manifest, of that size, or longer by that where it is too little; none for none. */
export function manifest(sizeBytes: number): `0x${string}` {
  const room = sizeBytes - IMAGES.length - 2;
  return sizeBytes === 0 ? '0x' : stringToHex(`${IMAGES}${'x'.repeat(room < 0 ? sizeBytes : room)}"}`);
}

export async function act(on: Stage, [who, what, ...args]: Step): Promise<readonly Event[]> {
  return (actions[what] as (on: Stage, who: string, ...args: (string | number)[]) => Promise<readonly Event[]>)(on, who, ...args);
}

/** The names of the events, or the refusal with its arguments in words. */
export async function tell(on: Stage, step: Step): Promise<string> {
  try {
    return (await act(on, step)).map((event) => event.name).join(' ');
  } catch (error) {
    if (!(error instanceof Reverted)) throw error;
    return `${error.error}(${error.args.map((value, index) => word(value, error.error, index)).join(', ')})`;
  }
}

function word(value: unknown, error: string, index: number): string {
  if (error === 'WrongPhase' && index === 2) return phases[Number(value)]!;
  if (typeof value !== 'string' || !value.startsWith('0x')) return String(value);
  if (value.length === 66) return hexToString(value as Address, { size: 32 });
  return names.get(value.toLowerCase()) ?? getAddress(value);
}

/** The phases of an app's revisions from 1 on. */
export async function history({ fleet }: Stage, app = 'hello'): Promise<string> {
  const latest = Number(await fleet.read('latest', appName(app)));
  const read = async (_: unknown, index: number) =>
    (await fleet.read('release', appName(app), BigInt(index + 1))) as { phase: number };
  const releases = await Promise.all(Array.from({ length: latest }, read));
  return releases.map(({ phase }) => phases[phase]).join(' ');
}
