import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compileFunction } from 'node:vm';
import type { NodeConfig } from '../runtime/config.ts';
import type { Node } from '../runtime/node.ts';
import type { Ports } from '../runtime/ports/index.ts';

/** What `build/firmware.js` defines. */
export interface Firmware {
  boot(ports: Ports, config: NodeConfig): Node | Promise<Node>;
}

/** Beside the host's bundle, above the pieces of the command line's, or in the build folder when run from the sources. */
const PLACES = ['./firmware.js', '../firmware.js', '../build/firmware.js'].map((place) =>
  fileURLToPath(new URL(place, import.meta.url)),
);

/** Loads the very script that emulated devices boot. It is told nothing of Node but its ports. */
export function loadFirmware(): Firmware {
  const path = PLACES.find(existsSync);
  if (!path) throw new Error(`the firmware is not built: ${PLACES.join(' and ')} are missing; run: npm run build`);
  const load = compileFunction(`${readFileSync(path, 'utf8')}\nreturn classpad;`, [], { filename: path });
  return load() as Firmware;
}
