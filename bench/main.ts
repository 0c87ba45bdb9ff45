/** `npm run bench -- NAME [options]`: measures one part of the project and prints a table. */
import { runOneOf } from '../cli/script.ts';
import { benchCluster } from './cluster/index.ts';
import { benchEmulator } from './emulator/index.ts';
import { benchFleet } from './fleet/index.ts';
import { benchFootprint } from './footprint/index.ts';
import { benchRpc } from './rpc/index.ts';
import { benchVm } from './vm/index.ts';

await runOneOf('bench', [benchVm, benchRpc, benchEmulator, benchFleet, benchCluster, benchFootprint]);
