import { parseEngineUrl } from '../firmware-bridge/docker/address.ts';
import { type DockerEngine, type DockerOptions, dockerEngine } from '../firmware-bridge/docker/index.ts';
import { Exit, Failure } from './command.ts';
import { virtualEngine } from './virtual-engine.ts';

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

export function openEngine(url: string, device: string, options: DockerOptions): DockerEngine {
  return url === VIRTUAL ? virtualEngine(device) : dockerEngine(url, device, options);
}
