import { createEngine, type EngineCall, part, readJson } from '../../firmware-bridge/docker/engine.ts';
import { HELLO_IMAGE } from '../../firmware-bridge/docker/index.ts';

/** A Swarm as an operator's own hand finds it, past all of ours. */
export interface RawSwarm {
  /** Those of classpad, by name. */
  services(): Promise<RawService[]>;
  /** What must stay the same when nothing is to be done: versions of services, and tasks that run. */
  picture(): Promise<string[]>;
  nodes(): Promise<unknown[]>;
  /** Names of classpad's overlay networks. */
  networks(): Promise<string[]>;
  change(name: string, change: (spec: RawSpec) => unknown): Promise<void>;
  remove(name: string): Promise<void>;
  /** Begins a Swarm with this engine. */
  begin(address: string): Promise<void>;
  /** Another engine, at that address, becomes one more manager. */
  join(url: string, address: string, at: string): Promise<void>;
}

interface RawService {
  readonly name: string;
  readonly version: number;
  readonly replicas: number;
  readonly env: readonly string[];
  readonly ports: number;
  /** Tasks that run and are to run. */
  readonly running: number;
  readonly tasks: readonly string[];
  /** The machines they run on. */
  readonly machines: readonly string[];
}

// biome-ignore lint/suspicious/noExplicitAny: the Engine's own form, to be changed at will
export type RawSpec = any;

export function swarmOf(url: string): RawSwarm {
  const engine = createEngine(url);
  const get = async (path: string, query?: Record<string, string>): Promise<RawSpec> =>
    readJson((await engine.send({ method: 'GET', path, ...(query && { query }) })).body);
  const send = async (call: EngineCall) => {
    const answer = await engine.send(call);
    if (answer.status >= 300) throw new Error(`${call.path}: ${answer.body.toString()}`);
  };
  const services = async (): Promise<RawService[]> => {
    const [list, tasks] = [await get('/services'), await get('/tasks')];
    const rows = list.filter((row: RawSpec) => row.Spec.Name.startsWith('classpad-')).map((row: RawSpec) => read(row, tasks));
    return rows.sort((a: RawService, b: RawService) => (a.name < b.name ? -1 : 1));
  };
  return {
    services,
    picture: async () => (await services()).map(({ name, version, tasks }) => `${name} ${version} ${tasks.join(' ')}`),
    nodes: () => get('/nodes').then((rows) => (Array.isArray(rows) ? rows : [])),
    networks: async () =>
      (await get('/networks')).map(({ Name }: RawSpec) => Name).filter((name: string) => name.startsWith('classpad-')),
    change: async (name, change) => {
      const { ID, Version, Spec } = await get(`/services/${name}`);
      change(Spec);
      await send({ method: 'POST', path: `/services/${ID}/update`, query: { version: String(Version.Index) }, json: Spec });
    },
    begin: (address) =>
      send({ method: 'POST', path: '/swarm/init', json: { ListenAddr: `${address}:2377`, AdvertiseAddr: address } }),
    join: async (url, address, at) => {
      const JoinToken = (await get('/swarm')).JoinTokens.Manager;
      const json = { ListenAddr: `${address}:2377`, AdvertiseAddr: address, RemoteAddrs: [`${at}:2377`], JoinToken };
      const answer = await createEngine(url).send({ method: 'POST', path: '/swarm/join', json });
      if (answer.status !== 200) throw new Error(answer.body.toString());
    },
    remove: (name) => send({ method: 'DELETE', path: `/services/${name}` }),
  };
}

function read({ ID, Version, Spec }: RawSpec, tasks: RawSpec): RawService {
  const running = tasks.filter(
    (task: RawSpec) => task.ServiceID === ID && task.DesiredState === 'running' && task.Status.State === 'running',
  );
  return {
    name: Spec.Name,
    version: Version.Index,
    replicas: Spec.Mode.Replicated.Replicas,
    env: Spec.TaskTemplate.ContainerSpec.Env,
    ports: Spec.EndpointSpec?.Ports?.length ?? 0,
    running: running.length,
    tasks: running.map((task: RawSpec) => task.ID).sort(),
    machines: [...new Set<string>(running.map((task: RawSpec) => task.NodeID))],
  };
}

/** A service of somebody else, made at the first call. Answers a text that changes when it is touched. */
export async function plantService(url: string, name: string): Promise<string> {
  const engine = createEngine(url);
  const json = { Name: name, TaskTemplate: { ContainerSpec: { Image: HELLO_IMAGE } }, EndpointSpec: { Mode: 'dnsrr' } };
  await engine.send({ method: 'POST', path: '/services/create', json });
  const found = part(readJson((await engine.send({ method: 'GET', path: `/services/${name}` })).body));
  return JSON.stringify([found['ID'], found['Version'], found['UpdatedAt']]);
}

/** The very image of one engine on another: made anew it would have another id. */
export async function copyImage(from: string, to: string, image: string): Promise<void> {
  const archive = await createEngine(from).download({ method: 'GET', path: `/images/${image}/get` });
  const answer = await createEngine(to).upload({ method: 'POST', path: '/images/load' }, archive);
  if (answer.status !== 200) throw new Error(answer.body.toString());
}
