import { parseEngineUrl } from '../firmware-bridge/docker/address.ts';
import { type DockerEngine, type DockerOptions, dockerEngine } from '../firmware-bridge/docker/index.ts';
import { Exit, Failure } from './command.ts';

/** Instead of an engine's address: containers are pretended. */
export const VIRTUAL = 'virtual';

/** The address of an engine, or `virtual`. Throws {@link Failure}. */
export function parseEngine(text: string): string {
  if (text === VIRTUAL) return text;
  try {
    parseEngineUrl(text);
    return text;
  } catch (error) {
    throw new Failure(`--engine: ${(error as Error).message}`, Exit.badInput);
  }
}

export async function openEngine(url: string, device: string, options: DockerOptions): Promise<DockerEngine> {
  if (url !== VIRTUAL) return dockerEngine(url, device, options);
  return (await import('./virtual-engine.ts')).virtualEngine(device);
}
