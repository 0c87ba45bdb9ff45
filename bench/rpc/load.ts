import type { Hex } from '../../runtime/ports/index.ts';
import type { Peer } from '../nodes.ts';
import { Wire } from './wire.ts';

/** A transaction, signed. */
export interface Signed {
  readonly raw: Hex;
  readonly hash: Hex;
}

/** What one stretch of load gave. */
export interface Stretch {
  readonly count: number;
  readonly seconds: number;
  /** Of each request, in ms. */
  readonly latenciesMs: readonly number[];
}

/** Refusals that mean: not yet. */
const FULL = /txpool is full|account limit exceeded|too many requests/;
const PAUSE_MS = 5;
/** Between two looks for a receipt: looking is not what is measured. */
const LOOK_MS = 2;

/**
 * Sends each row over a connection of its own, in order, the next when the one before is acknowledged; the stretch ends when the
 * last of each row has its receipt. Latencies are of the acknowledgements.
 */
export async function sendAll(peer: Peer, rows: readonly (readonly Signed[])[]): Promise<Stretch> {
  const latenciesMs: number[] = [];
  const startMs = performance.now();
  await onWires(peer, rows, async (wire, row) => {
    for (const { raw } of row) latenciesMs.push(await send(wire, raw));
    await receipt(wire, row.at(-1)!.hash);
  });
  return { count: rows.flat().length, seconds: (performance.now() - startMs) / 1000, latenciesMs };
}

/** As {@link sendAll}, but the next is sent when the one before has its receipt; latencies are from sending to the receipt. */
export async function sendAndWait(peer: Peer, rows: readonly (readonly Signed[])[]): Promise<Stretch> {
  const latenciesMs: number[] = [];
  const startMs = performance.now();
  await onWires(peer, rows, async (wire, row) => {
    for (const { raw, hash } of row) {
      const sentMs = performance.now();
      await send(wire, raw);
      await receipt(wire, hash);
      latenciesMs.push(performance.now() - sentMs);
    }
  });
  return { count: rows.flat().length, seconds: (performance.now() - startMs) / 1000, latenciesMs };
}

/** The same request over each of several connections, again and again. */
export async function askAll(peer: Peer, bodies: readonly string[], times: number): Promise<Stretch> {
  const latenciesMs: number[] = [];
  const startMs = performance.now();
  await onWires(peer, bodies, async (wire, body) => {
    for (let i = 0; i < times; i++) {
      const sentMs = performance.now();
      const answer = await wire.post(body);
      if (!answer.includes('"result"')) throw new Error(`${peer.name}: ${answer.slice(0, 300)}`);
      latenciesMs.push(performance.now() - sentMs);
    }
  });
  return { count: latenciesMs.length, seconds: (performance.now() - startMs) / 1000, latenciesMs };
}

async function onWires<T>(peer: Peer, rows: readonly T[], act: (wire: Wire, row: T) => Promise<void>): Promise<void> {
  const wires = rows.map(() => new Wire(peer.port));
  try {
    await Promise.all(rows.map((row, index) => act(wires[index]!, row)));
  } finally {
    for (const wire of wires) wire.close();
  }
}

/** Answers how long the acknowledgement took, in ms. A node that is full is asked again a little later. */
async function send(wire: Wire, raw: Hex): Promise<number> {
  const body = `{"jsonrpc":"2.0","id":1,"method":"eth_sendRawTransaction","params":["${raw}"]}`;
  for (;;) {
    const sentMs = performance.now();
    const answer = await wire.post(body);
    if (answer.includes('"result"')) return performance.now() - sentMs;
    if (!FULL.test(answer)) throw new Error(`a transaction was refused: ${answer.slice(0, 300)}`);
    await new Promise((done) => setTimeout(done, PAUSE_MS));
  }
}

async function receipt(wire: Wire, hash: Hex): Promise<void> {
  const body = `{"jsonrpc":"2.0","id":1,"method":"eth_getTransactionReceipt","params":["${hash}"]}`;
  while ((await wire.post(body)).includes('"result":null')) await new Promise((done) => setTimeout(done, LOOK_MS));
}
