import type { Containers } from '../ports/index.ts';
import type { Step } from './plan.ts';

/** One row per kind of step: a step without an executor does not compile. */
export type Executors = { readonly [K in Step['do']]: (step: Extract<Step, { do: K }>) => Promise<unknown> };

/** @param prepare What a container of that name needs before it is made or started. */
export function createExecutors(containers: Containers, prepare: (name: string) => Promise<void>): Executors {
  return {
    pull: ({ image }) => containers.pull(image),
    create: ({ spec }) => prepare(spec.name).then(() => containers.create(spec)),
    start: ({ id, name }) => prepare(name).then(() => containers.start(id)),
    restart: ({ id, name, graceMs }) =>
      prepare(name)
        .then(() => containers.stop(id, graceMs))
        .then(() => containers.start(id)),
    stop: ({ id, graceMs }) => containers.stop(id, graceMs),
    remove: ({ id }) => containers.remove(id),
    prune: ({ image }) => containers.removeImage(image),
    wait: () => Promise.resolve(),
  };
}

export function execute(executors: Executors, step: Step): Promise<unknown> {
  return (executors[step.do] as (step: Step) => Promise<unknown>)(step);
}

type Words = { readonly [K in Step['do']]: (step: Extract<Step, { do: K }>) => string };

const texts: Words = {
  pull: ({ image }) => `pull ${image}`,
  create: ({ spec }) => `create ${spec.name}`,
  start: ({ name }) => `start ${name}`,
  restart: ({ name }) => `restart ${name}`,
  stop: ({ name }) => `stop ${name}`,
  remove: ({ name }) => `remove ${name}`,
  prune: ({ image }) => `remove the old image ${image}`,
  wait: ({ waitingFor }) => `wait for ${waitingFor}`,
};

/** A step in words, for people: `pull classpad/hello:1`, `start hello-r2-web-1`. */
export function stepText(step: Step, device: string): string {
  const text = (texts[step.do] as (step: Step) => string)(step);
  return text.replace(`classpad-${device}-`, '');
}
