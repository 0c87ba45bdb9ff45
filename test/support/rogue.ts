import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { memoryStore } from '../../emulator/store.ts';
import { openAbciServer } from '../../firmware-bridge/cometbft/abci-server.ts';
import { newEngineKey, nodeKeyFile } from '../../firmware-bridge/cometbft/keys.ts';
import { superviseEngine } from '../../firmware-bridge/cometbft/process.ts';
import { systemClock } from '../../firmware-bridge/system/clock.ts';
import type { Genesis } from '../../runtime/config.ts';
import { createLedger } from '../../runtime/ledger/ledger.ts';
import type { Abci } from '../../runtime/ports/index.ts';
import { createVm } from '../../vm/embed/index.ts';
import { deviceOf } from '../runtime/ledger/support.ts';
import { keyOf } from '../runtime/ledger/world.ts';
import { type ClusterMember, COMETBFT } from './cluster.ts';
import { FLEET } from './node-process.ts';

export interface Rogue {
  /** What its engine complained of, and that it ended. */
  readonly said: string[];
  stop(): Promise<void>;
}

/**
 * A real CometBFT with the key of a member, over a ledger that answers as it likes.
 * @param twin Number of a copy with another name among the peers, so that two of the same key may be there at once.
 */
export async function startRogue(member: ClusterMember, lie: (honest: Abci) => Partial<Abci>, twin: number): Promise<Rogue> {
  const home = copyOf(member, twin);
  const genesis = JSON.parse(readFileSync(join(member.path, 'genesis.json'), 'utf8')) as Genesis;
  const said: string[] = [];
  const log = { write: (_: string, message: string) => void said.push(message) };
  let abci: Abci | undefined;
  const vm = createVm({ fork: 'Osaka' });
  const network = { peers: () => [], send: () => {}, receive: () => {} } as never;
  const ledger = createLedger(
    {
      vm,
      store: memoryStore(),
      clock: systemClock(),
      network,
      device: deviceOf(keyOf(50 + twin), 'rogue'),
      log,
      ordering: {
        serve(honest) {
          abci = lying(honest, lie(honest));
        },
        broadcast: () => {},
      },
    },
    { genesis, fleet: FLEET, consensus: 'cometbft', blockIntervalMs: 100, reconcileIntervalMs: 1000, version: 'rogue' },
  );
  const path = join(home, 'abci.sock');
  const server = await openAbciServer({ path, abci: () => abci, log });
  const rpc = `tcp://127.0.0.1:${member.engineRpc + twin}`;
  const args = ['start', '--home', home, '--abci', 'socket', '--proxy_app', `unix://${path}`, '--rpc.laddr', rpc];
  const engine = superviseEngine({
    binary: COMETBFT,
    args,
    log,
    line: (text) => void (/panic|wrong|ERR/i.test(text) && said.push(text)),
  });
  return {
    said,
    async stop() {
      ledger.stop();
      await engine.stop();
      await server.close();
    },
  };
}

/** Methods are found on the class, so each is bound to the honest one unless it is lied about. */
function lying(honest: Abci, lies: Partial<Abci>): Abci {
  return new Proxy(honest, {
    get(target, name: keyof Abci) {
      const lie = lies[name];
      return lie ?? (target[name] as (...args: never[]) => unknown).bind(target);
    },
  });
}

/** The same validator under another name, at the next ports. */
function copyOf(member: ClusterMember, twin: number): string {
  const home = join(member.path, `twin${twin}`);
  cpSync(join(member.path, 'cometbft'), home, { recursive: true, filter: (path) => !path.endsWith('.sock') });
  writeFileSync(join(home, 'config/node_key.json'), nodeKeyFile(newEngineKey()));
  const file = join(home, 'config/config.toml');
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll(`:${member.p2p}"`, `:${member.p2p + 100 + twin}"`));
  return home;
}
