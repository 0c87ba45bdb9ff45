import type { Head } from './ledger/ledger.ts';
import type { Address, Health } from './ports/index.ts';
import type { DriftEvent } from './reconcile/drift.ts';
import type { Session } from './rpc/session.ts';

export type { Session } from './rpc/session.ts';

/** How this device stands, in the four states that the page and the LCD show. */
export type DeviceState = 'healthy' | 'changing' | 'failed' | 'offline';

export interface ReleaseStatus {
  readonly app: string;
  readonly revision: number;
  /** The revision the ledger wants to return to or come from, if it is on the way. */
  readonly previous?: number;
  /** As the Fleet contract says: `rolling out`, `active`, `rolled back`. */
  readonly phase: string;
  readonly health: Health | 'absent';
  /** This device's vote on the revision, once given. */
  readonly vote?: 'healthy' | 'unhealthy';
  /** Why, for an unhealthy one: one sentence. */
  readonly reason?: string;
}

/** A picture of the node for the page, the LCD and `classpad status`. */
export interface NodeStatus {
  readonly name: string;
  readonly address: Address;
  readonly state: DeviceState;
  readonly head: Head;
  readonly peers: readonly string[];
  readonly releases: readonly ReleaseStatus[];
  /** Steps being executed now, in words: `pull classpad/hello:1`. */
  readonly steps: readonly string[];
  /** What was put right of late, because others had changed it or it was sick; the newest last, at most 20. */
  readonly drifts: readonly DriftEvent[];
  /** What keeps it from its work, in a sentence. */
  readonly fault?: string;
  /** The ledger does not count it among the fleet's. */
  readonly isStranger?: true;
  /** Lines of text on the LCD, top to bottom. */
  readonly screen: readonly string[];
}

/** A booted node. */
export interface Node {
  /** One JSON-RPC request or batch, as text. Never rejects. */
  rpc(request: string): Promise<string>;
  /** A client that stays connected and may subscribe; `send` takes each text for it, and must neither wait nor throw. */
  session(send: (text: string) => void): Session;
  status(): NodeStatus;
  /** What the proxy answers below `/.well-known/classpad`, as JSON; `undefined` where there is nothing. Never rejects. */
  wellKnown(target: string): Promise<string | undefined>;
  /** Whether the ledger counts this device among its own. */
  isMember(): boolean;
  /** What keeps this device from its work, in a sentence; `undefined`: nothing, and the ledger was read. */
  fault(): string | undefined;
  /** How long a bundle of software is, if the ledger names it; `undefined` if not. */
  payloadBytes(sha256: string): number | undefined;
  /** Ends timers and handlers; containers keep running. */
  stop(): void;
}
