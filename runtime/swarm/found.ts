import { type FoundContainer, type FoundService, type FoundTask, Label } from '../ports/index.ts';
import type { Setback } from '../reconcile/found.ts';
import { OwnLabel } from '../reconcile/labels.ts';

/** Tasks of a Swarm as the rest of the firmware knows containers: it judges, routes and tells by them. */
export interface Tasks {
  readonly containers: readonly FoundContainer[];
  /** By the name of a container: why its task does not come to be. */
  readonly setbacks: ReadonlyMap<string, Setback>;
}

const ABSENT = /no such image|not found|pull access denied|manifest unknown/i;

/** The tasks of all services, one for each place. Pure. */
export function toContainers(services: readonly FoundService[], device: string): Tasks {
  const containers: FoundContainer[] = [];
  const setbacks = new Map<string, Setback>();
  for (const service of services) {
    for (const [index, tasks] of slotsOf(service).entries()) {
      const name = nameOf(service, device, index + 1);
      const setback = setbackOf(tasks);
      if (setback !== undefined) setbacks.set(name, setback);
      const shown = shownOf(tasks);
      if (shown !== undefined) containers.push(toContainer(shown, tasks, service, name, device));
    }
  }
  return { containers, setbacks };
}

/** Slots may have gaps after somebody has scaled; places have none. Within each the newest task comes first. */
function slotsOf({ tasks }: FoundService): FoundTask[][] {
  const slots = new Map<number, FoundTask[]>();
  for (const task of tasks) slots.set(task.slot, [...(slots.get(task.slot) ?? []), task]);
  return [...slots.entries()]
    .sort(([a], [b]) => a - b)
    .map(([, some]) => some.sort((a, b) => b.createdAtMs - a.createdAtMs))
    .filter((some) => some.some(({ isWanted, state }) => isWanted || state === 'running' || state === 'ended'));
}

/** The one that runs and is to run, else the newest that is to run, else the newest. */
function shownOf(tasks: readonly FoundTask[]): FoundTask | undefined {
  const isServing = ({ isWanted, state }: FoundTask) => isWanted && state === 'running';
  return tasks.find(isServing) ?? tasks.find(({ isWanted }) => isWanted) ?? tasks[0];
}

function toContainer(
  task: FoundTask,
  tasks: readonly FoundTask[],
  service: FoundService,
  name: string,
  device: string,
): FoundContainer {
  const { [OwnLabel.route]: route, ...labels } = service.labels;
  const endings = tasks.filter((one) => one.state === 'ended' && one.containerId);
  // A Swarm ends a task whose check fails, and says of it only that it has ended.
  const isChecked = labels[OwnLabel.checked] === 'yes';
  const isComing = task.state === 'waiting' || (task.state === 'starting' && !isChecked);
  const isSick = task.state !== 'running' && isChecked && endings.length > 0;
  return {
    id: task.containerId || task.id,
    name,
    image: service.image,
    state: isSick ? 'running' : isComing ? (endings.length > 0 ? 'restarting' : 'created') : STATES[task.state],
    health: isSick ? 'unhealthy' : isChecked ? HEALTH[task.state] : 'none',
    ...(task.state === 'ended' && !isSick && { exitCode: task.exitCode ?? 1 }),
    ...(task.state === 'running' && { startedAtMs: task.sinceMs }),
    restartCount: endings.length,
    labels: {
      ...labels,
      // Elsewhere it is reached by the proxy of its own device.
      ...(route !== undefined && task.isHere && { [OwnLabel.route]: route }),
      [Label.device]: device,
    },
  };
}

const STATES: { readonly [S in FoundTask['state']]: FoundContainer['state'] } = {
  waiting: 'created',
  starting: 'running',
  running: 'running',
  ended: 'exited',
  stopped: 'exited',
};

const HEALTH: { readonly [S in FoundTask['state']]: FoundContainer['health'] } = {
  waiting: 'starting',
  starting: 'starting',
  running: 'healthy',
  ended: 'unhealthy',
  stopped: 'unhealthy',
};

/** What a task could not even start for. */
function setbackOf(tasks: readonly FoundTask[]): Setback | undefined {
  if (tasks.some(({ state }) => state === 'running')) return undefined;
  const failures = tasks.filter(({ state, containerId, error }) => state === 'ended' && !containerId && error);
  const sentence = failures[0]?.error;
  if (sentence === undefined) return undefined;
  return { failures: failures.length, retryAtMs: 0, code: ABSENT.test(sentence) ? 'no-image' : 'failed', sentence };
}

function nameOf({ labels }: FoundService, device: string, replica: number): string {
  return `classpad-${device}-${labels[Label.app]}-r${labels[Label.revision]}-${labels[Label.service]}-${replica}`;
}
