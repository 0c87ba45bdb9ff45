import { type Address, parseAbi } from 'viem';
import { Exit, Failure, type Input } from '../command.ts';
import { durationSeconds, inWords, timeText } from '../values.ts';
import type { Connection } from './connection.ts';

/** A policy that is shipped: what its contract is made with, and what it says. */
interface Kind {
  readonly contract: string;
  /** Constructor arguments from the command line. Throws {@link Failure}. */
  read(input: Input): readonly (number | bigint)[];
}

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

export const policyKinds: Readonly<Record<string, Kind>> = {
  'change-window': {
    contract: 'ChangeWindow',
    read: (input) => [
      daysOf(demand(input, 'days')),
      clockOf(demand(input, 'from'), '--from'),
      clockOf(demand(input, 'until'), '--until'),
    ],
  },
  freeze: {
    contract: 'Freeze',
    read: (input) => [momentOf(demand(input, 'from'), '--from'), momentOf(demand(input, 'until'), '--until')],
  },
  'minimum-canary': {
    contract: 'MinimumCanaryTime',
    read: (input) => [BigInt(durationSeconds(demand(input, 'time'), '--time'))],
  },
};

function demand(input: Input, option: string): string {
  const value = input.text(option);
  if (value === undefined) throw new Failure(`--${option} is missing; see: classpad policy --help`, Exit.badInput);
  return value;
}

/** `mon-fri`, `sat,sun`: one bit for each day. */
function daysOf(text: string): number {
  const bits = text.split(',').map((part) => {
    const [first = '', last = first] = part.split('-');
    const [from, to] = [DAYS.indexOf(first), DAYS.indexOf(last)];
    if (from < 0 || to < from) throw new Failure(`--days "${text}" is not of days; write mon-fri or sat,sun`, Exit.badInput);
    return ((1 << (to - from + 1)) - 1) << from;
  });
  return bits.reduce((all, each) => all | each, 0);
}

/** `08:30`, UTC: seconds since midnight. */
function clockOf(text: string, option: string): number {
  const match = /^([01]?\d|2[0-4]):([0-5]\d)$/.exec(text);
  const seconds = match ? Number(match[1]) * 3600 + Number(match[2]) * 60 : Number.NaN;
  if (seconds <= 86_400) return seconds;
  throw new Failure(`${option} "${text}" is no time of the day; write 08:30, in UTC`, Exit.badInput);
}

/** `2026-12-24` or `2026-12-24T18:00`, UTC. */
function momentOf(text: string, option: string): bigint {
  const fits = /^\d{4}-\d\d-\d\d(T\d\d:\d\d)?$/.test(text);
  const ms = fits ? Date.parse(text.includes('T') ? `${text}Z` : `${text}T00:00Z`) : Number.NaN;
  if (!Number.isNaN(ms)) return BigInt(ms / 1000);
  throw new Failure(`${option} "${text}" is no moment; write 2026-12-24 or 2026-12-24T18:00, in UTC`, Exit.badInput);
}

const views = parseAbi([
  'function days_() view returns (uint8)',
  'function from() view returns (uint64)',
  'function until() view returns (uint64)',
  'function least() view returns (uint64)',
]);

/** What a policy on the ledger says, in words. One that is not of ours is only named. */
export async function describePolicy({ client }: Connection, address: Address): Promise<string> {
  const ask = async (functionName: 'days_' | 'from' | 'until' | 'least') =>
    client.readContract({ address, abi: views, functionName }).catch(() => undefined);
  const [days, from, until, least] = await Promise.all([ask('days_'), ask('from'), ask('until'), ask('least')]);
  if (least !== undefined) return `minimum-canary: a release stays with those who try it for ${inWords(Number(least))}`;
  if (from === undefined || until === undefined) return 'a policy of another kind';
  if (days === undefined) return `freeze: nothing starts or proceeds from ${timeText(from)} until ${timeText(until)} UTC`;
  const named = DAYS.filter((_, bit) => (Number(days) >> bit) & 1).join(',');
  return `change-window: releases start and proceed on ${named} from ${dayTime(from)} until ${dayTime(until)} UTC`;
}

function dayTime(seconds: number | bigint): string {
  const minutes = Number(seconds) / 60;
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
}
