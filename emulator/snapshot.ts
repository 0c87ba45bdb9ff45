import type { NodeStatus, ReleaseStatus } from '../runtime/node.ts';
import type { ReleaseView } from './feed.ts';
import type { CableState, ClockView, DeviceView, LedgerRow, Snapshot, TracePoint, ViewState } from './protocol.ts';

const TRACE_LIMIT = 100;

/** What is known of one board, from inside and outside. */
export interface BoardPicture {
  readonly name: string;
  readonly address: string;
  readonly proxyUrl: string;
  readonly sequencer: boolean;
  readonly looks?: string | undefined;
  readonly isMember?: boolean;
  /** `undefined` while no firmware runs. */
  readonly status: NodeStatus | undefined;
  /** Why its firmware was stopped. */
  readonly fault: string | undefined;
  readonly trace: readonly TracePoint[];
  readonly powered: boolean;
  readonly cable: CableState;
  readonly group: number;
  readonly memoryBytes: number;
  readonly battery: number | undefined;
  readonly skewMs: number;
}

export interface WorldPicture
  extends Pick<Snapshot, 'clock' | 'head' | 'revisions' | 'trunks' | 'delays' | 'broken' | 'samples'> {
  readonly release: ReleaseView | undefined;
  readonly boards: readonly BoardPicture[];
  readonly rows: readonly LedgerRow[];
}

/** What the page is told. Pure: the same picture gives the same snapshot. */
export function buildSnapshot(world: WorldPicture): Snapshot {
  const { clock, head, revisions, trunks, delays, broken, samples, release, rows } = world;
  const devices = world.boards.map(deviceView);
  const verdict = stopped(clock) ?? undecidable(release, devices) ?? verdictOf(release, devices);
  return { clock, head, verdict, release: release ?? null, revisions, trunks, delays, broken, devices, ledger: rows, samples };
}

/** Adds a point where revision or state changed. */
export function extendTrace(trace: readonly TracePoint[], status: NodeStatus | undefined): readonly TracePoint[] {
  const last = trace[trace.length - 1];
  const release = status && shownRelease(status);
  const point: TracePoint = {
    block: status?.head.number ?? last?.block ?? 0,
    revision: release?.revision ?? 0,
    state: status?.state ?? 'offline',
  };
  if (last && last.revision === point.revision && last.state === point.state) return trace;
  return [...trace, point].slice(-TRACE_LIMIT);
}

function deviceView(board: BoardPicture): DeviceView {
  const { status, name, address, sequencer, proxyUrl, trace, fault, powered, cable, group, memoryBytes, battery, skewMs } = board;
  const own = {
    ...(board.looks !== undefined && { looks: board.looks }),
    ...(board.isMember === false && { isStranger: true as const }),
  };
  const seen = { powered, cable, group, memoryBytes, skewMs, ...(battery === undefined ? {} : { battery }) };
  const common = { name, address, sequencer, proxyUrl, trace, ...own, ...seen };
  if (!status) {
    const [state, stateText]: [ViewState, string] = fault
      ? ['failed', 'stopped']
      : ['offline', powered ? 'not running' : 'no power'];
    const screen = fault ? [fault] : [];
    return { ...common, state, stateText, head: 0, peers: 0, release: '', revision: 0, steps: [], screen };
  }
  const release = shownRelease(status);
  return {
    ...common,
    state: status.state,
    stateText: stateText(status, release),
    head: status.head.number,
    peers: status.peers.length,
    release: release ? `${release.app} r${release.revision}` : '',
    revision: release?.revision ?? 0,
    ...(release?.vote ? { vote: release.vote } : {}),
    steps: status.steps,
    screen: status.screen,
  };
}

/** With several apps, the one that changes is of interest. */
function shownRelease({ releases }: NodeStatus): ReleaseStatus | undefined {
  return releases.find(({ phase }) => phase === 'rolling out') ?? releases[0];
}

function stateText(status: NodeStatus, release: ReleaseStatus | undefined): string {
  switch (status.state) {
    case 'healthy':
      return release ? 'healthy' : 'ready';
    case 'failed':
      return 'unhealthy';
    case 'offline':
      return 'cut off';
    case 'changing':
      return release?.phase === 'rolling out' ? 'rolling out' : release?.previous !== undefined ? 'rolling back' : 'changing';
  }
}

type Verdict = Snapshot['verdict'];

function stopped({ crashed }: ClockView): Verdict | undefined {
  return crashed === undefined ? undefined : { state: 'failed', sentence: 'The world stopped', detail: crashed };
}

/** While a release waits for votes, whether those who can reach each other are enough. */
function undecidable(release: ReleaseView | undefined, devices: readonly DeviceView[]): Verdict | undefined {
  if (release?.phase !== 'rolling out') return undefined;
  const sizes = new Map<number, number>();
  for (const { group } of devices) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  const together = Math.max(0, ...sizes.values());
  const voted = release.healthyVotes + release.unhealthyVotes;
  if (together >= release.quorum || voted >= release.quorum) return undefined;
  const sentence = `Nobody can decide: ${together} of ${devices.length} reachable, ${release.quorum} needed`;
  return { state: 'failed', sentence, detail: `${nameOf(release)} stays where it is: ${votesOf(release)}` };
}

/** One plain sentence on what is changing, and one on how it stands. */
function verdictOf(release: ReleaseView | undefined, devices: readonly DeviceView[]): Verdict {
  const broken = devices.filter(({ stateText: text }) => text === 'stopped');
  if (broken.length > 0) {
    const names = broken.map(({ name }) => name).join(', ');
    return { state: 'failed', sentence: `${names} stopped`, detail: broken[0]!.screen[0] ?? '' };
  }
  if (!release) return waiting(devices);
  return (verdicts[release.phase] ?? settledVerdict)(release, devices);
}

function waiting(devices: readonly DeviceView[]): Verdict {
  const ready = devices.filter(({ head, state }) => head > 0 && state !== 'offline').length;
  return {
    state: ready === devices.length ? 'healthy' : ready > 0 ? 'changing' : 'offline',
    sentence: 'Nothing is released yet',
    detail: `${ready} of ${devices.length} devices follow the ledger`,
  };
}

const verdicts: { readonly [phase: string]: (release: ReleaseView, devices: readonly DeviceView[]) => Verdict } = {
  proposed: (release) => ({
    state: 'changing',
    sentence: `${nameOf(release)} waits for approval`,
    detail: 'Operators decide; the devices keep what they run',
  }),
  'rolling out': (release) => ({
    state: 'changing',
    sentence: `Rolling out ${nameOf(release)}`,
    detail: `${votesOf(release)}; ${rulesOf(release)}`,
  }),
  active: settledVerdict,
  'rolled back': rolledBack,
};

/** Until every device is back, the fleet is still on its way. */
function rolledBack(release: ReleaseView, devices: readonly DeviceView[]): Verdict {
  const isBack = ({ state, revision }: DeviceView) => state === 'healthy' && revision !== release.revision;
  const back = devices.filter(isBack).length;
  const target = devices.find(({ revision }) => revision > 0 && revision !== release.revision);
  const goal = target ? `r${target.revision}` : 'nothing';
  const detail = `${votesOf(release)}; ${back} of ${devices.length} devices are back`;
  if (back < devices.length) return { state: 'changing', sentence: `Rolling back ${nameOf(release)} to ${goal}`, detail };
  return { state: 'healthy', sentence: `${nameOf(release)} was rolled back to ${goal}`, detail };
}

function settledVerdict(release: ReleaseView, devices: readonly DeviceView[]): Verdict {
  const running = devices.filter(({ state, revision }) => state === 'healthy' && revision === release.revision).length;
  const all = running === devices.length;
  return {
    state: all ? 'healthy' : 'changing',
    sentence: `${nameOf(release)} runs on ${all ? `all ${devices.length}` : `${running} of ${devices.length}`} devices`,
    detail: votesOf(release),
  };
}

const nameOf = ({ app, revision }: ReleaseView): string => `${app} r${revision}`;

function votesOf({ healthyVotes, unhealthyVotes, voters }: ReleaseView): string {
  const said = [
    ...(healthyVotes > 0 ? [`${healthyVotes} healthy`] : []),
    ...(unhealthyVotes > 0 ? [`${unhealthyVotes} unhealthy`] : []),
  ];
  return said.length > 0 ? `${said.join(', ')} of ${voters} votes` : `No votes yet, ${voters} can vote`;
}

/** What it takes: the contract rolls back as soon as a healthy quorum can no longer be reached. */
function rulesOf({ quorum, voters }: ReleaseView): string {
  return `${quorum} healthy votes promote it, ${voters - quorum + 1} unhealthy roll it back`;
}
