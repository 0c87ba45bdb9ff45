import { sha256 } from '@noble/hashes/sha2.js';
import { keccak256 as keccakHex, type PrivateKeyAccount, stringToHex } from 'viem';
import { bytesToHex, utf8Encode } from '../../runtime/bytes.ts';
import type { Address } from '../../runtime/ports/index.ts';
import { growingTree } from '../../runtime/service/merkle.ts';
import { requestsOrderHash } from '../../runtime/service/order.ts';
import { Failure } from '../command.ts';
import { fleetAbi } from '../fleet/abi.ts';
import type { Connection } from '../fleet/connection.ts';
import { anOnce } from '../once.ts';
import { type LoggedBatch, readLogged } from './proof.ts';

/** A batch, and in which block the ledger took it. */
export interface PlacedBatch extends LoggedBatch {
  readonly block: number;
}

/** The batches of an app that a device logged, oldest first. */
export async function batchesOf({ client, fleet }: Connection, device: Address, app: string): Promise<PlacedBatch[]> {
  const args = { device, app: stringToHex(app, { size: 32 }) };
  const range = { address: fleet, abi: fleetAbi, fromBlock: 0n, toBlock: 'latest', strict: true } as const;
  const events = await client.getContractEvents({ ...range, eventName: 'Logged', args });
  return events.flatMap(({ args: said, blockNumber }) => {
    const batch = readLogged(said);
    return batch ? [{ ...batch, block: Number(blockNumber) }] : [];
  });
}

/** Its lines, which are those of the ledger's root. Throws {@link Failure} where the device has them no more, or shows others. */
export async function linesOf(connection: Connection, batch: PlacedBatch, operator: PrivateKeyAccount): Promise<string[]> {
  const { app, revision, from, device, root } = batch;
  const to = { chainId: BigInt(connection.chain.id), device };
  const request = connection.client.request as unknown as (call: object) => Promise<string[] | null>;
  const lines: string[] = [];
  const tree = growingTree(sha256);
  for (let part = 0; lines.length < batch.requests; part++) {
    const once = anOnce();
    const order = requestsOrderHash({ app, revision, from, part, ...once }, to, (data) => keccakHex(data, 'bytes'));
    const signature = await operator.signMessage({ message: { raw: bytesToHex(order) } });
    const params = [app, revision, from, part, once.until, once.nonce, signature];
    const more = await request({ method: 'classpad_requests', params });
    if (more === null) break;
    for (const line of more) tree.add(utf8Encode(line));
    lines.push(...more);
  }
  if (lines.length === 0)
    throw new Failure(`the device has the ${batch.requests} requests of batch r${revision}/${from} no more`);
  if (tree.root() === root) return lines;
  throw new Failure(`what the device shows of batch r${revision}/${from} is not what it logged in block ${batch.block}`);
}
