import { stringToHex } from 'viem';
import type { Board } from '../board.ts';
import type { FleetArtifact } from '../fleet.ts';
import { type Operators, operatorsOn } from '../operators.ts';
import { ask } from '../rpc.ts';
import type { Stage } from '../stage.ts';
import type { Teller } from '../story.ts';
import type { Scenario, Step } from './document.ts';
import { verbs } from './verbs.ts';

export interface PlayOptions {
  readonly scenario: Scenario;
  readonly stage: Stage;
  readonly fleet: FleetArtifact;
  readonly teller: Teller;
  /** Release files are named from here. */
  readonly folder: string;
}

interface Standing {
  readonly revision: number;
  readonly release: { readonly phase: number; readonly healthyVotes: number; readonly unhealthyVotes: number };
}

/** A scenario under way, as its steps see it. */
export interface Play {
  readonly stage: Stage;
  readonly operators: Operators;
  readonly app: string;
  readonly appWord: `0x${string}`;
  readonly folder: string;
  /** Of the innermost repetition, from 1; 0 outside of any. */
  readonly iteration: number;
  readonly wait: (what: string) => void;
  latest(): Promise<Standing>;
  carry(from: Board, to: Board): Promise<string>;
}

const APP = 'hello';

/** Plays all steps. Rejects with a {@link ScenarioFailed} at the first that does not go as written. */
export async function playScenario(options: PlayOptions): Promise<void> {
  const { stage, fleet, folder, scenario } = options;
  const operators = operatorsOn(stage, fleet);
  const appWord = stringToHex(APP, { size: 32 });
  const play: Play = {
    stage,
    operators,
    app: APP,
    appWord,
    folder,
    iteration: 0,
    wait: () => {},
    async latest() {
      const revision = Number(await operators.read('latest', [appWord]));
      return { revision, release: (await operators.read('release', [appWord, BigInt(revision)])) as Standing['release'] };
    },
    carry: (from, to) => carryBlocks(stage, from, to),
  };
  await playSteps(options, scenario.steps, play);
}

async function playSteps(options: PlayOptions, steps: readonly Step[], play: Play): Promise<void> {
  for (const step of steps) {
    if (step.verb !== 'repeat') await playStep(options, step, play);
    for (let iteration = 1; step.verb === 'repeat' && iteration <= (step.value as number); iteration += 1) {
      await playSteps(options, step.steps, { ...play, iteration });
    }
  }
}

async function playStep({ stage, teller }: PlayOptions, step: Step, play: Play): Promise<void> {
  const title = titleOf(step, play.iteration);
  const startedMs = stage.nowMs();
  const wait = (what: string): void => teller.waiting(title, what);
  try {
    const detail = await verbs[step.verb]!.act({ ...play, wait }, step.value as never, step.options);
    teller.done(title, detail, stage.nowMs() - startedMs);
  } catch (error) {
    const { shortMessage, message } = error as { shortMessage?: string; message: string };
    throw new ScenarioFailed(step.line, title, shortMessage ?? message);
  }
}

function titleOf({ verb, value, options }: Step, iteration: number): string {
  const said = Array.isArray(value)
    ? value
    : typeof value === 'object'
      ? Object.entries(value as object).map(([key, item]) => `${key} ${item}`)
      : [value];
  const who = options['devices'] === undefined ? '' : ` ${(options['devices'] as string[]).join(', ')}`;
  const what = said.filter((word) => word !== true).join(', ');
  return `${verb}${what === '' ? '' : ` ${what}`}${who}${iteration > 0 ? ` (${iteration})` : ''}`;
}

/** Blocks leave one device as a file and enter another; the network has no part in it. */
export async function carryBlocks({ sleep }: Pick<Stage, 'sleep'>, from: Board, to: Board): Promise<string> {
  const before = to.status()?.head.number ?? 0;
  const goal = from.status()?.head.number ?? 0;
  const call = async <T>(board: Board, method: string, param: unknown): Promise<T> => {
    let answer: { readonly value: T } | { readonly error: Error } | undefined;
    ask<T>((request) => board.rpc(request), method, [param]).then(
      (value) => {
        answer = { value };
      },
      (error: Error) => {
        answer = { error };
      },
    );
    // A node takes a breath between blocks, and time passes only while we sleep.
    for (let turns = 0; !answer && turns < 1000; turns += 1) await sleep(10);
    if (!answer) throw new Error(`${board.identity.name} does not answer ${method}`);
    if ('error' in answer) throw answer.error;
    return answer.value;
  };
  for (let head = before; head < goal; ) {
    const blocks = await call<string>(from, 'classpad_exportBlocks', `0x${(head + 1).toString(16)}`);
    const taken = await call<{ imported: number; head: number }>(to, 'classpad_importBlocks', blocks);
    if (taken.imported === 0) throw new Error(`${to.identity.name} takes nothing from the stick at block ${head}`);
    head = taken.head;
  }
  return `${goal - before} blocks go from ${from.identity.name} to ${to.identity.name}`;
}

/** A step that did not go as the scenario says. */
export class ScenarioFailed extends Error {
  constructor(line: number, title: string, why: string) {
    super(`line ${line}, "${title}": ${why}`);
    this.name = 'ScenarioFailed';
  }
}
