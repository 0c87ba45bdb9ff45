import { EngineError, Label } from '../../runtime/ports/index.ts';
import { accept, type Engine, type Json, part, readJson, sentence, text } from './engine.ts';
import { isOf, type Owner, ownerLabels } from './volume.ts';

/**
 * Every device has one bridge network of its own: its containers find each other by name and the proxy reaches them by
 * address from the host, while no port is published. It is made when first needed and carries the device's label. An app that
 * names networks has those instead, `classpad-<device>-<app>-<name>`.
 */
export function networkName(device: string): string {
  return `classpad-${device}`;
}

/** Idempotent. A network of that name that is not ours, or of another app, is a conflict. */
export async function ensureNetwork(engine: Engine, who: Owner, name = networkName(who.device)): Promise<void> {
  const owner = name === networkName(who.device) ? { device: who.device } : who;
  if (await isOurs(engine, owner, name)) return;
  const json = { Name: name, CheckDuplicate: true, Driver: 'bridge', Labels: ownerLabels(owner) };
  const answer = await engine.send({ method: 'POST', path: '/networks/create', json });
  const created = accept(answer, [201, 409], `network ${name}`).status === 201;
  if (!created) await isOurs(engine, owner, name);
}

/** Connects a container to one of its further networks. Idempotent: the engine says 403 where it is connected already. */
export async function connectNetwork(engine: Engine, name: string, id: string, EndpointConfig: Json): Promise<void> {
  const json = { Container: id, EndpointConfig };
  const answer = await engine.send({ method: 'POST', path: `/networks/${name}/connect`, json });
  if (answer.status === 403 && /already exists/i.test(sentence(answer))) return;
  accept(answer, [200], `network ${name}`);
}

/** Removes those of an app's networks that no container has any more, running or not. */
export async function removeUnused(engine: Engine, device: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const query = { all: '1', filters: JSON.stringify({ network: [name] }) };
    const users: unknown = readJson((await engine.send({ method: 'GET', path: '/containers/json', query })).body);
    if (!Array.isArray(users) || users.length > 0) continue;
    if (await isOurs(engine, { device }, name).catch(() => false)) await removeNetwork(engine, name);
  }
}

/** Removes all networks of the device. Idempotent; containers must be gone. */
export async function removeNetworks(engine: Engine, device: string): Promise<void> {
  const query = { filters: JSON.stringify({ label: [`${Label.device}=${device}`] }) };
  const rows: unknown = readJson(accept(await engine.send({ method: 'GET', path: '/networks', query }), [200], 'networks').body);
  for (const row of Array.isArray(rows) ? rows : []) await removeNetwork(engine, text(part(row)['Name']));
}

/** 403: something is connected again. */
async function removeNetwork(engine: Engine, name: string): Promise<void> {
  accept(await engine.send({ method: 'DELETE', path: `/networks/${name}` }), [204, 403, 404], `network ${name}`);
}

async function isOurs(engine: Engine, owner: Owner, name: string): Promise<boolean> {
  const answer = await engine.send({ method: 'GET', path: `/networks/${name}` });
  if (accept(answer, [200, 404], `network ${name}`).status === 404) return false;
  if (isOf(owner, part(readJson(answer.body)['Labels']))) return true;
  throw new EngineError('conflict', `network ${name} exists and is not this app's own; remove or rename it`);
}
