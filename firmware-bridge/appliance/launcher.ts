/** What the system starts: decides which firmware runs, counts its starts, and hands over to it. It lies in the system's image. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { openSlots, type Slots } from '../update/slots.ts';
import { notifyWatchdog } from './notify.ts';

/** What the launcher hands to the firmware: the seam that `HOST` counts. */
export interface Launch {
  readonly slots: Slots;
  readonly version: string;
  readonly paths: Paths;
}

export interface Paths {
  /** The data partition. */
  readonly data: string;
  /** The partition from which the board starts. */
  readonly boot: string;
  /** What came with the image. */
  readonly system: string;
  readonly keyring: string;
}

const PATHS: Paths = { data: '/data', boot: '/boot', system: '/usr/lib/classpad', keyring: '/etc/rauc/keyring.pem' };

/** A slow board may take minutes until its firmware speaks for itself; one that never does has used up a start after that. */
const PATIENCE_MS = 10 * 60_000;

interface Host {
  start(launch: Launch): Promise<void>;
}

function main(): void {
  notifyWatchdog(PATIENCE_MS);
  const slots = openSlots(join(PATHS.data, 'firmware'), join(PATHS.system, 'firmware'));
  const { place, folder, version } = slots.choose();
  for (const { version: failed, reason } of slots.state().failures.slice(-1))
    console.error(`launcher: firmware ${failed}: ${reason}`);
  console.error(`launcher: firmware ${version} from ${place === 'factory' ? "the system's image" : `slot ${place}`}`);
  const host = createRequire(join(folder, 'host.cjs'))('./host.cjs') as Host;
  host.start({ slots, version, paths: PATHS }).catch((error: Error) => {
    console.error(`launcher: firmware ${version} ended: ${error.message}`);
    process.exit(1);
  });
}

try {
  // A version that cannot even be loaded has used up a start, and the next one comes in two seconds.
  main();
} catch (error) {
  console.error(`launcher: ${(error as Error).message}`);
  process.exit(1);
}
