import type { NodeStatus, ReleaseStatus } from '../node.ts';
import type { Device } from '../ports/index.ts';
import { type Place, releaseId, rowsOf } from './navigation.ts';
import type { Insight, Page, PageName, Settings } from './page-model.ts';
import type { MarkName } from './shapes.ts';

/** What every screen shows at its edge: who this is, and what it knows of the world. */
export interface Surroundings {
  readonly name: string;
  readonly address: string;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  readonly batteryPercent?: number;
  readonly peers: number;
  /** Number of the head block. */
  readonly head: number;
  readonly memory?: { readonly usedBytes: number; readonly totalBytes: number };
  /** What the owner's clock is ahead of UTC. */
  readonly clockOffsetMs?: number;
  /** The cell over the keys on which a finger lies. */
  readonly pressedCell?: number;
}

/** One line of the self-test. */
export interface Check {
  readonly name: string;
  readonly state: MarkName;
  /** What was found, in a word or two: `320x528`, `Docker 20.10.24`, `waiting`. */
  readonly found: string;
}

/** Everything the LCD says at one moment. */
export type ScreenModel = Surroundings &
  (
    | { readonly screen: 'self-test'; readonly version: string; readonly checks: readonly Check[] }
    | { readonly screen: 'empty'; readonly why: Why; readonly fault?: string }
    | {
        readonly screen: 'status' | 'alone' | 'fault';
        readonly release: ReleaseStatus;
        readonly others: readonly ReleaseStatus[];
      }
    | { readonly screen: 'changing'; readonly release: ReleaseStatus; readonly steps: readonly string[] }
    | ({ readonly screen: 'page' } & Page)
  );

/** Why a device has nothing to run. */
export type Why = 'nothing is released' | 'nobody is heard' | 'it is no member' | 'it cannot work';

type Seen = Pick<Device, 'batteryPercent' | 'memory'>;

/** The screen that fits a node's status. */
export function screenModel(status: NodeStatus, device: Seen, nowMs: number): ScreenModel {
  const { name, address, head, peers } = status;
  const around = { ...surroundings({ name, address }, device, nowMs), peers: peers.length, head: head.number };
  const releases = [...status.releases].sort((a, b) => urgency(b) - urgency(a));
  const [release, ...others] = releases;
  if (!release) return { ...around, screen: 'empty', why: whyEmpty(status), ...(status.fault && { fault: status.fault }) };
  if (status.state === 'changing') return { ...around, screen: 'changing', release, steps: status.steps };
  if (status.state === 'failed') return { ...around, screen: 'fault', release, others };
  return { ...around, screen: status.state === 'offline' ? 'alone' : 'status', release, others };
}

function whyEmpty({ fault, state, isStranger }: NodeStatus): Why {
  if (fault !== undefined) return 'it cannot work';
  if (state === 'offline') return 'nobody is heard';
  return isStranger ? 'it is no member' : 'nothing is released';
}

/** What a page is made of. */
export interface PageSources {
  readonly status: Pick<NodeStatus, 'name' | 'address' | 'head' | 'peers' | 'releases'>;
  readonly device: Seen;
  readonly nowMs: number;
  readonly insight: Insight;
  readonly settings: Settings;
}

/** The page at a place other than home; its cursor is on a row that exists. */
export function pageModel(place: Place, sources: PageSources): ScreenModel {
  const { status, device, nowMs } = sources;
  const around = { ...surroundings(status, device, nowMs), peers: status.peers.length, head: status.head.number };
  const page = pageAt(place, sources);
  if (!('cursor' in page)) return { ...around, screen: 'page', ...page };
  return { ...around, screen: 'page', ...page, cursor: Math.max(0, Math.min(page.cursor, rowsOf(page) - 1)) };
}

function pageAt({ page, cursor, item }: Place, { insight, settings, status }: PageSources): Page {
  switch (page) {
    case 'releases':
      return { page, cursor, entries: insight.releases() };
    case 'release':
      return { page, entry: insight.releases().find((entry) => releaseId(entry) === item) };
    case 'votes':
      return { page, ballot: insight.ballot() };
    case 'network':
      return { page, cursor, names: insight.peers(), makesBlocks: insight.makesBlocks };
    case 'keys':
      return { page, chainId: insight.chainId };
    case 'log':
      return {
        page,
        cursor,
        entries: insight.log().filter(({ level }) => settings.log === 'all' || level === 'warn' || level === 'error'),
      };
    case 'entry':
      return { page, entry: insight.log().find(({ id }) => `${id}` === item) };
    case 'settings':
      return { page, cursor, settings };
    case 'about':
      return { page, facts: insight.about() };
    case 'menu':
    case 'home':
      return { page: 'menu', cursor, values: menuValues(status, insight) };
  }
}

function menuValues(
  { address, peers, releases }: PageSources['status'],
  insight: Insight,
): { readonly [K in PageName]?: string } {
  const isOpen = releases.some(({ phase }) => phase === 'rolling out');
  return {
    releases: `${insight.releases().length}`,
    votes: isOpen ? 'open' : '',
    network: `${peers.length} ${peers.length === 1 ? 'peer' : 'peers'}`,
    keys: `${address.slice(2, 6)} ${address.slice(6, 10)}`,
    log: `${insight.log().length}`,
  };
}

/** The screen shown while a node boots; `checks` change from `offline` (waiting) over `changing` to `healthy` or `failed`. */
export function selfTestModel(
  device: Pick<Device, 'name' | 'address'> & Seen,
  version: string,
  checks: readonly Check[],
  nowMs: number,
): ScreenModel {
  return { ...surroundings(device, device, nowMs), peers: 0, head: 0, screen: 'self-test', version, checks };
}

function surroundings(who: Pick<Device, 'name' | 'address'>, device: Seen, nowMs: number) {
  const batteryPercent = device.batteryPercent();
  const memory = device.memory();
  return {
    name: who.name,
    address: who.address,
    nowMs,
    ...(batteryPercent === undefined ? {} : { batteryPercent }),
    ...(memory === undefined ? {} : { memory }),
  };
}

/** Which of several releases the screen speaks of: a failed one before one on the way, before the rest. */
function urgency(release: ReleaseStatus): number {
  if (release.health === 'unhealthy') return 2;
  return release.health === 'starting' || release.phase !== 'active' ? 1 : 0;
}
