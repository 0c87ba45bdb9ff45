import { isMap, isSeq, LineCounter, type ParsedNode, parseDocument, type YAMLMap, type Node as YamlNode } from 'yaml';
import { rogues } from '../rogues.ts';
import { type Field, type Fields, text, texts, whole } from './fields.ts';
import { ScenarioError } from './unreadable.ts';
import { verbs } from './verbs.ts';

export interface Step {
  readonly verb: string;
  readonly value: unknown;
  readonly options: Readonly<Record<string, unknown>>;
  /** Of a `repeat`. */
  readonly steps: readonly Step[];
  readonly line: number;
}

export interface Scenario {
  readonly name: string;
  readonly summary: string;
  readonly devices: number;
  readonly seed: string | undefined;
  readonly board: string | undefined;
  /** Misbehaving firmware, by device. */
  readonly rogues: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

const head: Fields = { name: text, summary: text, devices: whole, seed: text, board: text, rogues: texts };
const MOST_DEVICES = 256;

/** Reads a scenario file; throws a {@link ScenarioError} that names the line and says what is right. */
export function readScenario(source: string, file: string): Scenario {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, uniqueKeys: true });
  const lineOf = (node: unknown): number => lines.linePos((node as YamlNode | null)?.range?.[0] ?? 0).line || 1;
  const fail = (node: unknown, sentence: string): never => {
    throw new ScenarioError(`${file}:${lineOf(node)}: ${sentence}`);
  };
  const broken = document.errors[0];
  if (broken) throw new ScenarioError(`${file}:${lines.linePos(broken.pos[0]).line}: this is not YAML: ${complaintOf(broken)}`);
  const top = document.contents;
  if (!isMap(top)) return fail(top, 'a scenario is a map with name, devices and steps');
  const reader = new Reader(lineOf, fail);
  const { steps, ...rest } = reader.pairs(top);
  const read = reader.fields(rest, head, 'a scenario');
  for (const key of ['name', 'devices']) if (read[key] === undefined) fail(top, `${key} is missing`);
  if (!steps || !isSeq(steps)) return fail(steps ?? top, 'steps is missing; it is a list');
  const devices = read['devices'] as number;
  if (devices < 1 || devices > MOST_DEVICES) fail(rest['devices'], `devices takes 1 to ${MOST_DEVICES}`);
  const misfits = (read['rogues'] ?? {}) as Record<string, string>;
  for (const rogue of Object.values(misfits)) {
    if (!Object.hasOwn(rogues, rogue)) {
      fail(rest['rogues'], `there is no rogue firmware "${rogue}"; there are ${Object.keys(rogues).join(', ')}`);
    }
  }
  return {
    name: read['name'] as string,
    summary: (read['summary'] ?? '') as string,
    devices,
    seed: read['seed'] as string | undefined,
    board: read['board'] as string | undefined,
    rogues: misfits,
    steps: reader.steps(steps.items as ParsedNode[]),
  };
}

class Reader {
  private readonly lineOf: (node: unknown) => number;
  private readonly fail: (node: unknown, sentence: string) => never;

  constructor(lineOf: (node: unknown) => number, fail: (node: unknown, sentence: string) => never) {
    this.lineOf = lineOf;
    this.fail = fail;
  }

  pairs(map: YAMLMap): Record<string, YamlNode> {
    return Object.fromEntries(map.items.map(({ key, value }) => [String(key), (value ?? key) as YamlNode]));
  }

  fields(nodes: Record<string, YamlNode>, known: Fields, where: string): Record<string, unknown> {
    const read: Record<string, unknown> = {};
    for (const [key, node] of Object.entries(nodes)) {
      const field = Object.hasOwn(known, key) ? known[key] : undefined;
      if (!field) return this.fail(node, `${where} has no "${key}"; it has ${Object.keys(known).join(', ') || 'no options'}`);
      read[key] = this.value(node, field, key);
    }
    return read;
  }

  steps(items: readonly YamlNode[]): Step[] {
    return items.map((item) => this.step(item));
  }

  /** A step is a verb alone, or a map whose first key is the verb. */
  private step(item: YamlNode): Step {
    const line = this.lineOf(item);
    const nodes = isMap(item) ? this.pairs(item) : { [String(item)]: undefined };
    const [[name = '', valueNode] = [], ...rest] = Object.entries(nodes);
    const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
    if (!verb) return this.fail(item, `there is no step "${name}"; there are ${Object.keys(verbs).join(', ')}`);
    const { steps, ...options } = Object.fromEntries(rest) as Record<string, YamlNode>;
    if (steps && !verb.holdsSteps) this.fail(steps, `${name} has no "steps"`);
    if (verb.holdsSteps && !isSeq(steps)) this.fail(item, `${name} needs steps, a list`);
    const value = valueNode === undefined ? this.bare(item, verb.value, name) : this.read(valueNode, verb.value, name);
    return {
      verb: name,
      value,
      options: this.fields(options, verb.options, name),
      steps: isSeq(steps) ? this.steps(steps.items as ParsedNode[]) : [],
      line,
    };
  }

  private bare(item: YamlNode, value: Field | Fields, name: string): unknown {
    const read = isField(value) ? value.read(null) : undefined;
    return read ?? this.fail(item, `${name} takes ${isField(value) ? value.what : `a map of ${Object.keys(value).join(', ')}`}`);
  }

  private read(node: YamlNode, value: Field | Fields, name: string): unknown {
    if (isField(value)) return this.value(node, value, name);
    if (!isMap(node)) return this.fail(node, `${name} takes a map of ${Object.keys(value).join(', ')}`);
    return this.fields(this.pairs(node), value, name);
  }

  private value(node: YamlNode, field: Field, name: string): unknown {
    const read = field.read((node as { toJSON(): unknown }).toJSON());
    return read ?? this.fail(node, `${name} takes ${field.what}`);
  }
}

function isField(value: Field | Fields): value is Field {
  return typeof (value as Field).read === 'function';
}

/** The place is told before it, and the lines of the file are not repeated. */
function complaintOf({ message }: Error): string {
  return message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, '');
}
