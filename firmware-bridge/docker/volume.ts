import { EngineError, Label } from '../../runtime/ports/index.ts';
import { accept, type Engine, part, readJson, text } from './engine.ts';

/**
 * Makes a volume of the device unless it is there. The engine answers with an existing one of that name, whoever's it is:
 * one without our label, or one whose options make it a bind mount in disguise, is a conflict and never mounted.
 */
export async function ensureVolume(engine: Engine, device: string, name: string): Promise<void> {
  const json = { Name: name, Driver: 'local', Labels: { [Label.device]: device } };
  const answer = await engine.send({ method: 'POST', path: '/volumes/create', json });
  const volume = readJson(accept(answer, [200, 201], `volume ${name}`).body);
  const isPlain = text(volume['Driver']) === 'local' && Object.keys(part(volume['Options'])).length === 0;
  if (isPlain && text(part(volume['Labels'])[Label.device]) === device) return;
  throw new EngineError('conflict', `volume ${name} exists and is not this device's own; remove or rename it`);
}
