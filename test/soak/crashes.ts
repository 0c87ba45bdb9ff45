import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCompose } from '../../cli/compose.ts';
import { type Random, seededRandom } from '../../emulator/random.ts';
import { createEngine, type Engine, readJson } from '../../firmware-bridge/docker/engine.ts';
import { type DockerEngine, dockerEngine, HELLO_IMAGE } from '../../firmware-bridge/docker/index.ts';
import { demandDockerd, type PrivateDockerd } from '../support/dockerd.ts';
import { type NodeProcess, nodeProcess } from '../support/node-process.ts';
import { type Operator, operatorOf, PHASE } from '../support/operator.ts';
import { pinnedBytes } from '../support/pins.ts';
import { pause, until } from '../support/wait.ts';
import { type Answered, type Deed, openGate, type Passing } from './gate.ts';
import type { Outcome, Soak } from './soak.ts';

const FAULTS = ['kill', 'kill', 'kill', 'engine restart', 'wedged'] as const;
const MOMENTS = ['before', 'during', 'after'] as const;
/** Requests that change something, of one release: create, start, policy, stop, remove. */
const DEEDS_OF_A_RELEASE = 5;
/** Those by name, for a run of every fault at every step. */
const STEPS: readonly Deed[] = ['create', 'start', 'update', 'stop', 'remove'];
const ALL_FAULTS = ['kill', 'engine restart', 'wedged', 'full disk'] as const;
/** As engines say it. */
const FULL = {
  status: 500,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from(JSON.stringify({ message: 'write /data: no space left on device' })),
};
const BROKEN_EVERY = 4;
const ENGINE_TIMEOUT_MS = 1_500;
/** A wedged call is answered, if at all, when nobody waits for it any more. */
const LATE_MS = 2 * ENGINE_TIMEOUT_MS;
const FOREIGN = ['somebody-elses', 'somebody-elses-too'] as const;

type FaultName = (typeof ALL_FAULTS)[number];
type Moment = (typeof MOMENTS)[number];

/** A crash that is to come, and what it met. */
interface Crash {
  readonly fault: FaultName;
  readonly moment: Moment;
  /** So many requests that change something pass before it; of this kind, if one is named. */
  after: number;
  readonly at?: Deed;
  deed?: Deed;
  /** Settles when what was broken runs again. */
  mended?: Promise<void>;
}

/** A real agent on a real engine, with a gate between them that breaks one of the two at a random step of each release. */
export const crashes: Soak = {
  summary:
    'an agent that is killed, an engine that restarts, a call that never returns, at random steps: all converge, nothing is made twice',
  options: {
    count: { fallback: 200, help: 'crashes' },
    seed: { fallback: 1, help: 'what the places of the crashes follow from' },
    every: { help: 'instead of random ones: every fault at every kind of step, before, during and after it' },
  },
  async run({ count = 200, seed = 1, every = 0 }, say) {
    const daemon = await demandDockerd();
    const folder = mkdtempSync(join(tmpdir(), 'classpad-crashes-'));
    const stage = await Stage.open(daemon, folder, seededRandom(`crashes ${seed}`), say);
    try {
      return await stage.play(every ? table() : stage.random(count), seed);
    } finally {
      await stage.close();
      await daemon.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

interface Row {
  readonly fault: FaultName;
  readonly moment: Moment;
  readonly deed: Deed | 'none';
  readonly convergedMs: number;
}

class Stage {
  private readonly daemon: PrivateDockerd;
  private readonly draw: Random;
  private readonly say: (line: string) => void;
  private readonly folder: string;
  private readonly raw: Engine;
  private readonly engine: DockerEngine;
  private node!: NodeProcess;
  private operator!: Operator;
  private closeGate = () => {};
  private crash: Crash | undefined;
  /** Ids by the name of a container, of all that were ever made. */
  private readonly made = new Map<string, Set<string>>();
  private readonly foreign = new Map<string, string>();
  private readonly violations: string[] = [];
  private lastGood = 1;
  private engineRestarts = 0;

  private constructor(daemon: PrivateDockerd, folder: string, random: Random, say: (line: string) => void) {
    this.daemon = daemon;
    this.folder = folder;
    this.draw = random;
    this.say = say;
    this.raw = createEngine(daemon.url);
    this.engine = dockerEngine(daemon.url, 'pad-1');
  }

  static async open(daemon: PrivateDockerd, folder: string, random: Random, say: (line: string) => void): Promise<Stage> {
    const stage = new Stage(daemon, folder, random, say);
    await stage.engine.ensureHelloImage();
    for (const [index, name] of FOREIGN.entries()) stage.foreign.set(name, await stage.plant(name, index === 0));
    const gate = await openGate(
      daemon.url.replace('unix://', ''),
      join(folder, 'gate.sock'),
      (passing) => void stage.pass(passing),
    );
    stage.closeGate = gate.close;
    stage.node = await nodeProcess(gate.url, { engineTimeoutMs: ENGINE_TIMEOUT_MS });
    await stage.node.start();
    stage.operator = operatorOf(stage.node);
    await stage.operator.begin();
    await stage.operator.propose('hello', await stage.manifest(1, false));
    await stage.converged(1, PHASE.active);
    return stage;
  }

  /** Crashes at places that follow from the seed. */
  random(count: number): Crash[] {
    return Array.from({ length: count }, () => ({
      fault: FAULTS[this.draw.between(0, FAULTS.length - 1)]!,
      moment: MOMENTS[this.draw.between(0, MOMENTS.length - 1)]!,
      after: this.draw.between(0, DEEDS_OF_A_RELEASE - 1),
    }));
  }

  async play(plan: readonly Crash[], seed: number): Promise<Outcome> {
    const rows: Row[] = [];
    const count = plan.length;
    const startedMs = performance.now();
    for (const crash of plan) rows.push(await this.round(crash, rows.length + 2, rows.length + 1, count));
    const twice = [...this.made].filter(([, ids]) => ids.size > 1).map(([name]) => name);
    const ok = rows.length === count && twice.length === 0 && this.violations.length === 0;
    const seconds = (performance.now() - startedMs) / 1000;
    return this.outcome({ ok, seed, rows, twice, seconds });
  }

  async close(): Promise<void> {
    await this.node?.kill();
    this.closeGate();
    this.engine.close();
    this.node?.remove();
  }

  /** One release with one crash at a random step of it. Throws if it does not end as agreed. */
  private async round(crash: Crash, revision: number, number: number, count: number): Promise<Row> {
    const isBroken = revision % BROKEN_EVERY === 0;
    this.crash = crash;
    const startedMs = performance.now();
    await this.operator.propose('hello', await this.manifest(revision, isBroken));
    await this.converged(revision, isBroken ? PHASE.rolledBack : PHASE.active);
    await crash.mended;
    // The crash may have come with the very last step.
    await this.converged(revision, isBroken ? PHASE.rolledBack : PHASE.active);
    this.crash = undefined;
    await this.checkForeign();
    const convergedMs = Math.round(performance.now() - startedMs);
    const row: Row = { fault: crash.fault, moment: crash.moment, deed: crash.deed ?? 'none', convergedMs };
    this.say(
      `${number} of ${count}: ${row.fault} ${row.moment} ${row.deed}${isBroken ? ' (broken release)' : ''}: ${(convergedMs / 1000).toFixed(1)} s`,
    );
    return row;
  }

  private async converged(revision: number, phase: number): Promise<void> {
    const decided = await this.operator.decided('hello', revision);
    if (decided !== phase)
      throw new Error(`revision ${revision} has phase ${decided}, not ${phase}:\n${this.node.said().slice(-3000)}`);
    if (phase === PHASE.active) this.lastGood = revision;
    const wanted = `classpad-pad-1-hello-r${this.lastGood}-web-1 running healthy`;
    let last = '';
    const settled = async () => {
      const found = await this.engine.containers.list();
      for (const { name, id } of found) this.note(name, id);
      last = found.map(({ name, state, health }) => `${name} ${state} ${health}`).join(', ');
      return last === wanted && (await this.served()) === `revision ${this.lastGood}` ? true : undefined;
    };
    await until(`rest after revision ${revision}`, settled, { everyMs: 50 }).catch((error: Error) => {
      throw new Error(`${error.message}: there is ${last}, not ${wanted}\n${this.node.said().slice(-3000)}`);
    });
  }

  private async served(): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.node.ports.proxy}/`, { signal: AbortSignal.timeout(3000) });
    return (await response.text()).trim();
  }

  /** Every request of the agent that changes something comes by here. */
  private async pass(passing: Passing): Promise<void> {
    for (const [name, id] of this.foreign)
      if (passing.path.includes(id) || passing.path.includes(name)) this.violations.push(`${passing.deed} ${passing.path}`);
    const { crash } = this;
    if (crash === undefined || crash.deed !== undefined) return this.plainly(passing);
    if (crash.at !== undefined && crash.at !== passing.deed) return this.plainly(passing);
    if (crash.after-- > 0) return this.plainly(passing);
    crash.deed = passing.deed;
    crash.mended = this.strike(crash, passing).catch((error: Error) => void this.violations.push(error.message));
  }

  private async plainly(passing: Passing): Promise<void> {
    const answer = await this.forward(passing).catch(() => undefined);
    if (answer) passing.reply(answer);
    else passing.cut();
  }

  private async forward(passing: Passing): Promise<Answered> {
    const answer = await passing.forward();
    if (passing.deed === 'create' && answer.status === 201)
      this.note(new URLSearchParams(passing.path.split('?')[1]).get('name')!, String(readJson(answer.body)['Id']));
    return answer;
  }

  /** Before: the engine never hears of it. During: it does it, and nobody is told. After: the agent has its answer. */
  private async strike({ fault, moment }: Crash, passing: Passing): Promise<void> {
    if (fault === 'full disk') return passing.reply(FULL);
    const answer = moment === 'before' ? undefined : await this.forward(passing).catch(() => undefined);
    if (moment === 'after' && answer && fault !== 'wedged') passing.reply(answer);
    if (fault === 'kill') {
      await this.node.kill();
      await this.node.start();
    } else if (fault === 'engine restart') {
      await this.daemon.restart();
      this.engineRestarts++;
    } else if (moment === 'after' && answer) {
      await pause(LATE_MS);
      passing.reply(answer);
    } else await pause(LATE_MS);
    passing.cut();
  }

  private note(name: string, id: string): void {
    this.made.set(name, (this.made.get(name) ?? new Set()).add(id));
  }

  /** One that comes back with the engine, and one that nobody ever started. */
  private async plant(name: string, isStarted: boolean): Promise<string> {
    const host = { NetworkMode: 'none', RestartPolicy: { Name: isStarted ? 'always' : 'no' } };
    const json = { Image: HELLO_IMAGE, HostConfig: host };
    const { Id } = readJson((await this.raw.send({ method: 'POST', path: '/containers/create', query: { name }, json })).body);
    if (isStarted) await this.raw.send({ method: 'POST', path: `/containers/${Id}/start` });
    return String(Id);
  }

  private async checkForeign(): Promise<void> {
    for (const [index, name] of FOREIGN.entries()) {
      const wanted = `${this.foreign.get(name)} ${index === 0 ? 'running' : 'created'}`;
      let last = '';
      const same = async () => {
        const json = readJson((await this.raw.send({ method: 'GET', path: `/containers/${name}/json` })).body);
        last = `${json['Id']} ${(json['State'] as { Status: string }).Status}`;
        return last === wanted ? true : undefined;
      };
      await until(name, same, { everyMs: 50 }).catch(() => this.violations.push(`${name} is ${last}, not ${wanted}`));
    }
  }

  private manifest(revision: number, isBroken: boolean): Promise<Uint8Array> {
    const file = join(this.folder, 'compose.yaml');
    writeFileSync(file, compose(revision, isBroken));
    return pinnedBytes(readCompose(file).manifest, this.engine.containers);
  }

  private outcome(all: { ok: boolean; seed: number; rows: readonly Row[]; twice: readonly string[]; seconds: number }): Outcome {
    const { ok, seed, rows, twice, seconds } = all;
    const counts = (key: 'fault' | 'moment' | 'deed') =>
      Object.fromEntries(
        [...new Set(rows.map((row) => row[key]))].sort().map((value) => [value, rows.filter((row) => row[key] === value).length]),
      );
    const times = rows.map(({ convergedMs }) => convergedMs).sort((one, other) => one - other);
    const figures = {
      ok,
      seed,
      crashes: rows.length,
      seconds: Math.round(seconds),
      faults: counts('fault'),
      moments: counts('moment'),
      steps: counts('deed'),
      containersMade: this.made.size,
      madeTwice: twice,
      foreignTouched: this.violations,
      engineRestarts: this.engineRestarts,
      convergedMs: { median: times[times.length >> 1] ?? 0, most: times.at(-1) ?? 0 },
    };
    const words = (table: Record<string, number>) =>
      Object.entries(table)
        .map(([name, number]) => `${number} ${name}`)
        .join(', ');
    return {
      ok,
      report: figures,
      lines: [
        `${rows.length} crashes in ${figures.seconds} s (seed ${seed}): every one converged`,
        `by fault: ${words(figures.faults)}; by moment: ${words(figures.moments)}; by step: ${words(figures.steps)}`,
        `${figures.containersMade} containers made, ${twice.length} of them made twice${twice.length > 0 ? `: ${twice.join(', ')}` : ''}`,
        `containers of others touched: ${this.violations.length}${this.violations.map((text) => `\n  ${text}`).join('')}`,
        `from the proposal to rest, crash included: median ${(figures.convergedMs.median / 1000).toFixed(1)} s, most ${(figures.convergedMs.most / 1000).toFixed(1)} s`,
      ],
    };
  }
}

/** Every fault at every kind of step; a disk that is full is only met before. */
function table(): Crash[] {
  return STEPS.flatMap((at) =>
    ALL_FAULTS.flatMap((fault) =>
      MOMENTS.filter((moment) => fault !== 'full disk' || moment === 'before').map((moment) => ({ fault, moment, after: 0, at })),
    ),
  );
}

function compose(revision: number, isBroken: boolean): string {
  return `name: hello
services:
  web:
    image: ${HELLO_IMAGE}
    environment:
      GREETING: revision ${revision}
      BROKEN: "${isBroken ? 1 : 0}"
    ports: [8080]
    stop_grace_period: 2s
    healthcheck:
      test: ["CMD", "wget", "-q", "-O-", "http://127.0.0.1:8080/"]
      interval: 300ms
      timeout: 2s
      retries: 3
`;
}
