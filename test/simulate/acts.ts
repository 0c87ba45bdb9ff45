import type { FaultCall } from '../../emulator/faults.ts';

/** Apps of random worlds; the second has two services. */
export const APPS = ['hello', 'shop'] as const;
export type App = (typeof APPS)[number];

/** Where a release goes and how long it may take; times are counted from when it is proposed. */
export interface Terms {
  readonly windowS: number;
  /** 0: never. */
  readonly expiresAfterS: number;
  readonly canary: number;
  readonly inPercent: boolean;
  readonly labels: readonly string[];
}

/** Times are counted from the beginning of the world, in seconds. */
export type Policy =
  | { readonly is: 'freeze'; readonly fromS: number; readonly untilS: number }
  | { readonly is: 'window'; readonly fromS: number; readonly untilS: number }
  | { readonly is: 'canary time'; readonly leastS: number };

/** One thing that happens in a random world. */
export type Act = { readonly atMs: number } & (
  | { readonly do: 'fault'; readonly call: FaultCall }
  | {
      readonly do: 'release';
      readonly good: boolean;
      readonly number: number;
      readonly app?: App;
      /** Which operator proposes it, among those there are. */
      readonly by?: number;
      readonly terms?: Terms;
    }
  /** To a revision that was active once. */
  | { readonly do: 'return'; readonly app: App; readonly by: number }
  /** A board comes: it enrols itself by a token, or operators enrol it, or nobody does. */
  | { readonly do: 'arrive'; readonly join: 'token' | 'quorum' | 'nobody'; readonly labels: readonly string[] }
  /** A board is taken away for good. */
  | { readonly do: 'depart'; readonly device: string; readonly isRevoked: boolean }
  /** The operators take a device out of the fleet. */
  | { readonly do: 'revoke'; readonly device: string }
  | { readonly do: 'relabel'; readonly device: string; readonly labels: readonly string[] }
  /** Others are operators, named by their numbers. */
  | { readonly do: 'operators'; readonly who: readonly number[]; readonly threshold: number }
  | { readonly do: 'policies'; readonly policies: readonly Policy[] }
  /** Blocks go on a stick. */
  | { readonly do: 'carry'; readonly from: string; readonly to: string }
);

type Told = { readonly [K in Act['do']]: (act: Extract<Act, { do: K }>) => string };

const list = (some: readonly unknown[]): string => some.join(', ') || 'none';

function termsText({ windowS, expiresAfterS, canary, inPercent, labels }: Terms): string {
  return [
    ` within ${windowS} s`,
    ...(expiresAfterS > 0 ? [`to start within ${expiresAfterS} s`] : []),
    ...(canary > 0 ? [`tried by ${canary}${inPercent ? ' %' : ''} first`] : []),
    ...(labels.length > 0 ? [`for ${labels.join(' and ')}`] : []),
  ].join(', ');
}

const told: Told = {
  fault: ({ call: { fault, devices = ['all'], others, amount } }) =>
    `${fault}${amount === undefined ? '' : ` ${amount}`}: ${devices.join(', ')}${others ? ` from ${others.join(', ')}` : ''}`,
  release: ({ good, number, app = APPS[0], by = 0, terms }) =>
    `${app}: release ${number}, ${good ? 'good' : 'broken'}, by operator ${by}${terms ? termsText(terms) : ''}`,
  return: ({ app, by }) => `${app}: back to an earlier revision, by operator ${by}`,
  arrive: ({ join, labels }) => `a board comes, enrolled by ${join}, with labels ${list(labels)}`,
  depart: ({ device, isRevoked }) => `${device} is taken away${isRevoked ? ' and revoked' : ''}`,
  revoke: ({ device }) => `revoke ${device}`,
  relabel: ({ device, labels }) => `${device} gets the labels ${list(labels)}`,
  operators: ({ who, threshold }) => `operators ${list(who)}, of whom ${threshold} approve`,
  policies: ({ policies }) => `policies ${list(policies.map((each) => Object.values(each).join(' ')))}`,
  carry: ({ from, to }) => `blocks go from ${from} to ${to} on a stick`,
};

/** One line for people. */
export function tellAct(act: Act): string {
  const words = (told[act.do] as (act: Act) => string)(act);
  return `${(act.atMs / 1000).toFixed(1).padStart(6)} s  ${words}`;
}
