import type { Containers } from '../../runtime/ports/index.ts';

/** Every verb of the port that asks the engine something. */
export type Verb = Exclude<keyof Containers, 'watch'>;
export const VERBS: readonly Verb[] = [
  'describe',
  'list',
  'hasImage',
  'pull',
  'pin',
  'images',
  'removeImage',
  'space',
  'create',
  'place',
  'start',
  'stop',
  'remove',
  'logs',
];

type Call = (...args: unknown[]) => Promise<unknown>;

/** The port with every verb but `watch` put through `wrap`. */
export function wrapped(containers: Containers, wrap: (verb: Verb, call: Call) => Call): Containers {
  const calls = VERBS.map((verb) => [verb, wrap(verb, containers[verb] as unknown as Call)]);
  return { ...containers, ...Object.fromEntries(calls) };
}

/** The port of a process that may be killed: what it asked for still happens, and nobody hears of it. */
export function mortal(containers: Containers, isAlive: () => boolean): Containers {
  const silence = () => new Promise<never>(() => {});
  const dying = wrapped(containers, (_, call) => async (...args) => {
    if (!isAlive()) return silence();
    const answer = await call(...args).catch((error) => (isAlive() ? Promise.reject(error) : silence()));
    return isAlive() ? answer : silence();
  });
  return { ...dying, watch: (changed) => containers.watch(() => isAlive() && changed()) };
}
