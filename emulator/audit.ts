import type { FleetEvent } from './fleet.ts';
import { ENROLLED_AT_ONCE } from './operators.ts';
import type { LedgerRow } from './protocol.ts';

/** The trail in columns: block, time, who, what, and a sentence. */
export function auditLines(rows: readonly LedgerRow[]): string[] {
  const width = (pick: (row: LedgerRow) => string, least: number) => Math.max(least, ...rows.map((row) => pick(row).length));
  const whoWidth = width(({ who }) => who, 3);
  const whatWidth = width(({ what }) => what, 4);
  const line = (block: string, time: string, who: string, what: string, text: string) =>
    `${block.padStart(7)}  ${time.padEnd(20)}  ${who.padEnd(whoWidth)}  ${what.padEnd(whatWidth)}  ${text}`;
  const head = line('block', 'time', 'who', 'what', '');
  return [
    head.trimEnd(),
    ...rows.map(({ block, timestamp, who, what, text }) => line(String(block), isoTime(timestamp), who, what, text)),
  ];
}

function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000', '');
}

/** What devices say when it suits them. */
const WHENEVER: ReadonlySet<string> = new Set(['Attested', 'CameLate', 'Logged']);

export interface Trail {
  readonly events: readonly FleetEvent[];
  /** Blocks that do not name the block before them. */
  readonly broken: readonly number[];
  readonly devices: number;
  readonly threshold: number;
}

/** What is wrong with a trail that should tell the story of r1 and r2; nothing if it is as told. */
export function auditFindings({ events, broken, devices, threshold }: Trail): string[] {
  const quorum = Math.floor(devices / 2) + 1;
  // The contract rolls back as soon as a healthy quorum can no longer be reached.
  const veto = devices - quorum + 1;
  const told = events.filter(({ name }) => !WHENEVER.has(name)).map(outline);
  const expected = [
    ...enrolled(devices, threshold),
    ...started(1, threshold),
    'Promoted r1',
    ...started(2, threshold),
    'RolledBack r2 to r1',
  ];
  const votes = (revision: number, healthy: boolean) => {
    const voters = events.filter(
      (event) => event.name === 'Attested' && event.revision === revision && event.healthy === healthy,
    );
    return new Set(voters.map(({ device }) => device)).size;
  };
  return [
    ...broken.map((block) => `block ${block} does not name the block before it`),
    ...firstDifference(told, expected),
    ...(votes(1, true) >= quorum ? [] : [`r1 was promoted by ${counted(votes(1, true))}, ${quorum} are needed`]),
    ...(votes(2, false) >= veto ? [] : [`r2 was rolled back by ${counted(votes(2, false))}, ${veto} are needed`]),
  ];
}

const counted = (votes: number): string => `${votes} ${votes === 1 ? 'vote' : 'votes'}`;

/** By the quorum, some at a time. */
function enrolled(devices: number, threshold: number): string[] {
  const names: string[] = [];
  for (let left = devices; left > 0; left -= ENROLLED_AT_ONCE) {
    const some = Array.from({ length: Math.min(left, ENROLLED_AT_ONCE) }, () => 'DeviceEnrolled');
    names.push('ActionProposed', ...Array.from({ length: threshold }, () => 'ActionApproved'), ...some, 'ActionDone');
  }
  return names;
}

function started(revision: number, threshold: number): string[] {
  return [
    `Proposed r${revision}`,
    ...Array.from({ length: threshold }, () => `Approved r${revision}`),
    `RollingOut r${revision}`,
  ];
}

function outline({ name, revision, backTo }: FleetEvent): string {
  return [name, revision === undefined ? '' : ` r${revision}`, backTo === undefined ? '' : ` to r${backTo}`].join('');
}

function firstDifference(told: readonly string[], expected: readonly string[]): string[] {
  const at = expected.findIndex((event, index) => told[index] !== event);
  if (at >= 0) return [`entry ${at + 1} of the trail should be "${expected[at]}" and is "${told[at] ?? 'missing'}"`];
  return told.length > expected.length ? [`"${told[expected.length]}" stands in the trail and was not to happen`] : [];
}
