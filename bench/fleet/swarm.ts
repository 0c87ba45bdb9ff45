import { performance } from 'node:perf_hooks';
import { accept, createEngine, type Engine, type EngineCall, part, readJson } from '../../firmware-bridge/docker/engine.ts';
import { HELLO_IMAGE } from '../../firmware-bridge/docker/hello.ts';
import { gatewayAddress } from '../../firmware-bridge/swarm/networks.ts';
import { freePorts } from '../../test/support/node-process.ts';
import { answerAt, momentOf } from './measure.ts';
import { HEALTH, type Side } from './ours.ts';

const NANOSECONDS = 1_000_000;
const SERVICE = 'hello';
const ENDED = new Set(['completed', 'rollback_completed']);

interface Service {
  readonly id: string;
  readonly version: number;
  readonly previous: unknown;
  /** Of its last update, in Docker's words. */
  readonly state: unknown;
}

/** Where the tasks are: on an overlay network, as those of services are that others talk to, or without any of their own. */
export type Network = 'overlay' | 'host';

const OVERLAY = 'bench';

/**
 * The same image as a service of Docker's own Swarm mode on the same engine: the decision is the answer to
 * `POST /services/…/update`, start-first, the same health check. No mesh is needed: tasks are reached as those of ours are.
 */
export async function swarmSide(engineUrl: string, network: Network = 'overlay'): Promise<Side> {
  const engine = createEngine(engineUrl);
  await call(engine, {
    method: 'POST',
    path: '/swarm/init',
    json: { ListenAddr: '127.0.0.1:0', AdvertiseAddr: '127.0.0.1', ForceNewCluster: false },
  });
  if (network === 'overlay')
    await call(engine, { method: 'POST', path: '/networks/create', json: { Name: OVERLAY, Driver: 'overlay' } });
  const ports = await freePorts(64);
  const placeOf = (revision: number): Place => ({ network, port: network === 'host' ? ports[revision % ports.length]! : 8080 });
  const spec = (revision: number) => specOf(revision, placeOf(revision));
  const isServing = (revision: number) => served(engine, revision, placeOf(revision));
  await call(engine, { method: 'POST', path: '/services/create', json: spec(0) });
  await isServing(0);
  const tasksOf = async (revision: number) => (await runningTasks(engine, revision)).length;
  const update = async (query: Record<string, string>, json: unknown): Promise<number> => {
    const { id, version } = await inspect(engine);
    await call(engine, { method: 'POST', path: `/services/${id}/update`, query: { version: String(version), ...query }, json });
    return performance.now();
  };
  const release = async (revision: number) => {
    const decidedMs = await update({}, spec(revision));
    // A task runs, for Swarm, when its health check has passed: then the mesh sends requests there.
    const runsMs = await momentOf(`the task of revision ${revision}`, async () => (await tasksOf(revision)) === 1);
    await isServing(revision);
    await momentOf('the update to be complete', async () => (await inspect(engine)).state === 'completed');
    // Its port is needed again for the way back.
    await momentOf('the old task to end', async () => (await tasksOf(revision - 1)) === 0);
    return runsMs - decidedMs;
  };
  return {
    release,
    async rollback(revision) {
      await release(revision);
      const decidedMs = await update({ rollback: 'previous' }, (await inspect(engine)).previous);
      const isBack = async () => (await tasksOf(revision - 1)) === 1 && ENDED.has(String((await inspect(engine)).state));
      return (await momentOf('the rollback', isBack)) - decidedMs;
    },
    async close() {
      await engine.send({ method: 'DELETE', path: `/services/${SERVICE}` });
      await engine.send({ method: 'POST', path: '/swarm/leave', query: { force: '1' } });
    },
  };
}

interface Place {
  readonly network: Network;
  readonly port: number;
}

function served(engine: Engine, revision: number, { network, port }: Place): Promise<number> {
  return momentOf(`revision ${revision} to answer`, async () => {
    const [task] = await runningTasks(engine, revision);
    const host =
      network === 'host' ? '127.0.0.1' : task && (await gatewayAddress(engine, task.Status.ContainerStatus.ContainerID));
    return host !== undefined && (await answerAt(`http://${host}:${port}/`)) === `revision ${revision}`;
  });
}

async function inspect(engine: Engine): Promise<Service> {
  const service = part(readJson((await call(engine, { method: 'GET', path: `/services/${SERVICE}` })).body));
  return {
    id: String(service['ID']),
    version: Number(part(service['Version'])['Index']),
    previous: service['PreviousSpec'],
    state: part(service['UpdateStatus'])['State'],
  };
}

/** Tasks of a revision that run, or have not yet ended. */
async function runningTasks(engine: Engine, revision: number): Promise<Task[]> {
  const query = { filters: JSON.stringify({ service: [SERVICE] }) };
  const tasks = readJson((await call(engine, { method: 'GET', path: '/tasks', query })).body) as unknown as Task[];
  return tasks.filter(
    ({ Spec, Status }) => Spec.ContainerSpec.Env[0] === `GREETING=revision ${revision}` && Status.State === 'running',
  );
}

interface Task {
  readonly Spec: { readonly ContainerSpec: { readonly Env: readonly string[] } };
  readonly Status: { readonly State: string; readonly ContainerStatus: { readonly ContainerID: string } };
}

function specOf(revision: number, { network, port }: Place): unknown {
  return {
    Name: SERVICE,
    TaskTemplate: {
      ContainerSpec: {
        Image: HELLO_IMAGE,
        Env: [`GREETING=revision ${revision}`, `PORT=${port}`],
        Healthcheck: {
          Test: ['CMD', 'wget', '-q', '-O-', `http://127.0.0.1:${port}/`],
          Interval: HEALTH.intervalMs * NANOSECONDS,
          Timeout: HEALTH.timeoutMs * NANOSECONDS,
          Retries: HEALTH.retries,
        },
      },
      RestartPolicy: { Condition: 'any', Delay: 0 },
      Networks: [{ Target: network === 'host' ? 'host' : OVERLAY }],
      ForceUpdate: 0,
    },
    Mode: { Replicated: { Replicas: 1 } },
    EndpointSpec: { Mode: 'dnsrr' },
    UpdateConfig: { Parallelism: 1, Order: 'start-first', Monitor: NANOSECONDS, FailureAction: 'pause' },
    RollbackConfig: { Parallelism: 1, Order: 'start-first', Monitor: NANOSECONDS, FailureAction: 'pause' },
  };
}

async function call(engine: Engine, request: EngineCall) {
  return accept(await engine.send(request), [200, 201], request.path);
}
