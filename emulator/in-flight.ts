import type { Containers } from '../runtime/ports/index.ts';

/** Containers whose calls are counted while they are under way. */
export interface CountedContainers extends Containers {
  /** Resolves when no call is under way any more. */
  idle(): Promise<void>;
}

/** So that who cleans up afterwards does not miss what a call has yet to create. */
export function counted(containers: Containers): CountedContainers {
  const calls = new Set<Promise<unknown>>();
  const count = <T>(call: Promise<T>): Promise<T> => {
    // Whoever called hears what came of it; here it only counts that it is over.
    const ended: Promise<unknown> = call.catch(() => {}).then(() => calls.delete(ended));
    calls.add(ended);
    return call;
  };
  return {
    describe: () => count(containers.describe()),
    list: () => count(containers.list()),
    hasImage: (image) => count(containers.hasImage(image)),
    pull: (image) => count(containers.pull(image)),
    images: () => count(containers.images()),
    pin: (image) => count(containers.pin(image)),
    removeImage: (image) => count(containers.removeImage(image)),
    space: () => count(containers.space()),
    place: (name, secrets) => count(containers.place(name, secrets)),
    create: (spec) => count(containers.create(spec)),
    start: (id) => count(containers.start(id)),
    stop: (id, graceMs) => count(containers.stop(id, graceMs)),
    remove: (id) => count(containers.remove(id)),
    logs: (id, lines) => count(containers.logs(id, lines)),
    watch: (changed) => containers.watch(changed),
    async idle() {
      while (calls.size > 0) await Promise.all(calls);
    },
  };
}
