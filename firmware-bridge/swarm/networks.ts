import { EngineError } from '../../runtime/ports/index.ts';
import { accept, type Engine, part, readJson, text } from '../docker/engine.ts';
import { FLEET_LABEL } from './body.ts';

/** The network by which a task is reached from the machine it runs on: every task on an overlay network is on it, too. */
const GATEWAY = 'docker_gwbridge';

/** Makes an overlay network of this fleet unless it is there. One of that name that is not ours is a conflict. */
export async function ensureOverlay(engine: Engine, fleet: string, name: string): Promise<void> {
  const found = await engine.send({ method: 'GET', path: `/networks/${name}` });
  if (accept(found, [200, 404], `network ${name}`).status === 200) {
    if (text(part(readJson(found.body)['Labels'])[FLEET_LABEL]) === fleet) return;
    throw new EngineError('conflict', `network ${name} exists and is not this fleet's; remove or rename it`);
  }
  const json = { Name: name, CheckDuplicate: true, Driver: 'overlay', Labels: { [FLEET_LABEL]: fleet } };
  accept(await engine.send({ method: 'POST', path: '/networks/create', json }), [201, 409], `network ${name}`);
}

/** Overlay networks of this fleet: names by id. */
export async function overlays(engine: Engine, fleet: string): Promise<Map<string, string>> {
  const query = { filters: JSON.stringify({ label: [`${FLEET_LABEL}=${fleet}`] }) };
  const answer = accept(await engine.send({ method: 'GET', path: '/networks', query }), [200], 'networks');
  const rows = (readJson(answer.body) as unknown as readonly unknown[]).map(part);
  return new Map(rows.map((row) => [text(row['Id']), text(row['Name'])]));
}

/** Removes those that no service uses; one that still has tasks is left to the next time. */
export async function removeOverlays(engine: Engine, fleet: string, isUsed: (name: string) => boolean): Promise<void> {
  for (const [id, name] of await overlays(engine, fleet)) {
    if (isUsed(name)) continue;
    accept(await engine.send({ method: 'DELETE', path: `/networks/${id}` }), [204, 400, 403, 404, 500], `network ${name}`);
  }
}

/** Where the machine reaches a container that is a task of the Swarm; `undefined` if it runs elsewhere. */
export async function gatewayAddress(engine: Engine, containerId: string): Promise<string | undefined> {
  const answer = await engine.send({ method: 'GET', path: `/networks/${GATEWAY}` });
  if (accept(answer, [200, 404], GATEWAY).status === 404) return undefined;
  const ends = part(readJson(answer.body)['Containers']);
  return text(part(ends[containerId])['IPv4Address']).split('/')[0] || undefined;
}
