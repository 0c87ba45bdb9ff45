import type { ContainerSpec } from './containers.ts';
import type { Address } from './hex.ts';

/** One service of one revision, as Docker's Swarm mode is to run it on the machines of a site. */
export interface ServiceSpec {
  /** `classpad-<app>-r<revision>-<service>`; unique in the Swarm. */
  readonly name: string;
  /** What each of its tasks is. Secrets, volumes, neighbours and what is one device's own have no place in it. */
  readonly container: ServiceContainer;
  /** 0: it rests, and another revision has its place. */
  readonly replicas: number;
  readonly restart: 'no' | 'always' | 'on-failure';
  /** `classpad-<app>-r<revision>-<name>`: of this revision only, so that two side by side never mix. */
  readonly networks: readonly string[];
  /** What it is called on them: its name in the release. */
  readonly alias: string;
}

export type ServiceContainer = Omit<
  ContainerSpec,
  'name' | 'secrets' | 'volumes' | 'networks' | 'alias' | 'neighbours' | 'ports'
>;

/** A service of this fleet, as the Swarm has it. */
export interface FoundService {
  readonly id: string;
  readonly name: string;
  /** Its version index: a change that names an older one is refused, so two managers never fight. */
  readonly version: number;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  /** What is other than in the spec it was asked about, in words. Absent: it was not asked about. */
  readonly differences?: readonly string[];
  /** Whether the Swarm's own rollback would bring that spec back. */
  readonly isPreviousWanted: boolean;
  readonly tasks: readonly FoundTask[];
}

/** `waiting`: not started yet; `ended`: by itself, or it could not start; `stopped`: as the Swarm was told. */
export type TaskState = 'waiting' | 'starting' | 'running' | 'ended' | 'stopped';

export interface FoundTask {
  readonly id: string;
  /** 1 and up; a task that takes another's place has its slot. */
  readonly slot: number;
  /** Whether the Swarm wants it to run. */
  readonly isWanted: boolean;
  readonly state: TaskState;
  /** Whether it runs, or ran, on this device. */
  readonly isHere: boolean;
  readonly containerId?: string;
  readonly exitCode?: number;
  /** In the Swarm's words. */
  readonly error?: string;
  /** Of its state; milliseconds since 1970. */
  readonly sinceMs: number;
  readonly createdAtMs: number;
}

/** This device's place in its Swarm. */
export interface Site {
  readonly role: 'none' | 'worker' | 'manager';
  /** Whether it is the one that the managers have elected among them (by Raft). */
  readonly isLeader: boolean;
  /** Devices that have said by a label of their machine that they are of this fleet, this one included. */
  readonly devices: readonly Address[];
  /** The block after which another of them has acted last; 0: none has. A copy of the ledger that ends before must wait. */
  readonly actedAt: number;
}

/** A change that names the version it is made to. */
export type Versioned = Pick<FoundService, 'id' | 'version'>;

/**
 * Docker's Swarm mode as this device may use it: services with this fleet's label, and no others. Every method has a deadline
 * of its own and rejects with an `EngineError`; `conflict`: another has changed it meanwhile, so look again.
 */
export interface Services {
  site(): Promise<Site>;
  /** Says, by a label of this machine, that it is this device, and that it acts after this block (0: it has not acted). Idempotent. */
  mark(block: number): Promise<void>;
  /** All services of this fleet. @param wanted What those of these names should be. */
  list(wanted: readonly ServiceSpec[]): Promise<FoundService[]>;
  /** With its networks. Idempotent: one of that name that is ours is left to the next look. */
  create(spec: ServiceSpec): Promise<void>;
  update(found: Versioned, spec: ServiceSpec): Promise<void>;
  /** The spec before its last update, by the Swarm's own means. */
  rollBack(found: Versioned): Promise<void>;
  /** Idempotent; and those of its networks that no other service has. */
  remove(id: string): Promise<void>;
  /** As that of `Containers`. */
  watch(changed: () => void): () => void;
}
