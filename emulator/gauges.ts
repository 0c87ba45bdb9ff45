import type { Sample } from './protocol.ts';

const SAMPLES_LIMIT = 600;

/** What is measured between two looks. */
export interface Reading {
  readonly elapsedMs: number;
  /** Seconds of each new block, by the ledger, with the gas it used. */
  readonly blocks: readonly { readonly timestamp: number; readonly gas: number }[];
  readonly memoryBytes: number;
  readonly requests: readonly { readonly tookMs: number }[];
}

/** Gathers readings into one sample for each second of the world; the last 600 are kept. */
export class Gauges {
  samples: readonly Sample[] = [];
  private lastTimestamp: number | undefined;
  private second = -1;
  private spans: number[] = [];
  private gas = 0;
  private latencies: number[] = [];

  add({ elapsedMs, blocks, memoryBytes, requests }: Reading): void {
    const second = Math.floor(elapsedMs / 1000);
    // Time went back: what was measured after it has not happened.
    if (second < this.second) this.samples = this.samples.filter(({ at }) => at <= second);
    for (const { timestamp, gas } of blocks) {
      if (this.lastTimestamp !== undefined) this.spans.push(Math.max(0, timestamp - this.lastTimestamp));
      this.lastTimestamp = timestamp;
      this.gas += gas;
    }
    this.latencies.push(...requests.map(({ tookMs }) => tookMs));
    if (second === this.second) return;
    this.second = second;
    this.samples = [...this.samples, this.close(second, memoryBytes)].slice(-SAMPLES_LIMIT);
  }

  private close(at: number, memoryBytes: number): Sample {
    const sample = {
      at,
      blockTime: mean(this.spans),
      gas: this.gas,
      memory: Math.round((memoryBytes / 1024 ** 2) * 10) / 10,
      requests: this.latencies.length,
      latency: Math.round(mean(this.latencies) * 10) / 10,
    };
    this.spans = [];
    this.gas = 0;
    this.latencies = [];
    return sample;
  }
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
