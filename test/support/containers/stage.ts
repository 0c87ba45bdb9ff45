import * as assert from 'uvu/assert';
import {
  type ContainerSpec,
  type Containers,
  EngineError,
  type EngineErrorCode,
  type FoundContainer,
  Label,
} from '../../../runtime/ports/index.ts';

/** An engine to be tried, with what the port itself cannot do. */
export interface Stage {
  readonly containers: Containers;
  readonly device: string;
  /** `hello` is `classpad/hello:1` and is there; `pullable` is in the registry only; `absent` is nowhere. */
  readonly images: { readonly hello: string; readonly pullable: string; readonly absent: string };
  /** Lets time pass until the promise settles. */
  run<T>(promise: Promise<T>): Promise<T>;
  pass(ms: number): Promise<void>;
  /** The time that passes there. */
  nowMs(): number;
  /** Lets time pass until the condition holds, or throws after a minute of it. */
  until(condition: () => Promise<boolean>): Promise<void>;
  get(containerId: string, port: number): Promise<{ readonly status: number; readonly body: string } | undefined>;
  /** A running container of somebody else. */
  plant(name: string): Promise<string>;
  /** How somebody else's container is: a text that changes when it is touched. */
  peek(containerId: string): Promise<string>;
  /** Names of the volumes there are, ascending. */
  volumes(): Promise<readonly string[]>;
  /** The image under one more name, as somebody else would name it. */
  tag(image: string, as: string): Promise<void>;
  /** Gives a container another memory limit, past the port. */
  limit(containerId: string, memoryBytes: number): Promise<void>;
  /** Processor time of its present run, in milliseconds. */
  cpuMs(containerId: string): Promise<number>;
}

export type Row = readonly [promise: string, check: (stage: Stage) => Promise<void>];

export const CHECK = ['CMD', 'wget', '-q', '-O-', 'http://127.0.0.1:8080/'];
export const FAST = { intervalMs: 300, timeoutMs: 2000, retries: 2, startPeriodMs: 0 };

/** A container of the example app that is complete and harmless. */
export function helloSpec(stage: Pick<Stage, 'device'>, service: string, change: Partial<ContainerSpec> = {}): ContainerSpec {
  return {
    name: `classpad-${stage.device}-hello-r1-${service}-1`,
    image: 'classpad/hello:1',
    environment: { GREETING: 'hello from revision 1' },
    ports: [8080],
    restarts: 0,
    stopGraceMs: 2000,
    readOnly: true,
    init: false,
    tmpfs: ['/tmp:size=1m'],
    labels: {
      [Label.device]: stage.device,
      [Label.app]: 'hello',
      [Label.revision]: '1',
      [Label.service]: service,
      [Label.replica]: '1',
      [Label.spec]: '1:00',
    },
    ...change,
  };
}

export async function started(stage: Stage, spec: ContainerSpec): Promise<string> {
  const id = await stage.run(stage.containers.create(spec));
  await stage.run(stage.containers.start(id));
  return id;
}

export async function find(stage: Stage, id: string): Promise<FoundContainer | undefined> {
  return (await list(stage)).find((found) => found.id === id);
}

export function list(stage: Stage): Promise<FoundContainer[]> {
  return stage.run(stage.containers.list());
}

export async function clear(stage: Stage): Promise<void> {
  for (const { id } of await list(stage)) await stage.run(stage.containers.remove(id));
}

export async function rejects(stage: Stage, promise: Promise<unknown>, code: EngineErrorCode): Promise<EngineError> {
  const outcome = await stage.run(
    promise.then(
      () => undefined,
      (error: unknown) => error,
    ),
  );
  if (!(outcome instanceof EngineError)) throw new Error(`expected an EngineError ${code}, got ${outcome ?? 'success'}`);
  assert.is(outcome.code, code, outcome.message);
  return outcome;
}
