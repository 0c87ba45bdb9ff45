import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Abi } from 'viem';
import type { Address, Hex } from '../../runtime/ports/index.ts';
import { root } from '../support/need.ts';

/** An Ethereum client library as its own manual says to use it, behind the few verbs that the story needs. */
export interface Library {
  readonly name: string;
  /** @param url `http:` or `ws:`. The account is the operator's, whose key the client holds. */
  connect(url: string): Client;
}

export interface Client {
  deploy(artifact: Artifact, args: readonly unknown[]): Promise<Address>;
  read(artifact: Artifact, at: Address, name: string, args: readonly unknown[]): Promise<unknown>;
  /** Sends, waits for the receipt, and answers the events that the artifact knows. */
  send(artifact: Artifact, at: Address, name: string, args: readonly unknown[]): Promise<readonly Told[]>;
  /** Sends what the contract refuses and answers the error as the library decodes it. */
  refusal(artifact: Artifact, at: Address, name: string, args: readonly unknown[]): Promise<Told>;
  /** Calls `seen` for each event of the name from now on; only over WebSocket. */
  watch(artifact: Artifact, at: Address, event: string, seen: (args: readonly unknown[]) => void): Promise<void>;
  close(): Promise<void>;
}

/** An event or a custom error with its arguments. */
export interface Told {
  readonly name: string;
  readonly args: readonly unknown[];
}

export interface Artifact {
  readonly abi: Abi;
  readonly bytecode: Hex;
}

/** What the build made of a contract in `test/clients/contracts`. */
export function artifactOf(name: string): Artifact {
  const path = join(root, 'build/clients', `${name}.json`);
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Artifact;
  } catch {
    throw new Error(`${path} cannot be read; run: npm run build`);
  }
}
