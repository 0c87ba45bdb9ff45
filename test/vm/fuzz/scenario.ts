import type { Address, ForkName, Word } from '../../../runtime/ports/index.ts';
import { type Chunk, code, toCode } from './chunk.ts';
import { initCode, program } from './program.ts';
import { Random } from './random.ts';

export const FORKS: readonly ForkName[] = ['Berlin', 'London', 'Paris', 'Shanghai', 'Cancun', 'Prague', 'Osaka'];
const PRAGUE = 5;

export interface ScenarioAccount {
  readonly address: Address;
  readonly nonce: bigint;
  readonly balance: bigint;
  readonly code: readonly Chunk[];
  readonly storage: readonly (readonly [slot: Word, value: Word])[];
}

/** One transaction on a small world. The minimiser takes parts away from it. */
export interface Scenario {
  readonly fork: ForkName;
  readonly accounts: readonly ScenarioAccount[];
  /** Absent: a creation with `init` as code. */
  readonly to?: Address;
  readonly init: readonly Chunk[];
  readonly data: Uint8Array;
  readonly value: bigint;
  readonly gasLimit: bigint;
  readonly accessList: readonly { readonly address: Address; readonly slots: readonly Word[] }[];
}

export const SENDER: Address = '0xa94f5374fce5edbc8e2a8697c15331677e6ebf0b';
export const COINBASE: Address = '0x2adc25665018aa1fe0e6bc666dac8fc2697ff9ba';
const CONTRACTS = [0xa1, 0xa2, 0xa3, 0xa4].map(addressOf);
const POOR = addressOf(0xb1);
const EMPTY = addressOf(0xb2);
const DELEGATED = addressOf(0xb3);
const NOBODY = addressOf(0xc1);
const SENDER_BALANCE = 10n ** 24n;

/** The scenario of a seed. */
export function scenarioOf(seed: number): Scenario {
  const random = new Random(seed);
  random.hazard = random.pick([20, 60, 300, 3000]);
  const fork = random.int(FORKS.length);
  const accounts = accountsOf(random, fork);
  const creates = random.oneIn(8);
  const around = surroundings(fork);
  return {
    fork: FORKS[fork]!,
    accounts,
    ...(!creates && { to: random.oneIn(12) ? random.pick([POOR, EMPTY, DELEGATED, NOBODY, SENDER]) : CONTRACTS[0]! }),
    init: creates ? [initCode(random, around, 1)] : [],
    data: Uint8Array.from(random.bytes(random.int(120))),
    value: random.weighted([
      [5, 0n],
      [2, 1n],
      [1, 10n ** 18n],
    ]),
    gasLimit: gasLimitOf(random),
    accessList: random.oneIn(4) ? accessListOf(random) : [],
  };
}

/** The data of the transaction: what is called with it, or the code of a creation. */
export function dataOf(scenario: Scenario): Uint8Array {
  return scenario.to ? scenario.data : toCode(scenario.init);
}

function surroundings(fork: number) {
  const known = [...CONTRACTS, ...CONTRACTS, POOR, EMPTY, DELEGATED, NOBODY, SENDER, COINBASE].map(BigInt);
  return { fork, addresses: [...known, 2n, 4n, 9n, 10n, 11n, 0x100n] };
}

function accountsOf(random: Random, fork: number): ScenarioAccount[] {
  const plain = { nonce: 0n, code: [], storage: [] };
  const contracts = CONTRACTS.map((address, i) => ({
    address,
    nonce: 1n,
    balance: random.pick([0n, 5n, 10n ** 18n]),
    code: program(random, surroundings(fork), i === 0 ? 14 : 8),
    storage: [0, 1, 2].filter(() => random.oneIn(2)).map((slot) => [wordOf(BigInt(slot)), wordOf(random.word() || 1n)] as const),
  }));
  const others: ScenarioAccount[] = [
    { ...plain, address: SENDER, nonce: BigInt(random.int(3)), balance: SENDER_BALANCE },
    { ...plain, address: POOR, balance: 7n },
  ];
  if (random.oneIn(3)) others.push({ ...plain, address: EMPTY, balance: 0n });
  if (fork >= PRAGUE && random.oneIn(2)) {
    const delegate = BigInt(random.pick([...CONTRACTS, DELEGATED, NOBODY, addressOf(4)]));
    others.push({ ...plain, address: DELEGATED, nonce: 1n, balance: 9n, code: [code(0xef, 0x01, 0x00, bytesOf(delegate))] });
  }
  return [...contracts, ...others];
}

function accessListOf(random: Random): Scenario['accessList'] {
  return Array.from({ length: 1 + random.int(3) }, () => ({
    address: random.pick([...CONTRACTS, POOR, NOBODY]),
    slots: Array.from({ length: random.int(3) }, () => wordOf(BigInt(random.int(4)))),
  }));
}

function gasLimitOf(random: Random): bigint {
  const most = random.weighted([
    [2, 40_000],
    [4, 300_000],
    [8, 2_000_000],
    [2, 8_000_000],
  ]);
  return BigInt(53_000 + random.int(most));
}

function addressOf(number: number): Address {
  return `0x${number.toString(16).padStart(40, '0')}`;
}

export function wordOf(number: bigint): Word {
  return `0x${number.toString(16).padStart(64, '0')}`;
}

function bytesOf(address: bigint): number[] {
  return [...Buffer.from(address.toString(16).padStart(40, '0'), 'hex')];
}
