import {
  type Address,
  EngineError,
  type FoundService,
  type FoundTask,
  type ServiceSpec,
  type Services,
} from '../../runtime/ports/index.ts';
import type { TestClock } from './virtual-clock.ts';

type Verb = 'create' | 'update' | 'rollBack' | 'remove' | 'mark';
/** What befalls a request that changes something. `lost`: it is done, and nobody is told. `wedged`: neither. */
export type SwarmFault = 'refused' | 'lost' | 'wedged' | 'conflict';

interface Kept {
  readonly id: string;
  version: number;
  spec: ServiceSpec;
  previous?: ServiceSpec;
  tasks: FoundTask[];
}

/** A Swarm in a few lines: what is asked takes effect at once, tasks come up after a second, or end if their image is `bad`. */
export interface VirtualSwarm {
  /** The Swarm as the manager of that name sees it. */
  manager(name: string): Services;
  leader: string;
  /** How the next request of that verb goes wrong. */
  strike?: { readonly verb: Verb; readonly fault: SwarmFault } | undefined;
  /** By somebody's hand: the spec becomes another, one version on. */
  byHand(name: string, change: Partial<ServiceSpec>): void;
  removeByHand(name: string): void;
  /** Names of services, with how many of their tasks run. */
  picture(): string[];
  /** Requests that changed something, in order. */
  readonly deeds: string[];
}

const UP_MS = 1_000;

export function virtualSwarm(clock: TestClock): VirtualSwarm {
  const services = new Map<string, Kept>();
  const devices = new Map<string, number>();
  const deeds: string[] = [];
  let count = 0;
  const swarm: VirtualSwarm = {
    leader: 'pad-1',
    deeds,
    picture: () =>
      [...services.values()]
        .map((one) => `${one.spec.name} ${settled(one).tasks.filter(({ state }) => state === 'running').length}`)
        .sort(),
    byHand: (name, change) => put(byName(name)!, { ...byName(name)!.spec, ...change }),
    removeByHand: (name) => void services.delete(byName(name)!.id),
    manager: (name) => ({
      site: async () => ({
        role: 'manager',
        isLeader: swarm.leader === name,
        devices: [...devices.keys()].map(addressOf),
        actedAt: Math.max(0, ...devices.values()),
      }),
      mark: (block) => {
        if ((devices.get(name) ?? -1) >= block) return Promise.resolve();
        return asked('mark', name, () => void devices.set(name, block));
      },
      list: async (wanted) => [...services.values()].map((one) => found(settled(one), wanted)),
      create: (spec) =>
        asked('create', spec.name, () => {
          if (byName(spec.name) === undefined) make(spec);
        }),
      update: ({ id, version }, spec) => asked('update', id, () => put(at(id, version), spec)),
      rollBack: ({ id, version }) => asked('rollBack', id, () => put(at(id, version), at(id, version).previous!)),
      remove: (id) => asked('remove', id, () => void services.delete(id)),
      watch: () => () => {},
    }),
  };

  function asked(verb: Verb, what: string, act: () => void): Promise<void> {
    const fault = swarm.strike?.verb === verb ? swarm.strike.fault : undefined;
    if (fault !== undefined) swarm.strike = undefined;
    if (fault === 'wedged') return new Promise(() => {});
    if (fault === 'conflict') return Promise.reject(new EngineError('conflict', 'another manager has changed it meanwhile'));
    if (fault === 'refused') return Promise.reject(new EngineError('failed', 'no space left on device'));
    try {
      act();
    } catch (error) {
      return Promise.reject(error);
    }
    if (verb !== 'mark') deeds.push(`${verb} ${services.get(what)?.spec.name ?? what}`);
    return fault === 'lost' ? Promise.reject(new EngineError('unreachable', 'the answer was lost')) : Promise.resolve();
  }

  function make(spec: ServiceSpec): void {
    const id = `s${++count}`;
    services.set(id, { id, version: count, spec, tasks: [] });
    put(services.get(id)!, spec);
  }

  function put(service: Kept, spec: ServiceSpec): void {
    service.previous = service.spec;
    service.spec = spec;
    service.version = ++count;
    service.tasks = Array.from({ length: spec.replicas }, (_, index) => task(index + 1, `t${++count}`));
  }

  function task(slot: number, id: string): FoundTask {
    const nowMs = clock.nowMs();
    return {
      id,
      slot,
      isWanted: true,
      state: 'starting',
      isHere: true,
      containerId: `c-${id}`,
      sinceMs: nowMs,
      createdAtMs: nowMs,
    };
  }

  function settled(service: Kept): Kept {
    const nowMs = clock.nowMs();
    service.tasks = service.tasks.flatMap((one) => {
      if (one.state !== 'starting' || nowMs < one.createdAtMs + UP_MS) return [one];
      if (service.spec.container.image !== 'bad') return [{ ...one, state: 'running', sinceMs: nowMs }];
      return [{ ...one, isWanted: false, state: 'ended', exitCode: 1 }, task(one.slot, `t${++count}`)];
    });
    return service;
  }

  function byName(name: string): Kept | undefined {
    return [...services.values()].find(({ spec }) => spec.name === name);
  }

  function at(id: string, version: number): Kept {
    const service = services.get(id);
    if (service?.version !== version) throw new EngineError('conflict', 'another manager has changed it meanwhile');
    return service;
  }

  return swarm;
}

export function addressOf(name: string): Address {
  return `0x${Buffer.from(name).toString('hex').padStart(40, '0')}`;
}

function found({ id, version, spec, previous, tasks }: Kept, wanted: readonly ServiceSpec[]): FoundService {
  const wish = wanted.find(({ name }) => name === spec.name);
  const { name, container } = spec;
  const differences = wish && (Object.keys(wish) as (keyof ServiceSpec)[]).filter((key) => !same(wish[key], spec[key]));
  const isPreviousWanted = wish !== undefined && previous !== undefined && same(wish, previous);
  return {
    id,
    name,
    version,
    image: container.image,
    labels: container.labels,
    isPreviousWanted,
    tasks: [...tasks],
    ...(differences && { differences }),
  };
}

function same(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
