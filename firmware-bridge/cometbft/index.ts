import { join } from 'node:path';
import type { Abci, Logger, Ordering } from '../../runtime/ports/index.ts';
import type { Endpoint } from '../system/listen.ts';
import { openAbciServer } from './abci-server.ts';
import { crashPoints } from './crash.ts';
import { keepLogSmall } from './engine-log.ts';
import { type EngineRpc, engineRpc, MAX_BATCH } from './engine-rpc.ts';
import { superviseEngine } from './process.ts';
import { finishBeginning, watchLeftBehind } from './rejoin.ts';

export interface EngineSettings {
  /** CometBFT's own folder, with `config` and `data`. */
  readonly home: string;
  readonly binary: string;
  /** Where its RPC listens. Whoever reaches it may hand in transactions and read the ledger. */
  readonly rpc: Endpoint;
  /** At each multiple of so many of its blocks a new device may begin with the state of this one. */
  readonly snapshotInterval: number;
  /** So many of its newest blocks CometBFT keeps; the ledger's own stay all. */
  readonly retainedHeights: number;
  /** RPC of the engines of other nodes, whose state this one takes over by itself when they do not keep its next block any more. */
  readonly rejoin: readonly string[];
}

/** CometBFT beside this node, as a pair. */
export interface Engine {
  readonly ordering: Ordering;
  readonly rpc: EngineRpc;
  /** Names of the nodes that it is connected to. */
  peers(): string[];
  /** Starts the process. The node must be able to answer. */
  start(): void;
  stop(): Promise<void>;
}

const PEERS_EVERY_MS = 2_000;
/** Transactions on their way to the engine; those beyond come again. */
const MAX_UNDERWAY = 1024;

/** Opens the socket of the ledger; the engine itself starts later. */
export async function openEngine(settings: EngineSettings, chain: string, log: Logger): Promise<Engine> {
  const { home, binary, rpc: at, rejoin: others } = settings;
  const path = join(home, 'abci.sock');
  let abci: Abci | undefined;
  const server = await openAbciServer({ path, abci: () => abci, log, ...crashPoints(process.env) });
  const rpc = engineRpc(at.host, at.port);
  const peers = watchPeers(rpc);
  let engine: ReturnType<typeof superviseEngine> | undefined;
  let isStopped = false;
  let keepLog = () => {};
  let endWatch = () => {};
  const url = `${at.host.includes(':') ? `[${at.host}]` : at.host}:${at.port}`;
  const run = () => {
    finishBeginning(home);
    const args = ['start', '--home', home, '--abci', 'socket', '--proxy_app', `unix://${path}`, '--rpc.laddr', `tcp://${url}`];
    engine = superviseEngine({ binary, args, log, line: (text) => log.write('debug', `cometbft: ${text}`) });
  };
  const restart = async (act: () => void) => {
    await engine?.stop();
    try {
      act();
    } finally {
      if (!isStopped) run();
    }
  };
  return {
    rpc,
    peers: peers.names,
    ordering: {
      serve(verbs) {
        abci = verbs;
      },
      broadcast: broadcaster(rpc, log),
    },
    start() {
      keepLog = keepLogSmall(home, log);
      run();
      if (others.length > 0) endWatch = watchLeftBehind({ home, own: `http://${url}`, others, chain, log, restart });
    },
    async stop() {
      isStopped = true;
      endWatch();
      peers.stop();
      keepLog();
      await engine?.stop();
      await server.close();
      rpc.close();
    },
  };
}

/** Never waits, so never holds up an answer that the engine needs in order to take what is handed to it. */
function broadcaster(rpc: EngineRpc, log: Logger): (raw: Uint8Array) => void {
  let waiting: Uint8Array[] = [];
  let underway = 0;
  const hand = async (raws: readonly Uint8Array[]) => {
    const rows = raws.map((raw) => ({ tx: Buffer.from(raw).toString('base64') }));
    const failures = await rpc.callAll('broadcast_tx_async', rows).catch((error: Error) => [error.message]);
    for (const failure of failures) {
      if (failure && !/already exists in cache/.test(failure))
        log.write('debug', `a transaction waits for the engine: ${failure}`);
    }
    underway -= raws.length;
  };
  const flush = () => {
    const all = waiting;
    waiting = [];
    for (let from = 0; from < all.length; from += MAX_BATCH) void hand(all.slice(from, from + MAX_BATCH));
  };
  return (raw) => {
    if (underway >= MAX_UNDERWAY) return;
    underway++;
    // What comes in one turn is handed on in few requests.
    if (waiting.push(raw) === 1) setImmediate(flush);
  };
}

function watchPeers(rpc: EngineRpc) {
  let names: string[] = [];
  const look = async () => {
    const answer = (await rpc.call('net_info')) as { peers?: readonly { node_info?: { moniker?: string } }[] };
    names = (answer.peers ?? []).map(({ node_info }) => String(node_info?.moniker ?? '?').slice(0, 64));
  };
  const timer = setInterval(() => {
    look().catch(() => {
      names = [];
    });
  }, PEERS_EVERY_MS);
  return { names: () => names, stop: () => clearInterval(timer) };
}
