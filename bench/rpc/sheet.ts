import type { Peer } from '../nodes.ts';
import { clockOf } from '../vm/measure.ts';
import type { Stretch } from './load.ts';

/** Sent as fast as they are acknowledged; sent when the one before has its receipt; asked again and again. */
export type What = 'transfers' | 'receipts' | 'calls';
export type Side = 'ours' | 'anvil';

interface Measured {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU time of the node for each, all its threads; where the system tells. */
  readonly cpuMs: number | null;
  /** CPU time of the client for each: it asks both in the same way, and on a machine with few cores it takes from both. */
  readonly clientCpuMs: number;
}

const SIDES: readonly Side[] = ['ours', 'anvil'];
const TITLES: Readonly<Record<What, string>> = {
  transfers: 'ERC-20 transfers, sent as fast as they are acknowledged (latency: to the acknowledgement)',
  receipts: 'ERC-20 transfers, each sent when the one before has its receipt (latency: from sending to the receipt)',
  calls: 'eth_call of balanceOf',
};
const CONDITIONS =
  'Ours: HTTP, embedded ledger in lmdb; a transfer is acknowledged when it is synced to the disk, ' +
  'and a block is made as soon as there is work (blockIntervalMs 0). anvil: all in memory, it syncs nothing. ' +
  'Transfers: anvil with a block a second, where it is fastest; the rest: anvil as it is by default, a block for each transaction. ' +
  'Ratios are ours to anvil: of what is done in a second (above 1 is better), and of CPU time (below 1 is better).';

/** What was measured, round by round; it is told in medians. */
export class Sheet {
  private readonly rows = new Map<string, Measured[]>();

  async add(what: What, side: Side, peer: Peer, run: () => Promise<Stretch>): Promise<void> {
    const clock = clockOf(peer.processId);
    const before = clock?.() ?? 0;
    const ownBefore = process.cpuUsage();
    const { count, seconds, latenciesMs } = await run();
    const cpuMs = clock ? (clock() - before) / count : null;
    const own = process.cpuUsage(ownBefore);
    const clientCpuMs = (own.user + own.system) / 1000 / count;
    const [p50Ms, p99Ms] = [quantile(latenciesMs, 0.5), quantile(latenciesMs, 0.99)];
    const key = `${what} ${side}`;
    this.rows.set(key, [...(this.rows.get(key) ?? []), { perSecond: count / seconds, p50Ms, p99Ms, cpuMs, clientCpuMs }]);
  }

  asJson() {
    const whats = Object.keys(TITLES) as What[];
    const rows = whats.map((what) => {
      const [ours, anvil] = SIDES.map((side) => this.medians(what, side));
      return [what, { ours: ours!, anvil: anvil ?? null, ...(ours && anvil && ratios(ours, anvil)) }] as const;
    });
    return { ...Object.fromEntries(rows), conditions: CONDITIONS };
  }

  asText(): string {
    const blocks = (Object.keys(TITLES) as What[]).map((what) => {
      const [ours, anvil] = SIDES.map((side) => this.medians(what, side));
      const lines = [`${TITLES[what]}`, ours && line('classpad', ours), anvil && line('anvil', anvil)];
      const compared = ours && anvil ? ratios(ours, anvil) : undefined;
      const ratio = compared
        ? `  ratio ours/anvil ${compared.ratio.toFixed(2)}, of CPU time ${compared.cpuRatio?.toFixed(2) ?? '–'}`
        : '  anvil is not installed: no ratio';
      return [...lines.filter(Boolean), ratio].join('\n');
    });
    return [...blocks, CONDITIONS.replaceAll('. ', '.\n')].join('\n\n');
  }

  private medians(what: What, side: Side): Measured | undefined {
    const rounds = this.rows.get(`${what} ${side}`);
    if (!rounds) return undefined;
    const median = (pick: (round: Measured) => number) => quantile(rounds.map(pick), 0.5);
    return {
      perSecond: median(({ perSecond }) => perSecond),
      p50Ms: median(({ p50Ms }) => p50Ms),
      p99Ms: median(({ p99Ms }) => p99Ms),
      clientCpuMs: median(({ clientCpuMs }) => clientCpuMs),
      cpuMs: rounds.some(({ cpuMs }) => cpuMs === null) ? null : median(({ cpuMs }) => cpuMs ?? 0),
    };
  }
}

function ratios(ours: Measured, anvil: Measured): { readonly ratio: number; readonly cpuRatio: number | null } {
  const cpuRatio = ours.cpuMs !== null && anvil.cpuMs !== null ? ours.cpuMs / anvil.cpuMs : null;
  return { ratio: ours.perSecond / anvil.perSecond, cpuRatio };
}

function line(name: string, { perSecond, p50Ms, p99Ms, cpuMs, clientCpuMs }: Measured): string {
  const cpu = cpuMs === null ? '' : `, CPU ${cpuMs.toFixed(3)} ms each`;
  const latency = `latency p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`;
  return `  ${name.padEnd(9)} ${perSecond.toFixed(0).padStart(6)}/s, ${latency}${cpu} (client ${clientCpuMs.toFixed(3)} ms)`;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
