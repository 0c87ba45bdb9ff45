import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesToHex } from '../../runtime/bytes.ts';
import { createLightClient, hashEngineHeader, type Provider, rpcProvider } from '../../runtime/light/index.ts';
import type { Logger } from '../../runtime/ports/index.ts';
import { fetchText } from '../system/fetch-text.ts';
import { type EngineConfig, stateSyncSection } from './engine-files.ts';
import { askHeights, type Heights, leftBehind } from './left-behind.ts';

/** What a validator has signed last: without it, it might sign something else at the same height. */
const KEPT = 'priv_validator_state.json';
/** Stands there while the rest is taken away. */
const UNDER_WAY = 'rejoining';

/**
 * Lets the engine begin with the state of others when it starts next; its keys, its vote and what it has signed stay. It must not be
 * running. Throws a sentence.
 */
export function beginWithOthers(home: string, stateSync: NonNullable<EngineConfig['stateSync']>): void {
  const config = join(home, 'config', 'config.toml');
  demandMemory(home);
  const text = readFileSync(config, 'utf8').replace(/^\[statesync\]\n(?:(?!\[).*\n)*/m, `${stateSyncSection(stateSync)}\n`);
  writeFileSync(config, text, { mode: 0o600 });
  writeFileSync(join(home, 'data', UNDER_WAY), '');
  finishBeginning(home);
}

/** Takes away what was to be taken away when the power went. */
export function finishBeginning(home: string): void {
  const data = join(home, 'data');
  if (!existsSync(join(data, UNDER_WAY))) return;
  const names = readdirSync(data).filter((name) => name !== KEPT && name !== UNDER_WAY);
  for (const name of [...names, UNDER_WAY]) rmSync(join(data, name), { recursive: true, force: true });
}

/** What it has signed last must be known. Throws a sentence. */
export function demandMemory(home: string): void {
  try {
    const { height } = JSON.parse(readFileSync(join(home, 'data', KEPT), 'utf8')) as { height?: unknown };
    if (/^\d+$/.test(`${height}`)) return;
  } catch {
    // The same sentence.
  }
  throw new Error(`${join(home, 'data', KEPT)} does not say what this validator has signed last, without which it must not vote`);
}

export interface RejoinOptions {
  readonly home: string;
  /** RPC of the engine beside this node. */
  readonly own: string;
  /** Those of others. */
  readonly others: readonly string[];
  /** The ledger's name among engines. */
  readonly chain: string;
  readonly log: Logger;
  /** Ends the engine, acts, and starts it again. */
  readonly restart: (act: () => void) => Promise<void>;
}

const LOOK_EVERY_MS = 10_000;
/** If it did not help, it helps later at most. */
const NOT_AGAIN_MS = 600_000;
/** Of whom the state is taken: they may contradict each other. */
const SERVERS = 2;
const OWN = 'this node';

/**
 * Watches whether this node can still catch up block by block. Where nobody keeps its next block any more, it takes over the state of
 * the others; but only if they show a block that follows by votes from the last one that was decided here, so that nobody has to be
 * believed. Answers how to stop.
 */
export function watchLeftBehind(options: RejoinOptions): () => void {
  const { log } = options;
  let stoodAt = 0;
  let notBeforeMs = 0;
  let complaint = '';
  let timer: ReturnType<typeof setTimeout>;
  let isStopped = false;
  const look = async () => {
    const latest = performance.now() < notBeforeMs ? 0 : await leftBehindAt(options);
    const stands = latest > 0 && latest === stoodAt;
    stoodAt = latest;
    if (!stands || isStopped) return;
    await takeOver(options, latest);
    notBeforeMs = performance.now() + NOT_AGAIN_MS;
  };
  const again = () => {
    timer = setTimeout(() => {
      look()
        .catch(({ message }: Error) => {
          if (message !== complaint) log.write('error', message);
          complaint = message;
        })
        .finally(() => isStopped || again());
    }, LOOK_EVERY_MS);
  };
  again();
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}

/** The last height of this node, if none of the others keeps the next; else 0. Each of them has to say so, or not to answer. */
async function leftBehindAt({ own, others }: RejoinOptions): Promise<number> {
  const all = await askHeights([{ name: OWN, url: own }, ...others.map((url) => ({ name: url, url }))]);
  const isThere = all.length > Math.min(SERVERS, others.length);
  return isThere ? (leftBehind(all.filter(isBegun)).find(({ name }) => name === OWN)?.latest ?? 0) : 0;
}

/** One that has no blocks is about to get them. */
function isBegun({ latest }: Heights): boolean {
  return latest > 0;
}

async function takeOver({ home, own, others, chain, log, restart }: RejoinOptions, latest: number): Promise<void> {
  demandMemory(home);
  const heights = (await askHeights(others.map((url) => ({ name: url, url })))).filter((one) => one.latest > latest);
  const servers = heights.map(({ name }) => name).slice(0, SERVERS);
  const { height, hash } = await follows(
    chain,
    rpcProvider(own, (url) => fetchText(url)),
    latest,
    servers,
  ).catch(({ message }: Error) => {
    throw new Error(
      `this node is at height ${latest}, and the others do not keep its next block any more; it does not take over their state by ` +
        `itself, because it cannot check it: ${message}. Whoever knows a block to be right may do it: classpad cluster rejoin`,
    );
  });
  log.write(
    'warn',
    `this node is at height ${latest}, and the others do not keep its next block any more: it takes over their state, which height ` +
      `${height} bears by votes that follow from its own`,
  );
  const rpc = servers.length === 1 ? [servers[0]!, servers[0]!] : servers;
  await restart(() => beginWithOthers(home, { servers: rpc, height, hash }));
}

/** A block of the others that follows by votes from the last one here. Rejects with a sentence. */
async function follows(chain: string, own: Provider, latest: number, servers: readonly string[]) {
  const trusted = await own.lightBlock(latest);
  const [first, ...witnesses] = servers.map((url) => rpcProvider(url, (target) => fetchText(target)));
  if (!first) throw new Error('none of them answers');
  const client = createLightClient({
    chainId: chain,
    trust: { height: latest, hash: hashEngineHeader(trusted.header) },
    // What is trusted nobody else keeps.
    primary: { name: first.name, lightBlock: async (height) => (height === latest ? trusted : first.lightBlock(height)) },
    witnesses,
    nowMs: () => Date.now(),
  });
  // All of them have it, and the votes for it are all there.
  const heights = await askHeights(servers.map((url) => ({ name: url, url })));
  const { header } = await client.verify(Math.min(...heights.map((one) => one.latest)) - 1);
  return { height: header.height, hash: bytesToHex(hashEngineHeader(header)).slice(2).toUpperCase() };
}
