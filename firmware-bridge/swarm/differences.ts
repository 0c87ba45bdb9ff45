import { type Json, part } from '../docker/engine.ts';
import { RULE, RULE_LABEL } from './body.ts';

/** What the Swarm adds to a spec by itself, or counts in it: no difference. */
const ADDED: Readonly<Record<string, unknown>> = { Isolation: 'default', Runtime: 'container' };
/** `docker service update --force` counts here; a restart is no change. */
const IGNORED = new Set(['ForceUpdate', 'MaxAttempts']);
/** Fields by the words in which an operator knows them. */
const WORDS: Readonly<Record<string, string>> = {
  Replicas: 'replicas',
  Image: 'image',
  Env: 'environment',
  Args: 'command',
  Command: 'entrypoint',
  Ports: 'published ports',
  Mounts: 'mounts',
  MemoryBytes: 'memory',
  NanoCPUs: 'CPUs',
};

/**
 * What of a service's spec is other than in the body that we would send, in words, each once: what we say must be there, and
 * what we do not say must be empty, because what nobody agreed to is a change, too.
 * @param networks Names by id: a Swarm stores the ids.
 */
export function specDifferences(body: Json, found: Json, networks: ReadonlyMap<string, string>): string[] {
  const labels = part(found['Labels']);
  if (labels[RULE_LABEL] !== RULE) return [];
  const words = new Set<string>();
  differ(body, named(found, networks), '', words);
  return [...words];
}

function differ(wanted: unknown, found: unknown, name: string, words: Set<string>): void {
  if (IGNORED.has(name)) return;
  if (isObject(wanted) || isObject(found)) {
    const [left, right] = [part(wanted), part(found)];
    for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) differ(left[key], right[key], key, words);
  } else if (!isSame(wanted, found, name)) words.add(WORDS[name] ?? name);
}

function isSame(wanted: unknown, found: unknown, name: string): boolean {
  if (isEmpty(wanted)) return isEmpty(found) || ADDED[name] === found;
  if (!Array.isArray(wanted) || !Array.isArray(found)) return wanted === found;
  return wanted.length === found.length && wanted.every((item, index) => isSameItem(item, found[index]));
}

function isSameItem(wanted: unknown, found: unknown): boolean {
  const words = new Set<string>();
  differ(wanted, found, '', words);
  return words.size === 0;
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === 0 || value === false) return true;
  return Array.isArray(value) && value.length === 0;
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function named(spec: Json, networks: ReadonlyMap<string, string>): Json {
  const template = part(spec['TaskTemplate']);
  const list = Array.isArray(template['Networks']) ? template['Networks'] : [];
  const Networks = list.map((one) => ({
    ...part(one),
    Target: networks.get(String(part(one)['Target'])) ?? part(one)['Target'],
  }));
  return { ...spec, TaskTemplate: { ...template, Networks } };
}
