import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import type { ClusterNode } from '../../firmware-bridge/cometbft/testnet.ts';
import { type BridgeConfig, readConfig } from '../../firmware-bridge/config.ts';
import { type Endpoint, listen, parseEndpoint, shut } from '../../firmware-bridge/system/listen.ts';
import { Failure } from '../command.ts';
import { sleep } from '../progress.ts';

/** Nodes that were killed a moment ago may still hold theirs. */
const ATTEMPTS = 4;
const PAUSE_MS = 1_000;

/** A port that a node needs, and where that is written. */
interface Need {
  readonly node: string;
  readonly what: string;
  readonly at: Endpoint;
  readonly field: string;
  readonly file: string;
}

/** Looks at every port of the nodes before any is started. Throws a {@link Failure} that names those that cannot be had. */
export async function demandPorts(folder: string, nodes: readonly ClusterNode[], pauseMs = PAUSE_MS): Promise<void> {
  let needs = nodes.flatMap((node) => needsOf(folder, node));
  for (let attempt = 1; ; attempt++) {
    const reasons = await Promise.all(needs.map(whyNot));
    const refused = needs.flatMap((need, index) => (reasons[index] === undefined ? [] : [sentence(need, reasons[index])]));
    if (refused.length === 0) return;
    if (attempt === ATTEMPTS) throw new Failure(`no node was started: ${refused.join('\n')}`);
    needs = needs.filter((_, index) => reasons[index] !== undefined);
    await sleep(pauseMs);
  }
}

function sentence({ node, what, at, file }: Need, why: string): string {
  return `${node} needs port ${at.port} of ${at.host} for ${what}, and ${why} (${file})`;
}

function needsOf(folder: string, { name, folder: own }: ClusterNode): Need[] {
  const file = join(folder, own, 'node.yaml');
  const { rpc, proxy, cometbft } = readConfig(file);
  const row = (what: string, at: Endpoint, field: string, path = file): Need[] =>
    at.port === 0 ? [] : [{ node: name, what, at, field, file: path }];
  return [
    ...row('JSON-RPC', rpc.listen, 'rpc.listen'),
    ...row('its apps', proxy.listen, 'proxy.listen'),
    ...(cometbft ? [...row("CometBFT's RPC", cometbft.rpc, 'cometbft.rpc'), ...peersOf(cometbft, row)] : []),
  ];
}

function peersOf(
  { home }: NonNullable<BridgeConfig['cometbft']>,
  row: (what: string, at: Endpoint, field: string, path: string) => Need[],
): Need[] {
  const file = join(home, 'config', 'config.toml');
  const [, address = ''] = /^\[p2p\]\n(?:(?!\[).*\n)*?laddr = "tcp:\/\/([^"]+)"/m.exec(readFileSync(file, 'utf8')) ?? [];
  const at = parseEndpoint(address);
  return at ? row('the other validators', at, 'p2p.laddr', file) : [];
}

/** In words that begin with the field of the configuration. */
async function whyNot({ at, field }: Need): Promise<string | undefined> {
  const server = createServer();
  try {
    await listen(server, at, field);
  } catch (error) {
    return (error as Error).message;
  }
  await shut(server);
  return undefined;
}
