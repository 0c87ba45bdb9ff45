import { isSoftware, parseSoftware, SOFTWARE_APPS } from '../manifest/firmware.ts';
import { ManifestRefused } from '../manifest/manifest.ts';
import type { Address, Logger, Vm } from '../ports/index.ts';
import { type Revision, toRevision, type Wanted, type WantedApp } from '../reconcile/wanted.ts';
import { forSwarm } from '../swarm/spec.ts';
import type { SoftwareRow } from '../update/decide.ts';
import { isAppName } from './app-name.ts';
import type { Fleet, WantedRow } from './fleet.ts';
import type { Phase } from './interface.ts';

/** What this device should run, kept in step with the ledger. */
export interface Target {
  /** Reads the ledger again. Answers whether something is different now; never throws. */
  refresh(nowMs: number): boolean;
  /** Apps of which this device has containers: whether they are still wanted must be known, too. */
  found(apps: Iterable<string>, nowMs: number): void;
  /** The same object as long as the same is wanted; `undefined` as long as the ledger does not say. */
  wanted(): Wanted | undefined;
  /** Releases of the device's own software; the same array as long as they are the same. */
  software(): readonly SoftwareRow[];
  /** By this device's clock: when the health window of a rolling-out app has surely ended. */
  overAtMs(app: string): number;
  /**
   * What rolls out on others. They may all be gone, or never have been: so whoever follows the ledger ends it when its time is over,
   * after those who should have done it.
   */
  elsewhere(): readonly Elsewhere[];
  /** How a revision stands on the ledger; `undefined` if that cannot be read now. */
  phaseOf(app: string, revision: number): Phase | undefined;
  /** Whether this very device may vote on the revision that rolls out: in a site another may try it for all. */
  isAsked(app: string): boolean;
  /** Why the ledger could not be read, as a sentence. */
  fault(): string | undefined;
}

export interface TargetOptions {
  readonly fleet: Fleet;
  readonly device: { readonly name: string; readonly address: Address };
  readonly sha256: Vm['sha256'];
  readonly log: Logger;
  /** Where a Swarm schedules for a whole site: the devices of it. */
  readonly site?: () => readonly Address[];
}

export interface Elsewhere {
  readonly app: string;
  readonly revision: number;
  /** By this device's clock. */
  readonly overAtMs: number;
}

interface Window {
  readonly revision: number;
  readonly seenAtMs: number;
  readonly lengthMs: number;
}

/** A vote must reach the ledger before the health window ends there. */
const EARLY_SHARE = 0.1;
const EARLY_MOST_MS = 5_000;
/** After the window has ended here, its end may be a little later where blocks are made; each device waits its own while. */
const LATE_MS = 1_000;
const LATE_SPREAD_MS = 40;
/** Those whom a release does not ask leave its end to those whom it does, for so long. */
const ELSEWHERE_LATE_MS = 15_000;

export function createTarget({ fleet, device, sha256, log, site }: TargetOptions): Target {
  const revisions = new Map<string, Revision>();
  const windows = openWindows(fleet, device.address);
  const apps = new Set<string>();
  let asked: ReadonlySet<string> = new Set();
  let wanted: Wanted | undefined;
  let elsewhere: ReturnType<Fleet['rolling']> = [];
  let software: readonly SoftwareRow[] = [];
  let signature = '';
  let fault: string | undefined;

  /** A revision's manifest never changes on the ledger, so it is read once. */
  function revisionOf(app: string, revision: number, manifest: () => Uint8Array): Revision {
    const key = `${app} ${revision}`;
    const known = revisions.get(key);
    if (known) return known;
    const read = toRevision({ device: device.name, app, revision }, manifest(), sha256);
    const made = site === undefined ? read : forSwarm(read, device.name);
    if (made.refusal !== undefined) log.write('error', `${app} revision ${revision} does not run here: ${made.refusal}`);
    revisions.set(key, made);
    return made;
  }

  function toApp(row: WantedRow, nowMs: number): WantedApp | undefined {
    const { app, revision, previous, phase } = row;
    if (phase !== 'rolling out' && phase !== 'active') return undefined;
    const current = revisionOf(app, revision, () => row.manifest);
    if (phase === 'active') return { app, phase, current };
    const deadlineMs = deadlineOf(windows.see(row, nowMs));
    if (previous === 0) return { app, phase, current, deadlineMs };
    return { app, phase, current, deadlineMs, previous: revisionOf(app, previous, () => fleet.manifest(app, previous)) };
  }

  function read(nowMs: number): Wanted | undefined {
    if (!fleet.exists()) return undefined;
    const own = fleet.wanted(device.address);
    software = own.flatMap(toSoftware);
    asked = new Set(own.filter(({ phase }) => phase === 'rolling out').map(({ app }) => app));
    const rows = site === undefined ? own : ofSite(fleet, device.address, own, site());
    if (rows === undefined) return undefined;
    for (const row of rows) if (row.phase === 'rolling out') windows.see(row, nowMs);
    elsewhere = fleet.rolling().filter(({ app }) => !asked.has(app));
    for (const row of elsewhere) windows.see(row, nowMs);
    const containers = rows.filter(({ manifest }) => !isSoftware(manifest));
    const wantedApps = containers.flatMap((row) => toApp(row, nowMs) ?? []);
    for (const { app } of wantedApps) apps.add(app);
    return { apps: wantedApps, latest: new Map([...apps].map((app) => [app, fleet.latest(app)])) };
  }

  function refresh(nowMs: number): boolean {
    try {
      const next = read(nowMs);
      fault = undefined;
      const nextSignature = signatureOf(next, software);
      if (nextSignature === signature) return false;
      signature = nextSignature;
      wanted = next;
      forgetOthers(revisions, next);
      return true;
    } catch (error) {
      const sentence = (error as Error).message;
      if (sentence !== fault) log.write('error', sentence);
      fault = sentence;
      return false;
    }
  }

  return {
    refresh,
    found(names, nowMs) {
      const before = apps.size;
      for (const name of names) if (isAppName(name)) apps.add(name);
      if (apps.size > before) refresh(nowMs);
    },
    wanted: () => wanted,
    software: () => software,
    overAtMs: windows.overAtMs,
    elsewhere: () => elsewhere.map((row) => ({ ...row, overAtMs: windows.overAtMs(row.app) + ELSEWHERE_LATE_MS })),
    phaseOf: (app, revision) => phaseOf(fleet, app, revision),
    isAsked: (app) => asked.has(app),
    fault: () => fault,
  };
}

/**
 * A site runs what any of its devices should: what one of them tries, it tries; else the latest. `undefined` for a device that was
 * revoked: it has no say in what its site runs, and must not clear it either.
 */
function ofSite(
  fleet: Fleet,
  device: Address,
  own: readonly WantedRow[],
  site: readonly Address[],
): readonly WantedRow[] | undefined {
  if (!fleet.isEnrolled(device)) return undefined;
  const others = site.filter((other) => other !== device).flatMap((other) => fleet.wanted(other));
  const best = new Map<string, WantedRow>();
  for (const row of [...own, ...others]) if (row.revision > (best.get(row.app)?.revision ?? 0)) best.set(row.app, row);
  return [...best.values()].sort((a, b) => (a.app < b.app ? -1 : 1));
}

function phaseOf(fleet: Fleet, app: string, revision: number): Phase | undefined {
  try {
    return fleet.release(app, revision).phase;
  } catch {
    return undefined;
  }
}

/** When a device first saw a release roll out, by its own clock, and for how long it may. */
function openWindows(fleet: Fleet, address: Address) {
  const windows = new Map<string, Window>();
  return {
    see({ app, revision }: Pick<WantedRow, 'app' | 'revision'>, nowMs: number): Window {
      const known = windows.get(app);
      if (known?.revision === revision) return known;
      const made = { revision, seenAtMs: nowMs, lengthMs: fleet.release(app, revision).healthWindow * 1000 };
      windows.set(app, made);
      return made;
    },
    overAtMs(app: string): number {
      const window = windows.get(app);
      if (window === undefined) return Number.POSITIVE_INFINITY;
      const turn = Number.parseInt(address.slice(-2), 16);
      return window.seenAtMs + window.lengthMs + LATE_MS + turn * LATE_SPREAD_MS;
    },
  };
}

function deadlineOf({ seenAtMs, lengthMs }: Window): number {
  return seenAtMs + lengthMs - Math.min(lengthMs * EARLY_SHARE, EARLY_MOST_MS);
}

function forgetOthers(revisions: Map<string, Revision>, next: Wanted | undefined): void {
  const used = new Set(next?.apps.flatMap(({ current, previous }) => [current, previous]));
  for (const [key, revision] of revisions) if (!used.has(revision)) revisions.delete(key);
}

function toSoftware({ app, revision, phase, manifest }: WantedRow): SoftwareRow[] {
  if (!isSoftware(manifest) || (phase !== 'rolling out' && phase !== 'active')) return [];
  return [{ app, revision, phase, ...readSoftware(app, manifest) }];
}

function readSoftware(app: string, bytes: Uint8Array): Pick<SoftwareRow, 'manifest' | 'refusal'> {
  try {
    const manifest = parseSoftware(bytes);
    const place = SOFTWARE_APPS[manifest.kind];
    return app === place ? { manifest } : { refusal: `software of kind ${manifest.kind} is released as "${place}"` };
  } catch (error) {
    if (!(error instanceof ManifestRefused)) throw error;
    return { refusal: `the manifest is refused: ${error.message.split('\n')[0]}` };
  }
}

function signatureOf(wanted: Wanted | undefined, software: readonly SoftwareRow[]): string {
  if (wanted === undefined) return '';
  const apps = wanted.apps.map(({ app, phase, current, previous }) => [app, phase, current.revision, previous?.revision ?? 0]);
  return JSON.stringify([apps, [...wanted.latest], software.map(({ app, phase, revision }) => [app, phase, revision])]);
}
