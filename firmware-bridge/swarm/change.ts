import { EngineError } from '../../runtime/ports/index.ts';
import { accept, type Engine, type Json, sentence } from '../docker/engine.ts';

/**
 * A change of something in the Swarm that names the version it is made to. `conflict` if another was first: engines say so with
 * status 500 and these words.
 */
export async function change(
  engine: Engine,
  path: string,
  version: Json,
  json: unknown,
  query: Readonly<Record<string, string>> = {},
): Promise<void> {
  const answer = await engine.send({ method: 'POST', path, query: { version: String(version['Index']), ...query }, json });
  if (answer.status !== 200 && /out of sequence/i.test(sentence(answer)))
    throw new EngineError('conflict', 'another manager has changed it meanwhile');
  accept(answer, [200], path.split('/')[1]!);
}
