import type { Clock, Containers, FoundContainer, Logger } from '../ports/index.ts';
import { withDeadline } from './deadline.ts';
import { sentenceOf } from './setbacks.ts';
import type { Wanted, WantedContainer } from './wanted.ts';

/** The secrets that this device holds, sealed but for the moment in which they are placed. */
export interface HeldSecrets {
  names(): ReadonlySet<string>;
  /** Rejects with a sentence if it cannot be opened. */
  open(name: string): Promise<Uint8Array>;
}

export interface PlacingOptions {
  readonly containers: Containers;
  readonly clock: Clock;
  readonly log: Logger;
  readonly wanted: () => Wanted | undefined;
  readonly secrets: HeldSecrets;
}

/** Gives containers their secrets: before each start, and to those that run when one has changed. */
export interface Placing {
  /** Before the container of that name is made or started. */
  prepare(name: string): Promise<void>;
  /** A secret came, changed or went. */
  changed(secret: string): void;
  /** Brings what runs up to date. Never rejects: what fails is tried again after the next look. */
  settle(found: readonly FoundContainer[]): Promise<void>;
}

const LIMIT_MS = 30_000;

export function createPlacing({ containers, clock, log, wanted, secrets }: PlacingOptions): Placing {
  /** Names of containers whose secrets may be old; `undefined`: all, for a crash may have come between store and container. */
  let stale: Set<string> | undefined;

  async function place({ spec }: WantedContainer): Promise<void> {
    const held = (spec.secrets ?? []).filter((name) => secrets.names().has(name));
    const files = await Promise.all(held.map(async (name) => [name, await secrets.open(name)] as const));
    await withDeadline(clock, LIMIT_MS, 'placing secrets', containers.place(spec.name, Object.fromEntries(files)));
    stale?.delete(spec.name);
  }

  async function refresh(one: WantedContainer): Promise<void> {
    try {
      await place(one);
    } catch (error) {
      log.write('warn', `${one.service}: its secrets could not be brought up to date: ${sentenceOf(error)}`);
    }
  }

  return {
    async prepare(name) {
      const one = withSecrets(wanted()).find(({ spec }) => spec.name === name);
      if (one !== undefined) await place(one);
    },
    changed(secret) {
      const users = withSecrets(wanted()).filter(({ spec }) => spec.secrets!.includes(secret));
      for (const { spec } of users) stale?.add(spec.name);
    },
    async settle(found) {
      if (wanted() === undefined) return;
      stale ??= new Set(withSecrets(wanted()).map(({ spec }) => spec.name));
      const up = new Set(found.filter(({ state }) => state === 'running').map(({ name }) => name));
      for (const one of withSecrets(wanted())) if (stale.has(one.spec.name) && up.has(one.spec.name)) await refresh(one);
    },
  };
}

function withSecrets(wanted: Wanted | undefined): WantedContainer[] {
  const revisions = (wanted?.apps ?? []).flatMap(({ current, previous }) => (previous ? [current, previous] : [current]));
  return revisions.flatMap(({ containers }) => containers).filter(({ spec }) => (spec.secrets ?? []).length > 0);
}
