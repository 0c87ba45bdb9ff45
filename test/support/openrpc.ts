/** The shapes of Ethereum's execution API, for holding answers against them. A small part of JSON Schema: what its files use. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { sharedPath } from './need.ts';

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly pattern?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly not?: Schema;
}

interface Described {
  readonly name: string;
  readonly result?: { readonly schema: Schema };
}

/** What is wrong with an answer, in words; none if it has the official shape. */
export type Faults = (method: string, result: unknown) => string[];

export interface Official {
  readonly faults: Faults;
  /** Of the methods that are described. */
  readonly names: readonly string[];
}

/** `undefined`, with a printed skip, where the official sources are not beside the project. */
export function officialShapes(): Official | undefined {
  const folder = sharedPath('rpc/openrpc');
  if (!folder) return undefined;
  const schemas: Record<string, Schema> = {};
  for (const text of texts(join(folder, 'schemas'))) Object.assign(schemas, parse(text));
  const methods = new Map<string, Schema>();
  for (const text of ['eth', 'debug', 'txpool'].flatMap((group) => texts(join(folder, group)))) {
    for (const { name, result } of parse(text) as Described[]) if (result) methods.set(name, result.schema);
  }
  return {
    names: [...methods.keys()],
    faults(method, result) {
      const schema = methods.get(method);
      return schema ? faults(schema, result, method, schemas) : [`${method} is not described`];
    },
  };
}

function texts(folder: string): string[] {
  return readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
}

function faults(schema: Schema, value: unknown, at: string, schemas: Readonly<Record<string, Schema>>): string[] {
  const check = (inner: Schema, some: unknown, where = at) => faults(inner, some, where, schemas);
  const found: string[] = [];
  const named = schema.$ref?.split('/').at(-1);
  if (named !== undefined) found.push(...(schemas[named] ? check(schemas[named], value) : [`${at}: no schema ${named}`]));
  if (schema.type && !hasType(value, schema.type))
    return [...found, `${at}: ${JSON.stringify(value)} is not of type ${schema.type}`];
  if (schema.enum && !schema.enum.includes(value)) found.push(`${at}: ${value} is not one of ${schema.enum.join(', ')}`);
  if (schema.pattern && !new RegExp(schema.pattern).test(String(value))) found.push(`${at}: ${value} is not ${schema.pattern}`);
  if (schema.const !== undefined && schema.const !== value) found.push(`${at}: ${value} is not ${schema.const}`);
  if ((schema.minimum ?? -Infinity) > Number(value) || Number(value) > (schema.maximum ?? Infinity))
    found.push(`${at}: ${value} is out of range`);
  for (const inner of schema.allOf ?? []) found.push(...check(inner, value));
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices && !choices.some((inner) => check(inner, value).length === 0)) {
    found.push(`${at}: fits no choice; of the first: ${choices.slice(0, 6).flatMap((inner) => check(inner, value).slice(0, 2))}`);
  }
  if (schema.not && check(schema.not, value).length === 0) found.push(`${at}: has a form it should not have`);
  const entries = Array.isArray(value) && schema.items ? value : [];
  found.push(...entries.flatMap((entry, i) => check(schema.items!, entry, `${at}[${i}]`)));
  if (isObject(value)) found.push(...objectFaults(schema, value, at, check));
  return found;
}

function objectFaults(
  schema: Schema,
  value: Record<string, unknown>,
  at: string,
  check: (inner: Schema, some: unknown, where: string) => string[],
): string[] {
  const found = (schema.required ?? []).filter((name) => !(name in value)).map((name) => `${at}.${name} is missing`);
  for (const [name, entry] of Object.entries(value)) {
    const inner = schema.properties?.[name];
    if (inner) found.push(...check(inner, entry, `${at}.${name}`));
    else if (typeof schema.additionalProperties === 'object')
      found.push(...check(schema.additionalProperties, entry, `${at}.${name}`));
    else if (schema.additionalProperties === false) found.push(`${at}.${name} is not known`);
  }
  return found;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hasType(value: unknown, type: string): boolean {
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return isObject(value);
  return type === 'integer' ? Number.isInteger(value) : typeof value === type;
}
