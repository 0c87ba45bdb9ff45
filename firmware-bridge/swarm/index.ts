import { type Address, EngineError, type FoundService, type ServiceSpec, type Services } from '../../runtime/ports/index.ts';
import { accept, count, createEngine, type Engine, type Json, part, readJson, sentence, text } from '../docker/engine.ts';
import type { DockerEngine } from '../docker/index.ts';
import { localName } from '../docker/pull.ts';
import { EVENTS, watchEvents } from '../docker/watch.ts';
import { FLEET_LABEL, serviceBody } from './body.ts';
import { change } from './change.ts';
import { specDifferences } from './differences.ts';
import { ensureOverlay, gatewayAddress, overlays, removeOverlays } from './networks.ts';
import { beginSwarm, markNode, readSite, whereAmI } from './site.ts';
import { readTask } from './tasks.ts';

export interface SwarmOptions {
  readonly device: Address;
  /** Chain and Fleet contract, as one word: services, networks and machines are marked with it. */
  readonly fleet: string;
  /** Where the others reach this machine, if it is to begin a Swarm when it is in none. */
  readonly init?: string;
  readonly deadlineMs?: number;
}

/** One device's part of a Swarm. */
export interface SwarmEngine {
  readonly services: Services;
  /** As that of a single engine, for containers that are tasks. */
  readonly reach: DockerEngine['reach'];
}

interface Own extends SwarmOptions {
  readonly engine: Engine;
}

const ADDRESS_MS = 2_000;

/** Opens the Swarm of an engine; nothing is asked of it yet. */
export function swarmEngine(url: string, options: SwarmOptions): SwarmEngine {
  const own: Own = { ...options, engine: createEngine(url, options.deadlineMs) };
  const { engine, fleet } = own;
  const addresses = new Map<string, { readonly host: string; readonly untilMs: number }>();
  return {
    services: {
      site: async () => {
        if (options.init !== undefined) await beginSwarm(engine, options.init);
        return readSite(engine, fleet);
      },
      mark: (block) => markNode(engine, fleet, options.device, block),
      list: (wanted) => list(own, wanted),
      create: (spec) => create(own, spec),
      update: async ({ id, version }, spec) =>
        change(engine, `/services/${id}/update`, { Index: version }, await bodyOf(own, spec)),
      rollBack: ({ id, version }) => rollBack(own, id, version),
      remove: (id) => remove(own, id),
      watch: (changed) => watch(own, changed),
    },
    reach: async (containerId, port) => {
      const known = addresses.get(containerId);
      if (known !== undefined && known.untilMs > Date.now()) return { host: known.host, port };
      const host = await gatewayAddress(engine, containerId);
      if (host === undefined) throw new EngineError('not-found', `task ${containerId.slice(0, 12)} does not run here`);
      if (addresses.size > 256) addresses.clear();
      addresses.set(containerId, { host, untilMs: Date.now() + ADDRESS_MS });
      return { host, port };
    },
  };
}

async function list(own: Own, wanted: readonly ServiceSpec[]): Promise<FoundService[]> {
  const { engine, fleet } = own;
  const { node } = await whereAmI(engine);
  const filters = JSON.stringify({ label: [`${FLEET_LABEL}=${fleet}`] });
  const services = await rows(engine, '/services', filters);
  if (services.length === 0) return [];
  const [tasks, networks] = [await rows(engine, '/tasks', filters), await overlays(engine, fleet)];
  const found = services.map(async (service): Promise<FoundService> => {
    const id = text(service['ID']);
    const spec = part(service['Spec']);
    const wish = wanted.find(({ name }) => name === text(spec['Name']));
    const body = wish && (await bodyOf(own, wish));
    const differencesTo = (other: unknown) => specDifferences(body!, part(other), networks);
    return {
      id,
      name: text(spec['Name']),
      version: count(part(service['Version'])['Index']),
      image: text(part(part(spec['TaskTemplate'])['ContainerSpec'])['Image']),
      labels: part(spec['Labels']) as Readonly<Record<string, string>>,
      ...(body && { differences: differencesTo(spec) }),
      isPreviousWanted: Boolean(body && service['PreviousSpec'] && differencesTo(service['PreviousSpec']).length === 0),
      tasks: tasks.filter((task) => text(task['ServiceID']) === id).map((task) => readTask(task, node)),
    };
  });
  return (await Promise.all(found)).sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function create(own: Own, spec: ServiceSpec): Promise<void> {
  const { engine, fleet } = own;
  for (const network of spec.networks) await ensureOverlay(engine, fleet, network);
  const answer = await engine.send({ method: 'POST', path: '/services/create', json: await bodyOf(own, spec) });
  if (answer.status !== 409) return void accept(answer, [201], `service ${spec.name}`);
  const filters = JSON.stringify({ label: [`${FLEET_LABEL}=${fleet}`], name: [spec.name] });
  if ((await rows(engine, '/services', filters)).some((row) => text(part(row['Spec'])['Name']) === spec.name)) return;
  throw new EngineError('conflict', `service ${spec.name}: one of that name exists and is not this fleet's; ${sentence(answer)}`);
}

/** Tasks of this machine, and services of any; what tasks elsewhere do an engine does not tell. */
function watch({ engine, fleet }: Own, changed: () => void): () => void {
  const ends = [
    watchEvents(engine, { type: ['container'], event: EVENTS, label: [`${FLEET_LABEL}=${fleet}`] }, () => changed()),
    watchEvents(engine, { type: ['service', 'node'] }, () => changed()),
  ];
  return () => {
    for (const end of ends) end();
  };
}

/** The engine reads the body and then takes the previous spec instead. */
async function rollBack({ engine }: Own, id: string, version: number): Promise<void> {
  const answer = accept(await engine.send({ method: 'GET', path: `/services/${id}` }), [200], `service ${id}`);
  await change(engine, `/services/${id}/update`, { Index: version }, part(readJson(answer.body)['Spec']), {
    rollback: 'previous',
  });
}

async function remove(own: Own, id: string): Promise<void> {
  const { engine, fleet } = own;
  const found = await engine.send({ method: 'GET', path: `/services/${id}` });
  if (accept(found, [200, 404], `service ${id}`).status === 200) {
    if (text(part(part(readJson(found.body)['Spec'])['Labels'])[FLEET_LABEL]) !== fleet)
      throw new EngineError('refused', `service ${id} is not this fleet's`);
    accept(await engine.send({ method: 'DELETE', path: `/services/${id}` }), [200, 404], `service ${id}`);
  }
  const left = await rows(engine, '/services', JSON.stringify({ label: [`${FLEET_LABEL}=${fleet}`] }));
  const names = left.map((row) => text(part(row['Spec'])['Name']));
  await removeOverlays(engine, fleet, (network) => names.some((name) => revisionOf(name) === revisionOf(network)));
}

/** `classpad-<app>-r<revision>` of the name of a service or a network. */
function revisionOf(name: string): string {
  return /^classpad-.+?-r\d+(?=-)/.exec(name)?.[0] ?? name;
}

async function bodyOf({ engine, fleet }: Own, spec: ServiceSpec): Promise<Json> {
  const image = (await localName(engine, spec.container.image)) ?? spec.container.image;
  return serviceBody(spec, { image, fleet, api: await engine.api() });
}

async function rows(engine: Engine, path: string, filters: string): Promise<Json[]> {
  const answer = accept(await engine.send({ method: 'GET', path, query: { filters } }), [200], path.slice(1));
  return (readJson(answer.body) as unknown as readonly unknown[]).map(part);
}
