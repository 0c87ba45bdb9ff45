import type { Containers } from '../runtime/ports/index.ts';
import type { BoardEngine } from './board.ts';
import { type CountedContainers, counted } from './in-flight.ts';
import type { Out } from './teller.ts';
import { deviceName } from './world.ts';

/** A real Docker Engine as one device sees it; the command line brings the maker. */
export interface RealEngine {
  readonly containers: Containers;
  reach(containerId: string, port: number): Promise<{ readonly host: string; readonly port: number }>;
  /** Makes the image of the example, if it is missing. */
  ensureHelloImage(): Promise<void>;
  /** Removes the device's containers and what belongs to them. */
  clear(): Promise<void>;
  close(): void;
}

export type EngineMaker = (url: string, device: string) => RealEngine;

/** The containers of a whole world: virtual, or each device's part of one real engine. */
export interface Engines {
  /** Absent where containers are virtual. */
  readonly make: ((device: string) => BoardEngine) | undefined;
  /** Makes sure that the engine is there and has the image of the example. Answers what the containers are, in words. */
  prepare(): Promise<string>;
  /** Removes what the devices have made, and what a last call is still making. */
  cleanUp(out: Out): Promise<void>;
}

const virtual: Engines = { make: undefined, prepare: async () => 'virtual containers', cleanUp: async () => {} };

/** Throws a sentence for an address without a way to reach it. */
export function enginesOf(docker: string | undefined, maker: EngineMaker | undefined): Engines {
  if (docker === undefined) return virtual;
  if (!maker) throw new Error('this emulator was started without a way to a Docker Engine');
  const made: { readonly engine: RealEngine; readonly containers: CountedContainers }[] = [];
  return {
    make(device) {
      const engine = maker(docker, device);
      const containers = counted(engine.containers);
      made.push({ engine, containers });
      return { containers, reach: (containerId, port) => engine.reach(containerId, port) };
    },
    prepare: () => prepare(maker(docker, deviceName(0)), docker),
    async cleanUp(out) {
      const cleaning = made.map(async ({ engine, containers }) => {
        await containers.idle();
        await engine.clear().catch((error: Error) => out.line(`not all of ${docker} could be cleaned up: ${error.message}`));
        engine.close();
      });
      await Promise.all(cleaning);
    },
  };
}

async function prepare(engine: RealEngine, docker: string): Promise<string> {
  try {
    const name = await engine.containers.describe();
    await engine.ensureHelloImage();
    return name;
  } catch (error) {
    throw new Error(`--docker ${docker}: ${(error as Error).message}`);
  } finally {
    engine.close();
  }
}
