import { type Hex, hexToBytes, hexToString } from 'viem';
import { Failure } from '../command.ts';
import { fleetAbi } from './abi.ts';
import type { Connection } from './connection.ts';

/** The bytes of a revision's manifest, as the node shows them. Throws {@link Failure}: there is no such revision. */
export async function readManifest({ client, fleet }: Connection, app: Hex, revision: bigint): Promise<Hex> {
  const content = await client.readContract({
    address: fleet,
    abi: fleetAbi,
    functionName: 'manifest',
    args: [app, revision],
  });
  const name = hexToString(app, { size: 32 });
  if (content === '0x') throw new Failure(`${name} has no revision ${revision}; see: classpad history ${name}`);
  return content;
}

export function manifestText(content: Hex): string {
  return new TextDecoder().decode(hexToBytes(content));
}

/** In one line what it would run: the images that it names first; a release of software as it stands. */
export function manifestSummary(content: Hex): string {
  const text = manifestText(content);
  try {
    const { images } = JSON.parse(text) as { images?: unknown };
    return Array.isArray(images) && images.length > 0 ? images.join(', ') : text;
  } catch {
    return text;
  }
}
