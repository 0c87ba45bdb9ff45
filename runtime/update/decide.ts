import type { Payload, SoftwareManifest } from '../manifest/firmware.ts';
import type { Running } from '../ports/updater.ts';
import { compareVersions } from './version.ts';

/** A release of software that this device is a target of. */
export interface SoftwareRow {
  readonly app: string;
  readonly revision: number;
  readonly phase: 'rolling out' | 'active';
  /** Absent: the ledger holds something else under this name, and `refusal` says what. */
  readonly manifest?: SoftwareManifest;
  readonly refusal?: string;
}

export type Decision =
  /** It runs and has served. */
  | { readonly is: 'healthy' }
  | { readonly is: 'unhealthy'; readonly reason: string }
  /** It runs and has yet to serve. */
  | { readonly is: 'waiting' }
  | { readonly is: 'apply'; readonly payload: Payload };

export interface Situation {
  readonly row: SoftwareRow;
  /** What the release holds for this board. */
  readonly payload: Payload | undefined;
  readonly running: Running;
  readonly failure: string | undefined;
  /** Whether the ledger has agreed on this very manifest before: then going back to it is a rollback. */
  readonly isReturn: () => boolean;
}

/** What a device does about a release of its own software, and what it says of it. Pure. */
export function decide({ row, payload, running, failure, isReturn }: Situation): Decision {
  const { manifest, refusal } = row;
  if (manifest === undefined) return { is: 'unhealthy', reason: refusal ?? 'the manifest cannot be read' };
  if (payload === undefined) return { is: 'unhealthy', reason: `the release holds nothing for this board` };
  if (runs(running, manifest, payload)) return running.isGood ? { is: 'healthy' } : { is: 'waiting' };
  if (failure !== undefined) return { is: 'unhealthy', reason: failure };
  if (compareVersions(manifest.version, running.version) < 0 && !isReturn())
    return {
      is: 'unhealthy',
      reason: `${manifest.version} is older than ${running.version}, which runs; going back takes a rollback`,
    };
  return { is: 'apply', payload };
}

/** What came with the image has no hash: its version tells. */
function runs(running: Running, { version }: SoftwareManifest, { sha256 }: Payload): boolean {
  return running.sha256 === undefined ? running.version === version : running.sha256 === sha256;
}
