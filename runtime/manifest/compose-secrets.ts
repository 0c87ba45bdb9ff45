import { type Check, gather, object, refuse, show, tree } from './check.ts';
import { secretName } from './fields.ts';
import type { Manifest, Path } from './manifest.ts';
import { unknownKey } from './refused.ts';

/*
 * Secrets are named in a release and nothing more: their values reach a device sealed to its key, by another way
 * (`classpad secret`). So the only form at the top of a file is `name: { external: true }`.
 */

const ELSEWHERE =
  'a secret never stands in a release or beside it; write external: true and give it to the devices: classpad secret';

/** The names under `secrets:` at the top of a file. */
export function readDeclaredSecrets(value: unknown): ReadonlySet<string> {
  if (value === undefined || value === null) return new Set();
  const read = Object.entries(tree(value, ['secrets'])).map(([name, inner]) => () => {
    const at = ['secrets', name];
    const said = inner === null ? {} : tree(inner, at);
    for (const key of Object.keys(said)) if (key !== 'external') refuse([...at, key], ELSEWHERE);
    if (said['external'] !== true) refuse(at, ELSEWHERE);
    return secretName(name, at);
  });
  return new Set(gather(read));
}

interface LongSecret {
  readonly source: string;
  readonly target?: string;
}

const asText: Check<string> = (value, path) => (typeof value === 'string' ? value : refuse(path, `${show(value)} is not a text`));

const longSecret = object<LongSecret>({ source: asText, target: asText }, ['source'], (key) =>
  ['uid', 'gid', 'mode'].includes(key) ? 'whoever runs in the container may read its secrets; leave it out' : unknownKey(key),
);

/** Names, or `{ source: name }`; each becomes the file `/run/secrets/<name>`. */
export function readSecrets(value: unknown, path: Path): unknown {
  if (!Array.isArray(value)) return value;
  return gather(value.map((secret, index) => () => readSecret(secret, [...path, index])));
}

function readSecret(value: unknown, path: Path): unknown {
  if (typeof value === 'string') return value;
  const { source, target } = longSecret(value, path);
  if (target !== undefined && target !== source && target !== `/run/secrets/${source}`)
    refuse([...path, 'target'], `a secret is the file /run/secrets/${source}; leave target out`);
  return source;
}

/** Every secret that a service uses stands at the top of the file, as Compose has it. */
export function checkSecrets({ services }: Manifest, declared: ReadonlySet<string>): void {
  const jobs = Object.entries(services).flatMap(([service, { secrets = [] }]) =>
    secrets.map((name, index) => () => {
      if (!declared.has(name))
        refuse(
          ['services', service, 'secrets', index],
          `"${name}" is not declared; write it under secrets: at the top of the file`,
        );
    }),
  );
  gather(jobs);
}
