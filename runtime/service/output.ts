import { type Containers, type FoundContainer, Label } from '../ports/index.ts';
import type { OutputName } from './order.ts';

/** What a container printed last. */
export interface ContainerOutput {
  readonly container: string;
  readonly service: string;
  readonly revision: number;
  readonly state: string;
  readonly text: string;
}

const MOST_CONTAINERS = 16;
/** Of all containers together, in characters: an answer is bounded whatever they print. */
const MOST_TEXT = 1024 * 1024;

/** The last lines of the containers of an app on this device, the newest revision first. Rejects with an `EngineError`. */
export async function readOutput(
  containers: Pick<Containers, 'list' | 'logs'>,
  { app, service }: Pick<OutputName, 'app' | 'service'>,
  lines: number,
): Promise<ContainerOutput[]> {
  const found = (await containers.list()).filter(
    ({ labels }) => labels[Label.app] === app && (service === '' || labels[Label.service] === service),
  );
  const newest = found.sort((a, b) => revisionOf(b) - revisionOf(a) || (a.name < b.name ? -1 : 1)).slice(0, MOST_CONTAINERS);
  const outputs: ContainerOutput[] = [];
  for (const each of newest) {
    const text = (await containers.logs(each.id, lines)).slice(-Math.floor(MOST_TEXT / newest.length));
    const { name: container, state, labels } = each;
    outputs.push({ container, service: labels[Label.service] ?? '', revision: revisionOf(each), state, text });
  }
  return outputs;
}

function revisionOf({ labels }: FoundContainer): number {
  return Number(labels[Label.revision] ?? 0);
}
