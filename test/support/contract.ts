/** Deploys contracts, sends to them and reads them, on one VM without a ledger: each call is one transaction. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Abi, decodeErrorResult, decodeEventLog, decodeFunctionResult, encodeDeployData, encodeFunctionData } from 'viem';
import type { Address, Hex, Log } from '../../runtime/ports/index.ts';
import { root } from './need.ts';

/** What one transaction did. */
export interface Outcome {
  readonly succeeded: boolean;
  readonly output: Uint8Array;
  readonly gasUsed: bigint;
  readonly logs: readonly Log[];
  readonly created?: Address;
}

/** A VM with a state in memory. Time stands still until it is moved. */
export interface Machine {
  /** Seconds since 1970. */
  timestamp: bigint;
  /** Runs a transaction and keeps what it changed. Without `to`: a creation. */
  send(from: Address, to: Address | undefined, data: Uint8Array): Promise<Outcome>;
  /** Runs a transaction and forgets what it changed. */
  read(from: Address, to: Address, data: Uint8Array): Promise<Outcome>;
}

export interface Artifact {
  readonly abi: Abi;
  readonly bytecode: Hex;
}

/** An event as viem names it, with its arguments. */
export interface Event {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

export interface Sent {
  readonly events: readonly Event[];
  readonly gasUsed: bigint;
}

/** A deployed contract. Reverts throw {@link Reverted}. */
export interface Contract {
  readonly address: Address;
  send(from: Address, name: string, ...args: unknown[]): Promise<Sent>;
  read(name: string, ...args: unknown[]): Promise<unknown>;
}

export const NOBODY: Address = '0x00000000000000000000000000000000000000ff';

/** The artifact that the build made of a contract. */
export function artifactOf(name: string): Artifact {
  const path = join(root, 'build/contracts', `${name}.json`);
  if (!existsSync(path)) throw new Error(`${path} is not there; run: npm run build`);
  return JSON.parse(readFileSync(path, 'utf8')) as Artifact;
}

export async function deploy(machine: Machine, artifact: Artifact, from: Address, args: readonly unknown[]): Promise<Contract> {
  const data = encodeDeployData({ abi: artifact.abi, bytecode: artifact.bytecode, args: [...args] });
  const { created } = demand(artifact.abi, await machine.send(from, undefined, bytes(data)));
  return contractAt(machine, artifact.abi, created!);
}

function contractAt(machine: Machine, abi: Abi, address: Address): Contract {
  const encode = (functionName: string, args: readonly unknown[]) => bytes(encodeFunctionData({ abi, functionName, args }));
  return {
    address,
    async send(from, name, ...args) {
      const outcome = demand(abi, await machine.send(from, address, encode(name, args)));
      return { events: outcome.logs.map((log) => eventOf(abi, log)), gasUsed: outcome.gasUsed };
    },
    async read(name, ...args) {
      const outcome = demand(abi, await machine.read(NOBODY, address, encode(name, args)));
      return decodeFunctionResult({ abi, functionName: name, args, data: hex(outcome.output) });
    },
  };
}

function eventOf(abi: Abi, log: Log): Event {
  const [signature, ...topics] = log.topics;
  const decoded = decodeEventLog({ abi, data: hex(log.data), topics: [signature!, ...topics] });
  return { name: decoded.eventName!, args: (decoded.args ?? {}) as unknown as Event['args'] };
}

function demand(abi: Abi, outcome: Outcome): Outcome {
  if (outcome.succeeded) return outcome;
  if (outcome.output.length < 4) throw new Reverted('without a reason', []);
  const { errorName, args } = decodeErrorResult({ abi, data: hex(outcome.output) });
  throw new Reverted(errorName, args ?? []);
}

export function hex(data: Uint8Array): Hex {
  return `0x${Buffer.from(data).toString('hex')}`;
}

export function bytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.slice(2), 'hex'));
}

/** A contract's own refusal: the custom error's name and arguments. */
export class Reverted extends Error {
  readonly error: string;
  readonly args: readonly unknown[];
  constructor(error: string, args: readonly unknown[]) {
    super(`reverted: ${error}(${args.join(', ')})`);
    this.name = 'Reverted';
    this.error = error;
    this.args = args;
  }
}
