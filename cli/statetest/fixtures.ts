import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import type { Address, ForkName, Word } from '../../runtime/ports/index.ts';
import { Exit, Failure } from '../command.ts';

/** The forks that the VM knows, oldest first. */
export const FORKS: readonly ForkName[] = ['Berlin', 'London', 'Paris', 'Shanghai', 'Cancun', 'Prague', 'Osaka'];

/** An account as the fixtures write it: numbers in hexadecimal of any width. */
export interface FixtureAccount {
  readonly nonce: string;
  readonly balance: string;
  readonly code: string;
  readonly storage: Readonly<Record<string, string>>;
}

export type FixtureState = Readonly<Record<string, FixtureAccount>>;

/** One signed transaction and what becomes of the state. */
export interface FixtureCase {
  readonly indexes: { readonly data: number; readonly gas: number; readonly value: number };
  /** State root afterwards. */
  readonly hash: Word;
  /** Hash of the RLP of the logs. */
  readonly logs: Word;
  /** The signed transaction. Files that are not from the official tests may lack it. */
  readonly txbytes?: string;
  readonly expectException?: string;
  /** The whole state afterwards, where given. */
  readonly state?: FixtureState;
}

/** The transactions of a fixture: `data`, `gasLimit`, `value` and `accessLists` are chosen by a case's indexes. */
export interface FixtureTransaction {
  readonly data: readonly string[];
  readonly gasLimit: readonly string[];
  readonly value: readonly string[];
  readonly nonce: string;
  /** Empty for a creation. */
  readonly to: string;
  readonly sender?: string;
  readonly secretKey?: string;
  readonly gasPrice?: string;
  readonly maxFeePerGas?: string;
  readonly maxPriorityFeePerGas?: string;
  readonly accessLists?: readonly (readonly { readonly address: string; readonly storageKeys: readonly string[] }[] | null)[];
  readonly maxFeePerBlobGas?: string;
  readonly blobVersionedHashes?: readonly string[];
  readonly authorizationList?: readonly Readonly<Record<'chainId' | 'address' | 'nonce' | 'yParity' | 'r' | 's', string>>[];
}

export interface Fixture {
  readonly env: {
    readonly currentCoinbase: Address;
    readonly currentGasLimit: string;
    readonly currentNumber: string;
    readonly currentTimestamp: string;
    readonly currentDifficulty?: string;
    readonly currentBaseFee?: string;
    readonly currentRandom?: string;
    readonly currentExcessBlobGas?: string;
  };
  readonly pre: FixtureState;
  readonly transaction: FixtureTransaction;
  readonly post: Readonly<Record<string, readonly FixtureCase[]>>;
}

/** A file of the official tests: state tests by name, or something else. */
export interface FixtureFile {
  readonly path: string;
  readonly tests: Readonly<Record<string, Fixture>>;
  /** What a JSON file holds that has no state tests: vectors perhaps. */
  readonly other?: unknown;
}

/** Every `jobs`-th file below the paths, from the `job`-th on: raw JSON files, or lines of `.jsonl.br` shards. Throws {@link Failure}. */
export function* readFixtures(paths: readonly string[], job: number, jobs: number): Generator<FixtureFile> {
  let index = 0;
  const isMine = () => index++ % jobs === job;
  for (const file of paths.flatMap(filesBelow)) {
    if (file.endsWith('.jsonl.br')) {
      for (const line of linesOf(file)) if (isMine()) yield parsed(line, file) as FixtureFile;
    } else if (isMine()) {
      const json = parsed(readFileSync(file, 'utf8'), file);
      const tests = stateTestsOf(json);
      yield tests ? { path: file, tests } : { path: file, tests: {}, other: json };
    }
  }
}

function parsed(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Failure(`${file} is not JSON: ${(error as Error).message.replace(/\s+/g, ' ')}`, Exit.badInput);
  }
}

/** State tests and shards at or below a path, in order of their names. Throws where there is no such path. */
export function filesBelow(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .filter((name) => name !== 'index.json')
    .map((name) => join(path, name))
    .filter((file) => statSync(file).isDirectory() || /\.(json|jsonl\.br)$/.test(file))
    .flatMap(filesBelow);
}

function linesOf(shard: string): string[] {
  const text = brotliDecompressSync(readFileSync(shard)).toString('utf8');
  return text.split('\n').filter((line) => line.length > 0);
}

/** The fixtures in a JSON file, or `undefined` if it holds something else. */
function stateTestsOf(json: unknown): FixtureFile['tests'] | undefined {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined;
  const fixtures = Object.values(json as Record<string, Partial<Fixture> | null>);
  const fit = fixtures.every((fixture) => fixture?.env && fixture.pre && fixture.post && !Array.isArray(fixture.post));
  return fit ? (json as FixtureFile['tests']) : undefined;
}
