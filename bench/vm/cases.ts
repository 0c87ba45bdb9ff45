import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { compileContracts } from '../../contracts/compile.ts';
import type { Address, ForkName, Hex } from '../../runtime/ports/index.ts';

/** A call that is measured. */
export interface Case {
  readonly name: string;
  readonly code: Hex;
  readonly calldata: Hex;
  readonly gas: bigint;
  /** What must come out, where known. */
  readonly expected?: { readonly output: string; readonly gasUsed: number };
}

export interface Cases {
  readonly target: Address;
  readonly sender: Address;
  readonly fork: ForkName;
  readonly cases: readonly Case[];
}

interface CasesFile {
  readonly target: Address;
  readonly sender: Address;
  readonly fork: string;
  readonly cases: readonly (Omit<Case, 'gas'> & { readonly gas: number; readonly suite: string })[];
}

const GAS = 100_000_000_000n;
const OUT = 'build/bench';

/** Cases from a file; those that only measure the fixed cost are left out. */
export function readCases(path: string): Cases {
  const { target, sender, fork, cases } = JSON.parse(readFileSync(path, 'utf8')) as CasesFile;
  return {
    target,
    sender,
    fork: (fork.charAt(0).toUpperCase() + fork.slice(1)) as ForkName,
    cases: cases.filter(({ suite }) => suite !== 'fixed').map((each) => ({ ...each, gas: BigInt(each.gas) })),
  };
}

/** The project's own cases: loops over single instructions, OpenZeppelin's ERC-20, a sort, a hash chain. */
export async function ownCases(): Promise<Cases> {
  mkdirSync(OUT, { recursive: true });
  await compileContracts('bench/contracts', OUT);
  const token = codeOf('Token');
  const work = codeOf('Work');
  return {
    target: '0xbe7c43a580000000000000000000000000000001',
    sender: '0xa94f5374fce5edbc8e2a8697c15331677e6ebf0b',
    fork: 'Osaka',
    cases: [
      ...loops.map(([name, body]) => ({ name: `loop/${name}`, code: loop(body), calldata: '0x' as Hex, gas: GAS })),
      call('token/mint', token, 'mints(uint256)', 2000),
      call('token/transfer', token, 'transfers(uint256)', 2000),
      call('token/approve', token, 'approvals(uint256)', 2000),
      call('work/sort', work, 'sort(uint256)', 300),
      call('work/hash-chain', work, 'hashChain(uint256)', 20_000),
      call('work/fibonacci', work, 'fibonacci(uint256)', 100_000),
    ],
  };
}

/** What a turn of the loop does; the counter is on top of the stack and stays there. */
const loops: readonly (readonly [name: string, body: string])[] = [
  ['nothing', ''],
  ['add', '8060010150'.repeat(4)],
  ['mul', '80800250'.repeat(4)],
  ['div', '807f0123456789abcdeffedcba98765432100123456789abcdeffedcba98765432100450'.repeat(4)],
  ['memory', '805f525f5150'.repeat(4)],
  ['keccak', '60405f2050'],
  ['storage', '805f555f5450'],
];

/** PUSH3 count, JUMPDEST, body, PUSH1 1, SWAP1, SUB, DUP1, PUSH1 4, JUMPI, STOP. */
function loop(body: string): Hex {
  return `0x620186a05b${body}600190038060045700`;
}

function call(name: string, code: Hex, signature: string, argument: number): Case {
  const selector = Buffer.from(keccak_256(Buffer.from(signature)).slice(0, 4)).toString('hex');
  return { name, code, calldata: `0x${selector}${argument.toString(16).padStart(64, '0')}`, gas: GAS };
}

function codeOf(contract: string): Hex {
  return (JSON.parse(readFileSync(join(OUT, `${contract}.json`), 'utf8')) as { deployedBytecode: Hex }).deployedBytecode;
}
