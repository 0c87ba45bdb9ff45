import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import {
  type Abi,
  decodeFunctionData,
  encodeAbiParameters,
  encodeErrorResult,
  encodeEventTopics,
  encodeFunctionResult,
  hexToString,
  stringToHex,
} from 'viem';
import { bytesToHex, hexToBytes } from '../../runtime/bytes.ts';
import { decodeLog, type LogFields } from '../../runtime/contracts/log-kinds.ts';
import type { AppendedBlock, CallRequest, CallResult, Head, Ledger } from '../../runtime/ledger/ledger.ts';
import { decodeTransaction } from '../../runtime/ledger/transaction.ts';
import type { Address, Log, Vm } from '../../runtime/ports/index.ts';
import { root } from './need.ts';

export const FLEET: Address = `0x${'f1'.repeat(20)}`;

/** Real hashes and signatures, no execution. */
export const nobleVm: Vm = {
  fork: 'Osaka',
  execute: () => ({ kind: 'refused', reason: 'NonceTooLow' }),
  keccak256: (data) => keccak_256(data),
  sha256: (data) => sha256(data),
  recover(hash, yParity, r, s) {
    const signature = new secp256k1.Signature(r, s).addRecoveryBit(yParity);
    const point = signature.recoverPublicKey(hash).toBytes(false).subarray(1);
    return bytesToHex(keccak_256(point).subarray(12));
  },
};

export interface FakeRelease {
  readonly manifest: Uint8Array;
  phase: number;
  previous: number;
  votes: Map<string, boolean>;
}

/**
 * A ledger of one Fleet without a chain: the rules of `Releases.sol` that a device meets, in TypeScript, spoken to through
 * the compiled ABI. A transaction is in a block as soon as `mine` is called.
 */
export interface FakeLedger extends Ledger {
  /** Starts the next revision of an app. */
  release(app: string, manifest: Uint8Array): number;
  /** The others have decided against what rolls out. */
  rollBack(app: string): void;
  /** Puts what was submitted into a block. */
  mine(): void;
  readonly phaseOf: (app: string, revision: number) => string;
  /** Votes that reached the ledger: `app revision healthy|unhealthy reason`. */
  readonly votes: string[];
  /** Entries that reached its log. */
  readonly logged: { app: string; revision: number; kind: number; fields: LogFields | undefined }[];
  /** Calls that reached it and reverted. */
  readonly reverts: string[];
  /** While set, `submit` throws it. */
  refuseWith: string | undefined;
  /** While set, nothing submitted gets into a block. */
  isCut: boolean;
  exists: boolean;
  quorum: number;
  windowSeconds: number;
}

const PHASES = ['none', 'proposed', 'rolling out', 'active', 'rolled back', 'superseded'];
const [ROLLING, ACTIVE, ROLLED_BACK, SUPERSEDED] = [2, 3, 4, 5];

export function createFakeLedger(device: Address, nowMs: () => number): FakeLedger {
  const abi = JSON.parse(readFileSync(join(root, 'build/contracts/Fleet.json'), 'utf8')).abi as Abi;
  const apps = new Map<string, FakeRelease[]>();
  const handlers = new Set<(block: AppendedBlock) => void>();
  const pool: { from: string; data: Uint8Array; hash: string }[] = [];
  const startedAt = new Map<string, number>();
  let nonce = 0n;
  let logs: Log[] = [];
  let head: Head = {
    number: 0,
    hash: `0x${'00'.repeat(32)}`,
    stateRoot: `0x${'00'.repeat(32)}`,
    timestamp: Math.floor(nowMs() / 1000),
  };

  const releaseAt = (app: string, revision: number) => apps.get(app)?.[revision - 1];
  const withPhase = (app: string, phase: number) => (apps.get(app)?.findIndex((one) => one.phase === phase) ?? -1) + 1;
  const label = (app: string) => stringToHex(app, { size: 32 });

  function emit(eventName: string, args: Record<string, unknown>): void {
    const event = abi.find((one) => one.type === 'event' && one.name === eventName) as unknown as {
      inputs: { name: string; indexed: boolean }[];
    };
    const topics = encodeEventTopics({ abi, eventName, args } as never) as `0x${string}`[];
    const plain = event.inputs.filter((input) => !input.indexed);
    const data = hexToBytes(encodeAbiParameters(plain as never, plain.map((input) => args[input.name]) as never));
    logs.push({ address: FLEET, topics, data });
  }

  function append(): void {
    const timestamp = Math.max(head.timestamp + 1, Math.floor(nowMs() / 1000));
    head = { ...head, number: head.number + 1, timestamp };
    const block = { head, logs };
    logs = [];
    for (const handler of handlers) handler(block);
  }

  const reads: Record<string, (args: readonly never[]) => unknown> = {
    wanted: () =>
      [...apps.keys()].flatMap((app) => {
        const revision = withPhase(app, ROLLING) || withPhase(app, ACTIVE);
        const found = releaseAt(app, revision);
        if (!found) return [];
        const { phase, previous, votes, manifest } = found;
        return [
          {
            app: label(app),
            revision: BigInt(revision),
            phase,
            previous: BigInt(previous),
            voted: votes.has(device),
            manifest: bytesToHex(manifest),
          },
        ];
      }),
    isEnrolled: () => true,
    apps: () => [...apps.keys()].map(label),
    rollingOut: ([app]) => BigInt(withPhase(nameOf(app), ROLLING)),
    latest: ([app]) => BigInt(apps.get(nameOf(app))?.length ?? 0),
    manifest: ([app, revision]) => bytesToHex(releaseAt(nameOf(app), Number(revision))!.manifest),
    release: ([app, revision]) => ({
      revision,
      phase: releaseAt(nameOf(app), Number(revision))!.phase,
      proposer: device,
      proposedAt: 0n,
      startedAt: 0n,
      decidedAt: 0n,
      healthWindow: BigInt(ledger.windowSeconds),
      approvals: 1,
      healthyVotes: 0,
      unhealthyVotes: 0,
      backTo: 0n,
      manifestHash: `0x${'00'.repeat(32)}`,
      releaseHash: `0x${'00'.repeat(32)}`,
    }),
  };

  /** Answers the name of the error that reverts, or does it when `commit` is set. */
  function act(
    functionName: string,
    args: readonly never[],
    from: string,
    commit: boolean,
  ): [error: string, args: unknown[]] | undefined {
    const app = nameOf(args[0]!);
    if (functionName === 'log') {
      const [, revision, kind, data] = args as unknown as [string, bigint, number, `0x${string}`];
      if (!commit) return undefined;
      ledger.logged.push({ app, revision: Number(revision), kind, fields: decodeLog(hexToBytes(data)) });
      emit('Logged', { app: label(app), revision, device: from, kind, data });
      return undefined;
    }
    const rolling = withPhase(app, ROLLING);
    if (functionName === 'expire') {
      if (rolling === 0) return ['NothingRollingOut', [label(app)]];
      const endsAt = startedAt.get(app)! + ledger.windowSeconds;
      if (head.timestamp < endsAt && !(commit && nowMs() / 1000 >= endsAt))
        return ['HealthWindowOpen', [label(app), BigInt(rolling), BigInt(endsAt)]];
      if (commit) rollBack(app, rolling, 'no quorum within the health window');
      return undefined;
    }
    const [, revision, healthy, reason] = args as unknown as [string, bigint, boolean, string];
    if (Number(revision) !== rolling) return ['WrongPhase', [label(app), revision, 3]];
    const { votes } = releaseAt(app, rolling)!;
    if (votes.get(from) === healthy) return ['AlreadyAttested', [label(app), revision, healthy]];
    if (!commit) return undefined;
    votes.set(from, healthy);
    ledger.votes.push(`${app} ${revision} ${healthy ? 'healthy' : `unhealthy: ${reason}`}`);
    emit('Attested', { app: label(app), revision, device: from, healthy, reason });
    decide(app, rolling, votes);
    return undefined;
  }

  function decide(app: string, revision: number, votes: Map<string, boolean>): void {
    const count = (wish: boolean) => [...votes.values()].filter((vote) => vote === wish).length;
    if (count(true) >= ledger.quorum) {
      const before = withPhase(app, ACTIVE);
      releaseAt(app, revision)!.phase = ACTIVE;
      emit('Promoted', { app: label(app), revision: BigInt(revision), votes: count(true), quorum: ledger.quorum });
      if (before) releaseAt(app, before)!.phase = SUPERSEDED;
    } else if (count(false) >= ledger.quorum) rollBack(app, revision, 'a quorum found it unhealthy');
  }

  function rollBack(app: string, revision: number, why: string): void {
    releaseAt(app, revision)!.phase = ROLLED_BACK;
    emit('RolledBack', { app: label(app), revision: BigInt(revision), backTo: BigInt(withPhase(app, ACTIVE)), why });
  }

  function reverted([errorName, args]: [string, unknown[]]): CallResult {
    return { ok: false, output: hexToBytes(encodeErrorResult({ abi, errorName, args } as never)), status: 'Revert' };
  }

  const ledger: FakeLedger = {
    chainId: 4400,
    votes: [],
    logged: [],
    reverts: [],
    refuseWith: undefined,
    isCut: false,
    exists: true,
    isAlone: true,
    fault: () => undefined,
    quorum: 1,
    windowSeconds: 60,
    phaseOf: (app, revision) => PHASES[releaseAt(app, revision)!.phase]!,
    head: () => head,
    nextNonce: () => nonce,
    hasCode: () => ledger.exists,
    onBlock(handler) {
      handlers.add(handler);
      return () => handlers.delete(handler);
    },
    call({ data, from }: CallRequest): CallResult {
      const { functionName, args = [] } = decodeFunctionData({ abi, data: bytesToHex(data) });
      const read = reads[functionName];
      if (read === undefined) {
        const error = act(functionName, args as never, from!, false);
        return error ? reverted(error) : { ok: true, output: new Uint8Array(0), gasUsed: 80_000n };
      }
      const output = encodeFunctionResult({ abi, functionName, result: read(args as never) } as never);
      return { ok: true, output: hexToBytes(output), gasUsed: 30_000n };
    },
    isWaiting: (hash) => pool.some((waiting) => waiting.hash === hash),
    submit(raw) {
      if (ledger.refuseWith !== undefined) throw new Error(ledger.refuseWith);
      const { sender, data, hash, nonce: given } = decodeTransaction(raw, nobleVm);
      if (given !== nonce) throw new Error(`nonce ${given} does not follow`);
      nonce++;
      pool.push({ from: sender, data, hash });
      return hash;
    },
    mine() {
      if (ledger.isCut || pool.length === 0) return;
      for (const { from, data } of pool.splice(0)) {
        const { functionName, args = [] } = decodeFunctionData({ abi, data: bytesToHex(data) });
        const error = act(functionName, args as never, from, true);
        if (error) ledger.reverts.push(error[0]);
      }
      append();
    },
    rollBack(app) {
      rollBack(app, withPhase(app, ROLLING!), 'a quorum found it unhealthy');
      append();
    },
    release(app, manifest) {
      const list = apps.get(app) ?? [];
      apps.set(app, list);
      const previous = withPhase(app, ACTIVE);
      list.push({ manifest, phase: ROLLING!, previous, votes: new Map() });
      startedAt.set(app, Math.floor(nowMs() / 1000));
      emit('RollingOut', { app: label(app), revision: BigInt(list.length), previous: BigInt(previous) });
      append();
      return list.length;
    },
    rpc: (request) => Promise.resolve(request),
    session: (send) => ({ receive: send, close: () => {} }),
    stop: () => {},
  };
  return ledger;
}

function nameOf(app: unknown): string {
  return hexToString(app as `0x${string}`, { size: 32 });
}
