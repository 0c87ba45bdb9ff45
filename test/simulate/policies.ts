import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Abi, encodeDeployData, type Hex } from 'viem';
import { root } from '../support/need.ts';
import type { Policy } from './acts.ts';
import type { Moment } from './ledger-model.ts';

const ALL_DAYS = 127;
const DAY_S = 86_400;

interface Kind {
  readonly contract: string;
  args(policy: Policy, startS: number): readonly unknown[];
  /** The rule, in other words than the contract's. Times are the ledger's, in seconds. */
  allows(policy: Policy, startS: number, moment: Moment, atS: number, releasedS: number): boolean;
}

type Of<K extends Policy['is']> = Extract<Policy, { is: K }>;

const kinds: { readonly [K in Policy['is']]: Kind } = {
  freeze: {
    contract: 'Freeze',
    args: (policy, startS) => [BigInt(startS + (policy as Of<'freeze'>).fromS), BigInt(startS + (policy as Of<'freeze'>).untilS)],
    allows(policy, startS, _, atS) {
      const { fromS, untilS } = policy as Of<'freeze'>;
      return atS - startS < fromS || atS - startS >= untilS;
    },
  },
  // Worlds begin at midnight.
  window: {
    contract: 'ChangeWindow',
    args: (policy) => [ALL_DAYS, (policy as Of<'window'>).fromS, (policy as Of<'window'>).untilS],
    allows(policy, _, __, atS) {
      const { fromS, untilS } = policy as Of<'window'>;
      return atS % DAY_S >= fromS && atS % DAY_S < untilS;
    },
  },
  'canary time': {
    contract: 'MinimumCanaryTime',
    args: (policy) => [BigInt((policy as Of<'canary time'>).leastS)],
    allows: (policy, _, moment, atS, releasedS) => moment === 'start' || atS >= releasedS + (policy as Of<'canary time'>).leastS,
  },
};

/** What is deployed for a policy; `startS`: when the world began. */
export function policyCode(policy: Policy, startS: number): Hex {
  const { contract, args } = kinds[policy.is];
  const { abi, bytecode } = JSON.parse(readFileSync(join(root, 'build/contracts', `${contract}.json`), 'utf8')) as {
    abi: Abi;
    bytecode: Hex;
  };
  return encodeDeployData({ abi, bytecode, args: args(policy, startS) });
}

/** Whether it says yes. */
export function policyAllows(policy: Policy, startS: number, moment: Moment, atS: number, releasedS: number): boolean {
  return kinds[policy.is].allows(policy, startS, moment, atS, releasedS);
}
