import { type Hex, hexToBytes, hexToString } from 'viem';
import { stringify } from 'yaml';
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

/** As YAML: one value a line. What is no manifest as it stands. */
export function manifestLines(content: Hex): string[] {
  const text = new TextDecoder().decode(hexToBytes(content));
  try {
    return stringify(JSON.parse(text)).trimEnd().split('\n');
  } catch {
    return text.split('\n');
  }
}
