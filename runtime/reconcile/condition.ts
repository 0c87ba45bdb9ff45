import type { ContainerSpec, FoundContainer } from '../ports/index.ts';
import type { Found, Setback } from './found.ts';
import { isAnother, type Revision, type WantedContainer } from './wanted.ts';

/** How one wanted container stands: `pending` may still become good. */
export type Condition =
  | { readonly is: 'good' }
  | { readonly is: 'pending'; readonly waitingFor: string; readonly untilMs?: number }
  | { readonly is: 'bad'; readonly reason: string };

/** A container without a health check counts as good after running for this long. */
export const SETTLE_MS = 5_000;
/** Restarts in a row that make a crash loop. */
export const CRASH_LIMIT = 3;
/** Failures in a row after which a step that could have succeeded counts as impossible. */
const FAILURE_LIMIT = 5;
/** What no retry will change. */
const HOPELESS: readonly string[] = ['no-image', 'refused', 'conflict'];

const GOOD: Condition = { is: 'good' };

/** Pure: judges by what was found and the time it is told. */
export function conditionOf(wanted: WantedContainer, found: Found, nowMs: number): Condition {
  const container = found.containers.find(({ name }) => name === wanted.spec.name);
  const setback = found.setbacks.get(wanted.spec.name) ?? (container ? undefined : found.setbacks.get(wanted.spec.image));
  const missing = missingSecret(wanted, found);
  if (missing !== undefined && (container === undefined || !isUp(container))) return bad(lacks(wanted, missing));
  if (container === undefined) return absent(wanted, setback);
  if (isAnother(container, wanted.spec)) return pending(`${wanted.service} to be replaced`);
  return byState[container.state](container, wanted, setback, nowMs);
}

/** The worst condition among the containers of a revision; a refused one is bad. */
export function conditionOfRevision(revision: Revision, found: Found, nowMs: number): Condition {
  if (revision.refusal !== undefined) return { is: 'bad', reason: revision.refusal };
  const conditions = revision.containers.map((wanted) => conditionOf(wanted, found, nowMs));
  return conditions.find(({ is }) => is === 'bad') ?? conditions.find(({ is }) => is === 'pending') ?? GOOD;
}

type Judge = (container: FoundContainer, wanted: WantedContainer, setback: Setback | undefined, nowMs: number) => Condition;

const byState: { readonly [S in FoundContainer['state']]: Judge } = {
  created: (_, wanted, setback) => absent(wanted, setback),
  running: (container, wanted, setback, nowMs) =>
    crashing(container, wanted, setback, nowMs) ?? byHealth(container, wanted, nowMs),
  restarting: (container, wanted, setback, nowMs) =>
    crashing(container, wanted, setback, nowMs) ?? pending(`${wanted.service} to come back`),
  exited: exited,
  dead: (_, wanted) => pending(`${wanted.service} to be replaced`),
};

/** The first of its secrets that this device does not hold. */
export function missingSecret({ spec }: WantedContainer, { secrets }: Found): string | undefined {
  return secrets && spec.secrets?.find((name) => !secrets.has(name));
}

function lacks({ service }: WantedContainer, secret: string): string {
  return `${service}: the secret ${secret} is not on this device; deliver it with: classpad secret set ${secret}`;
}

function isUp({ state }: FoundContainer): boolean {
  return state === 'running' || state === 'restarting';
}

function absent({ service }: WantedContainer, setback: Setback | undefined): Condition {
  // An engine that is away says nothing about the release.
  if (setback === undefined || setback.code === 'unreachable') return pending(`${service} to start`);
  if (HOPELESS.includes(setback.code) || setback.failures >= FAILURE_LIMIT) return bad(`${service}: ${setback.sentence}`);
  return pending(`${service} to start`);
}

function byHealth({ health, startedAtMs }: FoundContainer, { service, spec }: WantedContainer, nowMs: number): Condition {
  if (health === 'healthy') return GOOD;
  if (health === 'unhealthy') return bad(`${service}: its health check fails`);
  const checked = spec.healthcheck !== undefined && spec.healthcheck.test[0] !== 'NONE';
  if (health === 'starting' || checked) return pending(`${service} to become healthy`);
  const upMs = upTime(startedAtMs, nowMs);
  return upMs >= SETTLE_MS ? GOOD : pending(`${service} to settle`, nowMs + SETTLE_MS - upMs);
}

/** Many restarts say little of a container that has run for long since. */
function crashing(container: FoundContainer, { service, spec }: WantedContainer, setback: Setback | undefined, nowMs: number) {
  const crashes = container.restartCount + (setback?.code === 'crashed' ? setback.failures : 0);
  const settled = container.state === 'running' && upTime(container.startedAtMs, nowMs) >= 2 * SETTLE_MS;
  if (crashes < CRASH_LIMIT || settled) return undefined;
  return bad(`${service}: it crashed ${crashes} times in a row${lastExit(container, spec)}`);
}

function exited(container: FoundContainer, wanted: WantedContainer, setback: Setback | undefined, nowMs: number): Condition {
  if (isFinished(container, wanted)) return GOOD;
  if (wanted.restart === 'no') return bad(`${wanted.service}: it ended${lastExit(container, wanted.spec)}`);
  return crashing(container, wanted, setback, nowMs) ?? absent(wanted, setback?.code === 'crashed' ? undefined : setback);
}

/** It ended, and the release says that this is all right. */
export function isFinished({ exitCode }: FoundContainer, { restart }: WantedContainer): boolean {
  return restart !== 'always' && exitCode === 0;
}

/** Milliseconds it has been running. A start in the future is an engine with another clock: then nothing is known against it. */
function upTime(startedAtMs: number | undefined, nowMs: number): number {
  if (startedAtMs === undefined || startedAtMs > nowMs + SETTLE_MS) return Number.POSITIVE_INFINITY;
  return Math.max(0, nowMs - startedAtMs);
}

function lastExit({ exitCode, outOfMemory }: FoundContainer, { memoryBytes }: ContainerSpec): string {
  if (outOfMemory && memoryBytes) return `, last for more memory than its limit of ${Math.round(memoryBytes / 2 ** 20)} MiB`;
  if (outOfMemory) return ', last because the device had no memory left';
  return exitCode === undefined ? '' : `, last with exit code ${exitCode}`;
}

function pending(waitingFor: string, untilMs?: number): Condition {
  return { is: 'pending', waitingFor, ...(untilMs === undefined ? {} : { untilMs }) };
}

function bad(reason: string): Condition {
  return { is: 'bad', reason };
}
