import type { Fleet } from '../contracts/fleet.ts';
import { isSoftware, parseSoftware, SOFTWARE_APPS } from '../manifest/firmware.ts';

/** Revisions that are looked at, the latest first. */
const DEPTH = 8;

/** How long a bundle is, if one of the latest releases of software names it. A node takes no others from strangers. */
export function namedBytes(fleet: Pick<Fleet, 'exists' | 'latest' | 'manifest'>, sha256: string): number | undefined {
  if (!fleet.exists()) return undefined;
  for (const app of Object.values(SOFTWARE_APPS)) {
    const latest = fleet.latest(app);
    for (let revision = latest; revision > Math.max(0, latest - DEPTH); revision--) {
      const bytes = bytesIn(fleet.manifest(app, revision), sha256);
      if (bytes !== undefined) return bytes;
    }
  }
  return undefined;
}

function bytesIn(manifest: Uint8Array, sha256: string): number | undefined {
  if (!isSoftware(manifest)) return undefined;
  try {
    return Object.values(parseSoftware(manifest).payloads).find((payload) => payload.sha256 === sha256)?.bytes;
  } catch {
    return undefined;
  }
}
