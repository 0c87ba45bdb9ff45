import type { Services } from '../ports/index.ts';
import type { SwarmStep } from './plan.ts';

/** One row per kind of step: a step without an executor does not compile. */
type Executors = { readonly [K in SwarmStep['do']]: (step: Extract<SwarmStep, { do: K }>) => Promise<void> };
type Words = { readonly [K in SwarmStep['do']]: (step: Extract<SwarmStep, { do: K }>) => string };

export function executeService(services: Services, step: SwarmStep): Promise<void> {
  const executors: Executors = {
    create: ({ spec }) => services.create(spec),
    update: ({ spec, ...found }) => services.update(found, spec),
    'roll back': (found) => services.rollBack(found),
    remove: ({ id }) => services.remove(id),
    wait: () => Promise.resolve(),
  };
  return (executors[step.do] as (step: SwarmStep) => Promise<void>)(step);
}

const texts: Words = {
  create: ({ name, spec }) => `create the service ${name} of ${spec.replicas}`,
  update: ({ name, version }) => `update the service ${name} at its version ${version}`,
  'roll back': ({ name, version }) => `roll back the service ${name} at its version ${version}`,
  remove: ({ name }) => `remove the service ${name}`,
  wait: ({ waitingFor }) => `wait for ${waitingFor}`,
};

/** A step in words, for people. */
export function serviceStepText(step: SwarmStep): string {
  return (texts[step.do] as (step: SwarmStep) => string)(step).replace('classpad-', '');
}
