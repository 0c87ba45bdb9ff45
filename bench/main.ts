/** `npm run bench -- NAME [OPTIONS]`: measures one part of the project and prints a table. */

import { benchCluster } from './cluster/index.ts';
import { benchEmulator } from './emulator/index.ts';
import { benchFleet } from './fleet/index.ts';
import { benchFootprint } from './footprint/index.ts';
import { benchRpc } from './rpc/index.ts';

import { benchVm } from './vm/index.ts';

const benches: Readonly<Record<string, (args: string[]) => Promise<void>>> = {
  rpc: benchRpc,
  vm: benchVm,
  emulator: benchEmulator,
  cluster: benchCluster,
  fleet: benchFleet,
  footprint: benchFootprint,
};

const [name = '', ...args] = process.argv.slice(2);
const bench = benches[name];
if (bench) {
  await bench(args).catch((error: Error) => {
    console.error(`bench: ${error.message}`);
    process.exitCode = 1;
  });
} else {
  console.error(`bench: there is no "${name}"; there are ${Object.keys(benches).join(', ')}`);
  process.exitCode = 2;
}
