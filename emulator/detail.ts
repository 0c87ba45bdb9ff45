import { type FoundContainer, Label } from '../runtime/ports/index.ts';
import type { Board } from './board.ts';
import type { ContainerView, Detail, ViewState } from './protocol.ts';
import type { Records } from './records.ts';

/** What is told of one device beyond the snapshot. Real engines are asked, and answer when they can. */
export async function detailOf(board: Board, records: Records): Promise<Detail> {
  const { name } = board.identity;
  return {
    device: name,
    containers: (await found(board)).map(containerView),
    log: records.logOf(name),
    requests: records.requestsOf(name),
    requestCount: records.countOf(name),
  };
}

/** A virtual engine is looked into past its port: to ask it would take time of the world, and change it. */
async function found({ engine }: Board): Promise<readonly FoundContainer[]> {
  if (engine.virtual) return engine.virtual.own();
  // An engine that does not answer now is asked again at the next look.
  return engine.reach ? engine.containers.list().catch(() => []) : [];
}

function containerView(container: FoundContainer): ContainerView {
  const { name, image, restartCount, labels } = container;
  const { [Label.app]: app, [Label.revision]: revision, [Label.service]: service } = labels;
  const [view, stateText] = stateOf(container);
  const title = app ? `${app} r${revision ?? '?'} ${service ?? ''}`.trimEnd() : name;
  return { name: title, state: view, stateText, image, restarts: restartCount };
}

function stateOf({ state, health, exitCode, outOfMemory }: FoundContainer): [ViewState, string] {
  if (outOfMemory && state !== 'running') return ['failed', `${state}, out of memory`];
  if (state === 'exited' || state === 'dead') return exitCode ? ['failed', `${state} ${exitCode}`] : ['offline', `${state} 0`];
  if (state !== 'running') return ['changing', state];
  if (health === 'unhealthy') return ['failed', 'unhealthy'];
  return health === 'starting' ? ['changing', 'starting'] : ['healthy', health === 'healthy' ? 'healthy' : 'running'];
}
