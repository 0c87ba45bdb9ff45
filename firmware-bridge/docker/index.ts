import { type Containers, EngineError } from '../../runtime/ports/index.ts';
import { dockerContainers, inspect } from './containers.ts';
import { createEngine } from './engine.ts';
import { ensureHelloImage } from './hello.ts';
import { removeNetworks } from './network.ts';
import { resolveImage } from './pin.ts';
import { hostSecrets } from './secrets.ts';
import { ofDevice, watchEvents } from './watch.ts';

export { HELLO_IMAGE } from './hello.ts';

/** {@link resolveImage} on the engine at an address. Throws a sentence for an address that is none. */
export function imageResolver(url: string): (image: string) => Promise<string> {
  const engine = createEngine(url);
  return (image) => resolveImage(engine, image);
}

/** An address is asked for anew after so long, and at once after any event of the container. */
const ADDRESS_MS = 5_000;

/** One device's part of a real Docker Engine. */
export interface DockerEngine {
  readonly containers: Containers;
  /** Where a container's port answers, as seen from the host the engine runs on. Rejects if the container does not run. */
  reach(containerId: string, port: number): Promise<{ readonly host: string; readonly port: number }>;
  /** Makes the image of the example app on the engine, if it is missing. */
  ensureHelloImage(): Promise<void>;
  /** Removes this device's containers and its networks; nothing else, and never a volume. */
  clear(): Promise<void>;
  /** Ends what runs in the background. Containers keep running. */
  close(): void;
}

export interface DockerOptions {
  /** Folder on a file system in memory, where secrets lie for the containers. Absent: `/run/classpad/<device>/secrets`. */
  readonly secrets?: string;
  /** A request that takes longer has failed. Absent: 30 seconds. */
  readonly deadlineMs?: number;
  /** What marks the containers of its ledger: those of another one are not touched, nor any beside them. Absent: no mark. */
  readonly ledger?: string;
}

/**
 * Opens an engine for a device; nothing is asked of it yet. Throws a sentence for an address that is none.
 * @param url `unix:///var/run/docker.sock` or `tcp://host:port`.
 */
export function dockerEngine(url: string, device: string, options: DockerOptions = {}): DockerEngine {
  const engine = createEngine(url, options.deadlineMs);
  const secrets = hostSecrets(options.secrets ?? `/run/classpad/${device}/secrets`);
  const own = { engine, device, secrets, ledger: options.ledger };
  const containers = dockerContainers(own);
  const addresses = new Map<string, { readonly host: string; readonly untilMs: number }>();
  const forget = (id?: string) => (id === undefined ? addresses.clear() : addresses.delete(id));
  let unwatch: (() => void) | undefined;

  const reach = async (containerId: string, port: number) => {
    unwatch ??= watchEvents(engine, ofDevice(device), forget);
    const known = addresses.get(containerId);
    if (known !== undefined && known.untilMs > Date.now()) return { host: known.host, port };
    const container = await inspect(own, containerId);
    const host = container?.device === device ? Object.values(container.addresses)[0] : undefined;
    if (host === undefined) throw new EngineError('not-found', `container ${containerId.slice(0, 12)} does not run here`);
    addresses.set(containerId, { host, untilMs: Date.now() + ADDRESS_MS });
    return { host, port };
  };

  const clear = async () => {
    for (const { id } of await containers.list()) await containers.remove(id);
    await removeNetworks(engine, device);
  };

  return { containers, reach, ensureHelloImage: () => ensureHelloImage(engine), clear, close: () => unwatch?.() };
}
