import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Out } from '../../emulator/teller.ts';
import { addressOf } from '../../firmware-bridge/cometbft/keys.ts';
import type { Cluster } from '../../firmware-bridge/cometbft/testnet.ts';
import { bytesToHex } from '../../runtime/bytes.ts';
import type { Genesis } from '../../runtime/config.ts';
import { Flag, type LightBlock, type Provider, rpcProvider } from '../../runtime/light/index.ts';
import { timeText } from '../values.ts';

const EVERY_MS = 1_000;
const DEADLINE_MS = 900;

/** How the cluster stands, in one line that is drawn again each second until told to end; who signs no more or again stays in words. */
export async function watchCluster(
  folder: string,
  cluster: Cluster,
  head: () => number,
  out: Out,
  ending: AbortSignal,
): Promise<void> {
  const names = validatorNames(folder, cluster);
  const get = async (url: string) => (await fetch(url, { signal: AbortSignal.timeout(DEADLINE_MS) })).text();
  const providers = cluster.nodes.map(({ host, engineRpc }) => rpcProvider(`http://${host}:${engineRpc}`, get));
  let missing = '';
  while (!ending.aborted) {
    const block = await newest(providers);
    const away = block ? silent(block, names) : missing;
    out.redraw?.(block ? lineOf(block, head()) : 'CometBFT does not answer');
    if (away !== missing) {
      out.redraw?.('');
      out.line(away === '' ? 'all validators sign' : `without the vote of ${away}`);
    }
    missing = away;
    await setTimeout(EVERY_MS, undefined, { signal: ending }).catch(() => {});
  }
  out.redraw?.('');
}

/** Who has not signed the block, by name. */
export function silent({ commit, validators }: LightBlock, names: ReadonlyMap<string, string>): string {
  const away = validators.filter((_, index) => commit.signatures[index]?.flag !== Flag.commit);
  return away.map(({ address }) => names.get(bytesToHex(address)) ?? bytesToHex(address)).join(', ');
}

export function lineOf({ header, commit }: LightBlock, head: number): string {
  const votes = commit.signatures.filter(({ flag }) => flag === Flag.commit).length;
  return `height ${header.height} of ${timeText(Number(header.time.seconds))}, signed by ${votes} of ${commit.signatures.length}; block ${head}`;
}

/** The last block whose votes have all been counted: of the very newest only as many are known as it takes. */
async function newest(providers: readonly Provider[]): Promise<LightBlock | undefined> {
  for (const provider of providers) {
    try {
      const block = await provider.lightBlock('latest');
      return block.header.height > 1 ? await provider.lightBlock(block.header.height - 1) : block;
    } catch {
      // Another one is asked.
    }
  }
  return undefined;
}

/** The first validators stand in the genesis in the order of the nodes. */
function validatorNames(folder: string, { nodes }: Cluster): Map<string, string> {
  const { validators = [] } = JSON.parse(readFileSync(join(folder, 'genesis.json'), 'utf8')) as Genesis;
  const rows = validators.map(({ publicKey }, index) => {
    return [`0x${addressOf(Buffer.from(publicKey.slice(2), 'hex'))}`, nodes[index]!.name] as const;
  });
  return new Map(rows);
}
