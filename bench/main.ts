/** `npm run bench -- NAME [OPTIONS]`: measures one part of the project and prints a table. */
<<<<<<< HEAD

import { benchCluster } from './cluster/index.ts';
import { benchRpc } from './rpc/index.ts';

=======

import { benchFleet } from './fleet/index.ts';

>>>>>>> baea95c (bench: releases and rollbacks beside docker service, on one engine)

import { benchVm } from './vm/index.ts';

const benches: Readonly<Record<string, (args: string[]) => Promise<void>>> = {
  rpc: benchRpc,
  vm: benchVm,
<<<<<<< HEAD
  cluster: benchCluster,
=======
  fleet: benchFleet,
>>>>>>> baea95c (bench: releases and rollbacks beside docker service, on one engine)
};

const [name = '', ...args] = process.argv.slice(2);
const bench = benches[name];
if (bench) {
  await bench(args);
} else {
  console.error(`bench: there is no "${name}"; there are ${Object.keys(benches).join(', ')}`);
  process.exitCode = 2;
}
