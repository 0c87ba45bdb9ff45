import { EngineError, Label } from '../../runtime/ports/index.ts';
import { accept, type Engine, part, readJson, text } from './engine.ts';

/**
 * Every device has one bridge network of its own: its containers find each other by name and the proxy reaches them by
 * address from the host, while no port is published. It is made when first needed and carries the device's label.
 */
export function networkName(device: string): string {
  return `classpad-${device}`;
}

/** Idempotent. A network of that name that is not ours is a conflict. */
export async function ensureNetwork(engine: Engine, device: string): Promise<void> {
  if (await isOurs(engine, device)) return;
  const json = {
    Name: networkName(device),
    CheckDuplicate: true,
    Driver: 'bridge',
    Labels: { [Label.device]: device },
  };
  const answer = await engine.send({ method: 'POST', path: '/networks/create', json });
  const created = accept(answer, [201, 409], `network ${json.Name}`).status === 201;
  if (!created) await isOurs(engine, device);
}

/** Idempotent; containers must be gone. */
export async function removeNetwork(engine: Engine, device: string): Promise<void> {
  if (!(await isOurs(engine, device))) return;
  const answer = await engine.send({ method: 'DELETE', path: `/networks/${networkName(device)}` });
  accept(answer, [204, 404], `network ${networkName(device)}`);
}

async function isOurs(engine: Engine, device: string): Promise<boolean> {
  const name = networkName(device);
  const answer = await engine.send({ method: 'GET', path: `/networks/${name}` });
  if (accept(answer, [200, 404], `network ${name}`).status === 404) return false;
  if (text(part(readJson(answer.body)['Labels'])[Label.device]) === device) return true;
  throw new EngineError('conflict', `network ${name} exists and is not this device's; remove or rename it`);
}
