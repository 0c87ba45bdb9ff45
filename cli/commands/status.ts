import { hexToString } from 'viem';
import { type Command, Exit, type Io } from '../command.ts';
import { phases } from '../fleet/abi.ts';
import {
  askStanding,
  type Connection,
  connect,
  connectionOptions,
  demandFleet,
  type NodeStanding,
  type ReleaseRecord,
  readFleet,
} from '../fleet/connection.ts';
import { isAway } from '../fleet/follow.ts';
import { sleep } from '../progress.ts';
import { counted, json, timeText } from '../values.ts';

const WATCH_MS = 1000;

interface AppStatus {
  readonly app: string;
  readonly active: bigint;
  readonly rollingOut: bigint;
  readonly latest: bigint;
  readonly releases: readonly ReleaseRecord[];
}

/** What the ledger says of the fleet at one block. */
interface FleetStatus {
  readonly rpc: string;
  readonly chainId: number;
  readonly fleet: string;
  readonly block: bigint;
  readonly time: string;
  readonly operators: readonly string[];
  readonly threshold: number;
  readonly quorum: number;
  readonly devices: readonly { readonly name: string; readonly account: string }[];
  readonly apps: readonly AppStatus[];
  /** The node that was asked; absent where it does not say. */
  readonly node?: NodeStanding;
}

/** Revisions shown of each app, newest first. */
const SHOWN = 5n;

export const status: Command = {
  name: 'status',
  summary: 'what the ledger says runs on the fleet, and what is being decided',
  operands: [],
  options: {
    ...connectionOptions,
    watch: { help: 'show it again whenever it changes, until Ctrl-C' },
    json: { help: 'print it as JSON; with --watch one line per change' },
  },
  examples: [
    ['classpad status', 'apps, revisions, votes, devices'],
    ['classpad status --watch', 'follow a rollout'],
  ],
  async run(input, io) {
    const connection = await connect(input);
    await demandFleet(connection);
    const linesOf = (picture: FleetStatus) => (input.has('json') ? jsonLines(picture, input.has('watch')) : lines(picture));
    if (input.has('watch')) return watch(connection, linesOf, io);
    for (const line of linesOf(await look(connection))) io.out(line);
    return Exit.ok;
  },
};

/** Shows each new picture, and waits for a node that is away, until the process is ended. */
async function watch(connection: Connection, linesOf: (picture: FleetStatus) => string[], io: Io): Promise<never> {
  let last: string | undefined;
  for (let isAwaited = false; ; await sleep(WATCH_MS)) {
    try {
      const shown = linesOf(await look(connection));
      if (isAwaited) io.err(`${connection.rpc} answers again`);
      isAwaited = false;
      if (shown.join('\n') !== last) for (const line of shown) io.out(line);
      last = shown.join('\n');
    } catch (error) {
      if (last === undefined || !isAway(error)) throw error;
      if (!isAwaited) io.err(`${connection.rpc} does not answer now; waiting for it, Ctrl-C ends`);
      isAwaited = true;
    }
  }
}

/** Followed, it is one line per picture: easier to read for programs. */
function jsonLines(picture: FleetStatus, isFollowed: boolean): string[] {
  const text = json(picture);
  return isFollowed ? [JSON.stringify(JSON.parse(text))] : text.split('\n');
}

async function look(connection: Connection): Promise<FleetStatus> {
  const fleet = readFleet(connection);
  const [node, block, operators, threshold, quorum, devices, words] = await Promise.all([
    askStanding(connection.client),
    connection.client.getBlock(),
    fleet.operators(),
    fleet.threshold(),
    fleet.quorum(),
    fleet.devices(),
    fleet.apps(),
  ]);
  const apps = await Promise.all(words.map((word) => lookAtApp(connection, word)));
  const names = devices.map(({ name, account }) => ({ name, account }));
  const { rpc, chain, fleet: address } = connection;
  const head = { block: block.number, time: timeText(block.timestamp) };
  const known = { rpc, chainId: chain.id, fleet: address, ...head, operators, threshold, quorum, devices: names, apps };
  return { ...known, ...(node && { node }) };
}

async function lookAtApp(connection: Connection, word: `0x${string}`): Promise<AppStatus> {
  const fleet = readFleet(connection);
  const [active, rollingOut, latest] = await Promise.all([fleet.active(word), fleet.rollingOut(word), fleet.latest(word)]);
  const recent = Array.from({ length: Number(latest < SHOWN ? latest : SHOWN) }, (_, index) => latest - BigInt(index));
  // What runs is shown even if it is older than the newest few.
  const shown = active === 0n || recent.includes(active) ? recent : [...recent, active];
  const releases = await Promise.all(shown.map((revision) => fleet.release(word, revision)));
  return { app: hexToString(word, { size: 32 }), active, rollingOut, latest, releases };
}

function lines(picture: FleetStatus): string[] {
  const { devices, operators, threshold, quorum } = picture;
  const names = devices.map(({ name }) => name).join(', ');
  return [
    `fleet ${picture.fleet} on chain ${picture.chainId}, block ${picture.block} of ${picture.time} UTC`,
    `${counted(operators.length, 'operator')}, ${threshold} must approve; ${counted(devices.length, 'device')}, ${quorum} decide${names ? `: ${names}` : ''}`,
    ...(picture.node?.remark ? [`${picture.node.name} says: ${picture.node.remark}`] : []),
    ...(picture.apps.length === 0 ? ['no app yet; release one with: classpad deploy COMPOSE.yaml'] : []),
    ...picture.apps.flatMap((app) => ['', ...appLines(app, threshold)]),
  ];
}

function appLines({ app, active, releases }: AppStatus, threshold: number): string[] {
  const running = active === 0n ? 'nothing is active' : `r${active} is active`;
  return [`${app}: ${running}`, ...releases.map((release) => `  ${releaseLine(release, threshold)}`)];
}

function releaseLine(release: ReleaseRecord, threshold: number): string {
  const votes = `${release.healthyVotes} healthy, ${release.unhealthyVotes} unhealthy`;
  const detail = release.startedAt === 0n ? `${release.approvals} of ${threshold} approvals` : votes;
  const since = release.decidedAt || release.startedAt || release.proposedAt;
  return `${`r${release.revision}`.padEnd(5)}${phases[release.phase]!.padEnd(12)}${timeText(since)}  ${detail}`;
}
