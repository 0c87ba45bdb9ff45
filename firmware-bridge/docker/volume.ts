import { EngineError, Label } from '../../runtime/ports/index.ts';
import { accept, type Engine, type Json, part, readJson, text } from './engine.ts';

/** Whose a volume or a network is. */
export interface Owner {
  readonly device: string;
  /** Absent: any app's of the device, or all of theirs. */
  readonly app?: string;
}

export function ownerLabels({ device, app }: Owner): Record<string, string> {
  return { [Label.device]: device, ...(app !== undefined && { [Label.app]: app }) };
}

/**
 * By the labels alone: the volume `c` of the app `a-b` and the volume `b-c` of the app `a` have one name. What was made before apps
 * were noted is whoever's it serves.
 */
export function isOf({ device, app }: Owner, labels: Json): boolean {
  return labels[Label.device] === device && (app === undefined || (labels[Label.app] ?? app) === app);
}

/**
 * Makes a volume of an app unless it is there. The engine answers with an existing one of that name, whoever's it is: one without our
 * labels, of another app, or one whose options make it a bind mount in disguise, is a conflict and never mounted.
 */
export async function ensureVolume(engine: Engine, owner: Owner, name: string): Promise<void> {
  const json = { Name: name, Driver: 'local', Labels: ownerLabels(owner) };
  const answer = await engine.send({ method: 'POST', path: '/volumes/create', json });
  const volume = readJson(accept(answer, [200, 201], `volume ${name}`).body);
  const isPlain = text(volume['Driver']) === 'local' && Object.keys(part(volume['Options'])).length === 0;
  if (isPlain && isOf(owner, part(volume['Labels']))) return;
  throw new EngineError('conflict', `volume ${name} exists and is not this app's own; remove or rename it`);
}
