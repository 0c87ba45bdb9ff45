import { BaseError, type Hex, HttpRequestError, hexToString, type PrivateKeyAccount, TimeoutError } from 'viem';
import { Failure } from '../command.ts';
import { type Progress, sleep } from '../progress.ts';
import { counted, inWords } from '../values.ts';
import { fleetAbi, Phase } from './abi.ts';
import { type Connection, type ReleaseRecord, readFleet } from './connection.ts';
import { expire } from './transactions.ts';

const POLL_MS = 250;
/** After the end of a health window the devices have this long to say so before this command does. */
const EXPIRE_GRACE_MS = 3000;
const DECISION_GRACE_MS = 60_000;
/** A node that restarts, or has too much to do, is asked again for so long. */
const AWAY_MS = 60_000;
const AWAY_POLL_MS = 1000;

/** How a rollout ended. */
export interface Decision {
  readonly release: ReleaseRecord;
  /** Revision that is active now; 0n: none. */
  readonly active: bigint;
  readonly seconds: number;
  /** For a rollback: the contract's words, and what the devices said. */
  readonly why?: string;
  readonly complaints: readonly { readonly device: string; readonly reason: string }[];
}

/** Waits until a revision that rolls out is decided, ending its health window if nobody else does. Throws {@link Failure}. */
export async function follow(
  connection: Connection,
  rollout: { readonly app: Hex; readonly revision: bigint; readonly account?: PrivateKeyAccount },
  progress: Progress,
): Promise<Decision> {
  const fleet = readFleet(connection);
  const startedAtMs = Date.now();
  const [voters, quorum] = await fleet.jury(rollout.app, rollout.revision);
  let expired = false;
  for (;;) {
    const release = await patiently(
      () => fleet.release(rollout.app, rollout.revision),
      () => progress.say(`${nameOf(rollout)} is rolling out; the node does not answer now, waiting for it`),
    );
    const elapsedMs = Date.now() - startedAtMs;
    if (release.phase !== Phase.rollingOut) return decision(connection, rollout.app, release, elapsedMs / 1000);
    progress.say(rolloutText(rollout.app, release, voters, quorum, elapsedMs));
    const overMs = elapsedMs - Number(release.healthWindow) * 1000;
    if (overMs > EXPIRE_GRACE_MS && !expired && rollout.account) {
      expired = true;
      await expire(connection, rollout.account, rollout.app).catch(() => undefined);
    }
    if (overMs > DECISION_GRACE_MS)
      throw new Failure(`${nameOf(rollout)} is not decided long after its health window; do the nodes run?`);
    await sleep(POLL_MS);
  }
}

/** Reads again while the node is away, for a minute at most. */
export async function patiently<T>(
  read: () => Promise<T>,
  onAway: () => void,
  pollMs = AWAY_POLL_MS,
  awayMs = AWAY_MS,
): Promise<T> {
  const endMs = Date.now() + awayMs;
  for (;;) {
    try {
      return await read();
    } catch (error) {
      if (!isAway(error) || Date.now() >= endMs) throw error;
    }
    onAway();
    await sleep(pollMs);
  }
}

/** It did not answer at all; what it answered, be it nonsense, is an answer. */
export function isAway(error: unknown): boolean {
  if (!(error instanceof BaseError)) return false;
  const cause = error.walk((each) => each instanceof TimeoutError || each instanceof HttpRequestError);
  if (cause instanceof TimeoutError) return true;
  return cause instanceof HttpRequestError && cause.status === undefined && /fetch failed|ECONN/.test(`${cause.details}`);
}

function nameOf({ app, revision }: { readonly app: Hex; readonly revision: bigint }): string {
  return `${hexToString(app, { size: 32 })} r${revision}`;
}

function rolloutText(app: Hex, release: ReleaseRecord, voters: number, quorum: number, elapsedMs: number): string {
  const votes = `${release.healthyVotes} healthy, ${release.unhealthyVotes} unhealthy of ${counted(voters, 'device')} (${quorum} needed)`;
  return `${nameOf({ app, revision: release.revision })} is rolling out: ${votes}, ${inWords(Math.floor(elapsedMs / 5000) * 5)}`;
}

async function decision(connection: Connection, app: Hex, release: ReleaseRecord, seconds: number): Promise<Decision> {
  const active = await readFleet(connection).active(app);
  if (release.phase === Phase.active) return { release, active, seconds, complaints: [] };
  const { client, fleet: address } = connection;
  const args = { app, revision: release.revision };
  const range = { address, abi: fleetAbi, fromBlock: 0n, toBlock: 'latest', strict: true } as const;
  const [ended, votes, devices] = await Promise.all([
    client.getContractEvents({ ...range, eventName: 'RolledBack', args }),
    client.getContractEvents({ ...range, eventName: 'Attested', args }),
    readFleet(connection).devices(),
  ]);
  const nameOfDevice = (account: string) => devices.find((device) => device.account === account)?.name ?? account;
  const last = new Map(votes.map((vote) => [vote.args.device, vote.args]));
  const complaints = [...last.values()]
    .filter(({ healthy }) => !healthy)
    .map(({ device, reason }) => ({ device: nameOfDevice(device), reason }));
  const why = ended[0]?.args.why;
  return { release, active, seconds, complaints, ...(why !== undefined && { why }) };
}
