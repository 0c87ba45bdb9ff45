import { type ContainerSpec, Label } from '../../runtime/ports/index.ts';
import type { Appetite } from './machine.ts';

/** What the emulator's proxy asks of a program. */
export interface VirtualRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
}

export interface VirtualResponse {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** What runs in a virtual container: everything it does follows from its spec. Times are virtual. */
export interface Program {
  /** From its start until it listens. */
  readonly bootMs: number;
  /** What it writes first. */
  greet(spec: ContainerSpec): readonly string[];
  /** Its answer on a port where it listens; `undefined` on others. */
  answer(spec: ContainerSpec, port: number, request: VirtualRequest): VirtualResponse | undefined;
  /** From being asked to stop until it ends with code 0; `undefined`: it never does. */
  stopMs(spec: ContainerSpec): number | undefined;
  /** When it ends by itself, if it does. */
  end(spec: ContainerSpec): { readonly afterMs: number; readonly exitCode: number } | undefined;
  /** What it takes without end, if it does. */
  appetite?(spec: ContainerSpec): Appetite;
}

/** An image as a registry offers it. */
export interface RegistryImage {
  readonly image: string;
  readonly pullMs: number;
  readonly program: Program;
}

const MEBIBYTE = 1024 * 1024;

/** The example app, steered by the same variables as the real image: GREETING, PORT, BROKEN, CRASH_AFTER, CRASH_CODE, IGNORE_TERM, LEAK, BUSY. */
const hello: Program = {
  bootMs: 40,
  greet: ({ environment }) => [`hello serves "${greeting(environment)}" on port ${helloPort(environment)}`],
  answer: ({ environment }, port, { path }) => {
    if (port !== helloPort(environment)) return undefined;
    if (path.split('?')[0] !== '/') return text(404, 'not found\n');
    return environment['BROKEN'] === '1' ? text(500, 'broken on purpose\n') : text(200, `${greeting(environment)}\n`);
  },
  stopMs: ({ environment }) => (environment['IGNORE_TERM'] === '1' ? undefined : 20),
  end: ({ environment }) => {
    const seconds = Number(environment['CRASH_AFTER'] || 'NaN');
    if (Number.isNaN(seconds)) return undefined;
    return { afterMs: seconds * 1000, exitCode: Number(environment['CRASH_CODE'] || '1') };
  },
  appetite: ({ environment }) => ({
    leak: Number(environment['LEAK'] || '0') * MEBIBYTE,
    threads: Number(environment['BUSY'] || '0'),
  }),
};

/** Any other image: it listens on its ports and says what it is. */
const generic: Program = {
  bootMs: 150,
  greet: ({ image }) => [`${image} started`],
  answer: (spec, port, { method, path }) => {
    if (!spec.ports.includes(port)) return undefined;
    const revision = spec.labels[Label.revision] ?? '?';
    return text(200, `${spec.image} revision ${revision} answers ${method} ${path}\n`);
  },
  stopMs: () => 50,
  end: () => undefined,
};

/** Images with a program of their own. */
export const REGISTRY: readonly RegistryImage[] = [{ image: 'classpad/hello:1', pullMs: 900, program: hello }];

const GENERIC_PULL_MS = 2_500;

/**
 * What a registry has under a name. Every ordinary name (with a tag, with or without a digest) is there and runs the
 * generic program; image ids, names without a tag, and names of a host under `.invalid` (RFC 2606) are not.
 */
export function lookUp(registry: readonly RegistryImage[], image: string): RegistryImage | undefined {
  const known = registry.find((row) => row.image === image.split('@')[0]);
  if (known) return known;
  const isOrdinary = /^[a-z0-9][a-z0-9._/:-]*(:[\w][\w.-]*|@sha256:[0-9a-f]{64})$/i.test(image);
  const isAbsent = image.startsWith('sha256:') || /^[^/]*\.invalid(:\d+)?\//.test(image);
  return isOrdinary && !isAbsent ? { image, pullMs: GENERIC_PULL_MS, program: generic } : undefined;
}

/** An image that no registry has: it came on a stick. */
export function loadedImage(image: string): RegistryImage {
  return { image, pullMs: GENERIC_PULL_MS, program: generic };
}

function greeting(environment: Readonly<Record<string, string>>): string {
  return environment['GREETING'] || 'hello';
}

function helloPort(environment: Readonly<Record<string, string>>): number {
  return Number(environment['PORT'] || '8080');
}

function text(status: number, body: string): VirtualResponse {
  return { status, contentType: 'text/plain; charset=utf-8', body };
}
