import type { ContainerSpec, FoundConfig, FoundContainer } from '../ports/index.ts';

/**
 * In what a container is not what its spec says, in words. Only what the spec itself says is compared, and what no spec ever
 * has: what an image or an engine adds is no difference, so nothing is recreated because one of them was updated.
 */
export function differences({ image, config }: FoundContainer, spec: ContainerSpec): string[] {
  if (config === undefined) return [];
  const rows = ROWS.filter(([, isOther]) => isOther(config, spec)).map(([what]) => what);
  return [...(image === spec.image ? [] : [`the image ${image}`]), ...rows, ...variables(config, spec), ...config.oddities];
}

const ROWS: readonly (readonly [what: string, isOther: (config: FoundConfig, spec: ContainerSpec) => boolean])[] = [
  ['its command', ({ command }, spec) => spec.command !== undefined && !sameWords(command, spec.command)],
  ['its entrypoint', ({ entrypoint }, spec) => spec.entrypoint !== undefined && !sameWords(entrypoint, spec.entrypoint)],
  ['its user', ({ user }, spec) => spec.user !== undefined && user !== spec.user],
  ['its file system', ({ readOnly }, spec) => readOnly !== spec.readOnly],
  // Zero may mean that the kernel has no such limits and the engine dropped it: making it anew would not help.
  ['its memory limit', ({ memoryBytes }, spec) => memoryBytes > 0 && memoryBytes !== spec.memoryBytes],
  ['its share of processors', ({ nanoCpus }, spec) => nanoCpus > 0 && nanoCpus !== spec.nanoCpus],
  ['its secrets', ({ hasSecrets }, spec) => hasSecrets !== undefined && hasSecrets !== (spec.secrets ?? []).length > 0],
];

function variables({ environment }: FoundConfig, spec: ContainerSpec): string[] {
  const names = Object.keys(spec.environment).filter((name) => environment[name] !== spec.environment[name]);
  // Names only: a value may be a secret.
  return names.map((name) => `the variable ${name}`);
}

function sameWords(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((word, index) => word === right[index]);
}
