import {
  type ContainerSpec,
  type Containers,
  EngineError,
  type FoundContainer,
  Label,
  refusal,
} from '../../runtime/ports/index.ts';
import { createBody, endpoint, LEDGER_LABEL, restartPolicy } from './body.ts';
import { accept, type Engine, type Json, part, readJson, sentence, text, texts } from './engine.ts';
import { type Inspected, readInspected, readRow } from './found.ts';
import { listImages, removeImage, space } from './images.ts';
import { readLogs } from './logs.ts';
import { connectNetwork, ensureNetwork, networkName, removeUnused } from './network.ts';
import { pinImage } from './pin.ts';
import { findImage, hasImage, pullImage } from './pull.ts';
import type { Secrets } from './secrets.ts';
import { ensureVolume } from './volume.ts';
import { ofDevice, watchEvents } from './watch.ts';

const CREATE_ATTEMPTS = 8;
const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 2_000;
const LISTED_AT_ONCE = 4;
/** All of a list within so long, the last ones in haste: whoever asks waits for a minute. */
const INSPECTING_MS = 40_000;
const LONGEST_INSPECT_MS = 10_000;
const SHORTEST_INSPECT_MS = 1_000;
const REMOVAL_POLLS = 40;

/** A device's part of an engine. */
export interface Own {
  readonly engine: Engine;
  readonly device: string;
  readonly secrets: Secrets;
  /** What marks the containers of its ledger. Absent: none is looked for. */
  readonly ledger?: string | undefined;
}

/** The {@link Containers} of one device on a real Docker Engine. */
export function dockerContainers(own: Own): Containers {
  const { engine, device, secrets } = own;
  let isSwept = false;
  return {
    describe: () => engine.describe(),
    list: async () => {
      const found = await list(own);
      // What lies ready for containers that went while nobody looked; only once, for later we look ourselves.
      if (!isSwept) secrets.sweep(found.map(({ name }) => name));
      isSwept = true;
      return found;
    },
    hasImage: (image) => hasImage(engine, image),
    pull: (image) => pullImage(engine, image),
    pin: (image) => pinImage(engine, image),
    images: () => listImages(engine),
    removeImage: (image) => removeImage(engine, image),
    space: () => space(engine),
    place: async (name, files) => secrets.place(name, files),
    create: (spec) => create(own, spec),
    start: (id) => start(own, id),
    stop: (id, graceMs) => stop(own, id, graceMs),
    remove: (id) => remove(own, id),
    logs: async (id, lines) => readLogs(engine, (await mine(own, id)).found.id, lines),
    watch: (changed) => watchEvents(engine, ofDevice(device), () => changed()),
  };
}

/** Inspects a container by id or name; `undefined` if there is none. */
export async function inspect(own: Own, id: string, deadlineMs = own.engine.deadlineMs): Promise<Inspected | undefined> {
  const { engine, secrets } = own;
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(id)) return undefined;
  const answer = await engine.send({ method: 'GET', path: `/containers/${id}/json`, deadlineMs });
  if (accept(answer, [200, 404], `container ${short(id)}`).status === 404) return undefined;
  const json = readJson(answer.body);
  mustBeOurs(own, texts(part(json['Config'])['Labels']));
  return readInspected(json, secrets.folderOf);
}

/** Two fleets with one name of a device would clear away each other's containers, for ever. */
function mustBeOurs({ device, ledger }: Own, labels: Readonly<Record<string, string>>): void {
  const theirs = labels[LEDGER_LABEL] || ledger;
  if (labels[Label.device] !== device || theirs === ledger || ledger === undefined) return;
  throw new EngineError(
    'refused',
    `the engine has containers of a device "${device}" of another ledger, and nothing is touched: give this device another ` +
      `name, or remove them: docker rm -f $(docker ps -aq --filter label=${LEDGER_LABEL}=${theirs})`,
  );
}

async function list(own: Own): Promise<FoundContainer[]> {
  const { engine, device } = own;
  const filters = JSON.stringify({ label: [`${Label.device}=${device}`] });
  const answer = await engine.send({ method: 'GET', path: '/containers/json', query: { all: '1', filters } });
  const body: unknown = readJson(accept(answer, [200], 'list of containers').body);
  const rows = Array.isArray(body) ? body.map(part) : [];
  for (const row of rows) mustBeOurs(own, texts(row['Labels']));
  const found: FoundContainer[] = [];
  const untilMs = Date.now() + INSPECTING_MS;
  const worker = async () => {
    for (let row = rows.shift(); row !== undefined; row = rows.shift()) found.push(...(await look(own, row, untilMs)));
  };
  await Promise.all(Array.from({ length: LISTED_AT_ONCE }, worker));
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** One that cannot be inspected must not hide the others, nor be taken for gone. */
async function look(own: Own, row: Json, untilMs: number): Promise<FoundContainer[]> {
  const leftMs = Math.max(SHORTEST_INSPECT_MS, Math.min(LONGEST_INSPECT_MS, untilMs - Date.now()));
  try {
    const inspected = await inspect(own, text(row['Id']), Math.min(own.engine.deadlineMs, leftMs));
    return inspected?.device === own.device ? [inspected.found] : [];
  } catch (error) {
    if ((error as Partial<EngineError>).code === 'unreachable') throw error;
    return texts(row['Labels'])[Label.device] === own.device ? [readRow(row)] : [];
  }
}

async function create(own: Own, spec: ContainerSpec): Promise<string> {
  const { engine, device } = own;
  const reason = refusal(spec, device);
  if (reason !== undefined) throw new EngineError('refused', `container ${short(String(spec.name))}: ${reason}`);
  const owner = { device, app: spec.labels[Label.app] ?? '' };
  if (spec.networks === undefined) await ensureNetwork(engine, { device });
  for (const network of spec.networks ?? []) await ensureNetwork(engine, owner, network);
  for (const volume of spec.volumes ?? []) await ensureVolume(engine, owner, volume.split(':')[0]!);
  const id = await createOrAdopt(own, spec);
  for (const network of spec.networks?.slice(1) ?? []) await connectNetwork(engine, network, id, endpoint(spec));
  return id;
}

async function createOrAdopt(own: Own, spec: ContainerSpec): Promise<string> {
  const { engine, device, secrets } = own;
  const image = await findImage(engine, spec.image);
  const json = createBody(spec, networkName(device), secrets.folderOf(spec.name), image, own.ledger);
  for (let attempt = 0; attempt < CREATE_ATTEMPTS; attempt++) {
    const answer = await engine.send({ method: 'POST', path: '/containers/create', query: { name: spec.name }, json });
    if (answer.status === 201) return text(readJson(answer.body)['Id']);
    if (answer.status === 404) throw new EngineError('no-image', `container ${spec.name}: ${sentence(answer)}`);
    accept(answer, [409], `container ${spec.name}`);
    const adopted = await makeWay(own, spec);
    if (adopted !== undefined) return adopted;
    await pause(attempt);
  }
  throw new EngineError('conflict', `container ${spec.name}: its name is still taken after ${CREATE_ATTEMPTS} attempts`);
}

/** The name is taken: adopts ours if it is the same, removes ours if it is not, and never touches another's. */
async function makeWay(own: Own, spec: ContainerSpec): Promise<string | undefined> {
  const holder = await inspect(own, spec.name);
  if (holder === undefined || holder.found.name !== spec.name) return undefined;
  if (holder.device !== own.device || holder.found.labels[Label.app] !== spec.labels[Label.app])
    throw new EngineError('conflict', `container ${spec.name}: a container of that name exists and is not this app's`);
  if (holder.found.state !== 'dead' && hasLabels(holder.found.labels, spec.labels)) return holder.found.id;
  await remove(own, holder.found.id);
  return undefined;
}

/** An image adds labels of its own; the hash of the spec is among ours. */
function hasLabels(found: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([name, value]) => found[name] === value);
}

async function start(own: Own, id: string): Promise<void> {
  const { engine, device, secrets } = own;
  const { found, paused, restarts, policy, networks, missing: unconnected, ...container } = await mine(own, id);
  const missing = container.secrets.find((name) => !secrets.placed(found.name).includes(name));
  if (missing !== undefined) throw new EngineError('failed', `start ${found.name}: the secret ${missing} was not placed`);
  const doing = `start ${found.name}`;
  const wanted = restartPolicy(restarts);
  if (policy !== wanted['Name']) await setRestartPolicy(engine, found.id, restarts);
  if (paused) {
    accept(await engine.send({ method: 'POST', path: `/containers/${found.id}/unpause` }), [204], doing);
    return;
  }
  const owner = { device, app: found.labels[Label.app] ?? '' };
  for (const network of unconnected.filter((name) => isOwn(name, device))) {
    await ensureNetwork(engine, owner, network);
    await connectNetwork(engine, network, found.id, container.endpoint);
  }
  const call = { method: 'POST', path: `/containers/${found.id}/start` } as const;
  const answer = await engine.send(call);
  if (answer.status !== 404 || !/network/i.test(sentence(answer))) {
    accept(answer, [204, 304], doing);
    return;
  }
  for (const network of networks) if (isOwn(network, device)) await ensureNetwork(engine, owner, network);
  accept(await engine.send(call), [204, 304], doing);
}

async function stop(own: Own, id: string, graceMs: number): Promise<void> {
  const { engine, device } = own;
  const container = await inspect(own, id);
  if (container === undefined) return;
  const { found, policy } = requireMine(container, device);
  // A stopped container with `on-failure` would be started again when the engine restarts: its policy goes first.
  if (policy !== 'no') await setRestartPolicy(engine, found.id, 0);
  const seconds = Math.max(0, Math.ceil(graceMs / 1000));
  const answer = await engine.send({
    method: 'POST',
    path: `/containers/${found.id}/stop`,
    query: { t: String(seconds) },
    deadlineMs: seconds * 1000 + engine.deadlineMs,
  });
  accept(answer, [204, 304, 404], `stop ${found.name}`);
}

async function remove(own: Own, id: string): Promise<void> {
  const { engine, device } = own;
  const container = await inspect(own, id);
  if (container === undefined) return;
  const { found, networks } = requireMine(container, device);
  const answer = await engine.send({ method: 'DELETE', path: `/containers/${found.id}`, query: { force: '1', v: '1' } });
  const status = accept(answer, [204, 404, 409], `remove ${found.name}`).status;
  if (status === 409) await awaitRemoval(own, found, sentence(answer));
  own.secrets.forget(found.name);
  const appNetworks = networks.filter((name) => isOwn(name, device) && name !== networkName(device));
  await removeUnused(engine, device, appNetworks);
}

/** Somebody else is removing it just now. */
async function awaitRemoval(own: Own, { id, name }: FoundContainer, said: string): Promise<void> {
  for (let poll = 0; poll < REMOVAL_POLLS; poll++) {
    if ((await inspect(own, id)) === undefined) return;
    await pause(poll);
  }
  throw new EngineError('failed', `remove ${name}: ${said}`);
}

function isOwn(network: string, device: string): boolean {
  return network === networkName(device) || network.startsWith(`${networkName(device)}-`);
}

async function setRestartPolicy(engine: Engine, id: string, restarts: number): Promise<void> {
  const json = { RestartPolicy: restartPolicy(restarts) };
  const answer = await engine.send({ method: 'POST', path: `/containers/${id}/update`, json });
  accept(answer, [200, 404], `restart policy of ${short(id)}`);
}

async function mine(own: Own, id: string): Promise<Inspected> {
  const container = await inspect(own, id);
  if (container === undefined) throw new EngineError('not-found', `there is no container ${short(id)}`);
  return requireMine(container, own.device);
}

/** The door before every touch: a container without this device's label is left alone. */
function requireMine(container: Inspected, device: string): Inspected {
  if (container.device === device) return container;
  throw new EngineError('refused', `container ${container.found.name} is not this device's and is left alone`);
}

function pause(attempt: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt)));
}

function short(id: string): string {
  return /^[0-9a-f]{64}$/.test(id) ? id.slice(0, 12) : id.slice(0, 200);
}
