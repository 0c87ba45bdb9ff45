import { readFileSync } from 'node:fs';
import { stringToHex, toHex } from 'viem';
import { parse } from 'yaml';
import { composeToManifest, encodeManifest, imagesOf, pinImages } from '../runtime/manifest/index.ts';
import { type Containers, type FoundContainer, Label } from '../runtime/ports/index.ts';
import { auditFindings, auditLines } from './audit.ts';
import type { Board } from './board.ts';
import type { Feed } from './feed.ts';
import type { FleetArtifact } from './fleet.ts';
import { type Operators, operatorsOn, THRESHOLD } from './operators.ts';
import type { Stage } from './stage.ts';

/** Where the story tells how it goes. */
export interface Teller {
  /** A step begins, or waits for something else now. */
  waiting(step: string, what: string): void;
  done(step: string, detail: string, tookMs: number): void;
  line(text: string): void;
}

export interface StoryOptions {
  readonly stage: Stage;
  readonly fleet: FleetArtifact;
  readonly feed: Feed;
  readonly teller: Teller;
  /** Folder with `compose.yaml` and `compose.broken.yaml`. */
  readonly exampleFolder: string;
  /** Pause after each step, so that one can watch. */
  readonly paceMs: number;
  /** No single wait lasts longer. */
  readonly deadlineMs: number;
}

/** Index of a phase in the contract's enum. */
const Phase = { rollingOut: 2, active: 3, rolledBack: 4 } as const;
const APP = 'hello';
const HEALTH_WINDOW_S = 300;
const POLL_MS = 50;
const GREETING = 'hello from revision 1';

interface Play extends StoryOptions {
  readonly operators: Operators;
  readonly app: `0x${string}`;
  /** Requests made to the proxies while revision 2 came and went. */
  readonly watch: { active: boolean; requests: number; readonly failures: string[] };
  readonly wait: (what: string) => void;
}

interface Step {
  readonly title: string;
  /** Answers what is worth saying about the outcome. Throws a sentence if it is not as told. */
  readonly act: (play: Play) => Promise<string>;
}

const steps: readonly Step[] = [
  { title: 'The devices boot and share one ledger', act: bootTogether },
  { title: 'The Fleet contract is deployed', act: deployFleet },
  { title: 'The devices are enrolled', act: enrolDevices },
  { title: 'hello r1 is proposed and approved', act: (play) => release(play, 1, 'compose.yaml') },
  { title: 'The devices run r1 and vote for it', act: (play) => decide(play, 1, Phase.active) },
  { title: 'Every proxy answers with r1', act: everyProxyAnswers },
  { title: 'hello r2, which is broken, is proposed and approved', act: (play) => release(play, 2, 'compose.broken.yaml') },
  { title: 'The devices try r2 and vote against it', act: (play) => decide(play, 2, Phase.rolledBack) },
  { title: 'The devices return to r1', act: returnToFirst },
  { title: 'Every proxy still answers with r1', act: neverStopped },
  { title: 'The audit trail tells all of this', act: audit },
];

/** Plays the main job from an empty ledger to the rollback. Rejects with a sentence where the outcome is not as told. */
export async function playStory(options: StoryOptions): Promise<void> {
  const { stage, fleet, teller, paceMs } = options;
  const operators = operatorsOn(stage, fleet);
  const watch = { active: false, requests: 0, failures: [] };
  for (const { title, act } of steps) {
    const startedMs = stage.nowMs();
    const wait = (what: string) => teller.waiting(title, what);
    const play: Play = { ...options, operators, watch, app: stringToHex(APP, { size: 32 }), wait };
    const detail = await act(play).catch((error: Error) => {
      throw new StoryFailed(title, error);
    });
    teller.done(title, detail, stage.nowMs() - startedMs);
    if (paceMs > 0) await stage.sleep(paceMs);
  }
}

async function bootTogether(play: Play): Promise<string> {
  const { boards, sequencer } = play.stage.world;
  await until(play, 'every device to show the first block', () => {
    const heads = boards.map((board) => board.status()?.head.hash);
    return heads.every((hash) => hash !== undefined && hash === heads[0]);
  });
  return `${boards.length} devices; ${sequencer.identity.name} makes the blocks`;
}

async function deployFleet({ stage, operators, wait }: Play): Promise<string> {
  const { world } = stage;
  wait('the block with the contract');
  const address = await operators.deploy(world.operators[0]!);
  if (address !== world.config.fleet) throw new Error(`the contract stands at ${address} instead of ${world.config.fleet}`);
  return `${address}, ${world.operators.length} operators, ${THRESHOLD} approve`;
}

async function enrolDevices({ stage, operators, wait }: Play): Promise<string> {
  const { boards } = stage.world;
  wait('the block with the names');
  const identities = boards.map(({ identity }) => identity);
  const { block } = await operators.enrol(identities);
  return `${identities.length} names in block ${block}; ${await operators.read('quorum')} votes decide`;
}

async function release(play: Play, revision: number, file: string): Promise<string> {
  const { stage, operators, app, exampleFolder, wait } = play;
  const [first, second] = stage.world.operators;
  const manifest = toHex(await readManifest(`${exampleFolder}/${file}`, stage.world.boards[0]!.engine.containers));
  if (revision > 1) play.watch.active = true;
  wait(`the proposal of ${first!.name}`);
  const { gasUsed } = await operators.send(first!, 'propose', [app, manifest, BigInt(HEALTH_WINDOW_S)]);
  await lookAtProxies(play);
  wait(`the approval of ${second!.name}`);
  const { block } = await operators.approve(second!, app, revision);
  return `by ${first!.name} and ${second!.name}, rolling out since block ${block}; the proposal took ${gasUsed} gas`;
}

async function decide(play: Play, revision: number, expected: number): Promise<string> {
  const { operators, app } = play;
  let standing = { phase: 0, healthyVotes: 0, unhealthyVotes: 0 };
  const quorum = Number(await operators.read('quorum'));
  const isDecided = async () => {
    standing = (await operators.read('release', [app, BigInt(revision)])) as typeof standing;
    play.wait(
      `a decision: ${standing.healthyVotes} healthy, ${standing.unhealthyVotes} unhealthy votes so far, ${quorum} healthy ones are needed`,
    );
    return standing.phase !== Phase.rollingOut;
  };
  await until(play, `the votes on r${revision}`, isDecided);
  const votes = `${standing.healthyVotes} healthy, ${standing.unhealthyVotes} unhealthy votes`;
  if (standing.phase !== expected) throw new Error(`the contract decided otherwise: phase ${standing.phase} after ${votes}`);
  return expected === Phase.active ? `${votes}: r${revision} is active` : `${votes}: the contract rolls r${revision} back`;
}

async function everyProxyAnswers(play: Play): Promise<string> {
  const { stage } = play;
  const answers = new Map<string, string>();
  const ask = async () => {
    for (const [index, { identity }] of stage.world.boards.entries()) {
      const { status, body } = await stage.get(index, '/').catch((error: Error) => ({ status: 0, body: error.message }));
      answers.set(identity.name, `${status} ${body.trim().slice(0, 80)}`);
    }
    return [...answers.values()].every((answer) => answer === `200 ${GREETING}`);
  };
  await until(play, `"${GREETING}" from every device`, ask).catch((error: Error) => {
    const wrong = [...answers].filter(([, answer]) => answer !== `200 ${GREETING}`).map(([name, answer]) => `${name}: ${answer}`);
    throw new Error(`${error.message}; ${wrong.join(', ')}`);
  });
  return `${answers.size} × HTTP 200 "${GREETING}"`;
}

async function returnToFirst(play: Play): Promise<string> {
  const { boards } = play.stage.world;
  const found = boards.map(() => [] as readonly FoundContainer[]);
  const isBack = (board: Board, index: number): boolean => {
    const { virtual, containers: engine } = board.engine;
    // A virtual engine is looked into past its port: to ask it would change the world. The answer of a real one is looked at the
    // next time round; one that does not answer is asked again then.
    if (virtual) found[index] = virtual.own();
    else
      engine.list().then(
        (containers) => {
          found[index] = containers;
        },
        () => {},
      );
    const status = board.status();
    const runsFirst =
      status?.state === 'healthy' && status.releases.every(({ revision, health }) => revision === 1 && health === 'healthy');
    const containers = found[index]!;
    return (
      runsFirst &&
      containers.length > 0 &&
      containers.every(({ labels, state }) => labels[Label.revision] === '1' && state === 'running')
    );
  };
  await until(play, 'every device to be healthy on r1', () => {
    const late = boards.filter((board, index) => !isBack(board, index)).map(({ identity }) => identity.name);
    if (late.length > 0) play.wait(`${fewNames(late)} to be healthy on r1, with nothing left of r2`);
    return late.length === 0;
  });
  return `${boards.length} of ${boards.length} devices are healthy on r1, nothing of r2 is left`;
}

function fewNames(names: readonly string[]): string {
  const more = names.length - 3;
  return more > 0 ? `${names.slice(0, 3).join(', ')} and ${more} more` : names.join(', ');
}

async function neverStopped(play: Play): Promise<string> {
  await everyProxyAnswers(play);
  play.watch.active = false;
  const { requests, failures } = play.watch;
  if (failures.length > 0) {
    throw new Error(
      `r1 should have answered all the time, but ${failures.length} of ${requests} requests failed: ${failures[0]}`,
    );
  }
  return `${requests} requests during the rollout, none failed`;
}

async function audit({ stage, feed, teller }: Play): Promise<string> {
  while (await feed.update());
  const { boards } = stage.world;
  const findings = auditFindings({ events: feed.events, broken: feed.broken, devices: boards.length, threshold: THRESHOLD });
  for (const line of auditLines(feed.rows)) teller.line(line);
  if (findings.length > 0) throw new Error(findings.join('; '));
  return `${feed.rows.length} entries in ${feed.head.number} blocks, each block naming the one before it`;
}

/** While revision 2 comes and goes, revision 1 must answer. */
async function lookAtProxies({ stage, watch }: Play): Promise<void> {
  if (!watch.active) return;
  const looks = stage.world.boards.map(async ({ identity }, index) => {
    watch.requests += 1;
    const answer = await stage.get(index, '/').catch((error: Error) => ({ status: 0, body: error.message }));
    const isGood = answer.status === 200 && answer.body.trim() === GREETING;
    if (!isGood) watch.failures.push(`${identity.name} answered ${answer.status} "${answer.body.trim().slice(0, 80)}"`);
  });
  await Promise.all(looks);
}

async function until(play: Play, what: string, isDone: () => boolean | Promise<boolean>): Promise<void> {
  const { stage, deadlineMs, wait } = play;
  const untilMs = stage.nowMs() + deadlineMs;
  wait(what);
  while (!(await isDone())) {
    const fault = stage.world.boards.find((board) => board.fault !== undefined);
    if (fault) throw new Error(`${fault.identity.name} failed: ${fault.fault}`);
    if (stage.nowMs() >= untilMs) throw new Error(`waited ${deadlineMs / 1000} s in vain for ${what}`);
    await stage.sleep(POLL_MS);
    await lookAtProxies(play);
  }
}

/** A Compose file as the bytes that go onto the ledger, its images pinned to what an engine says they are. */
export async function readManifest(file: string, engine: Pick<Containers, 'pin'>): Promise<Uint8Array> {
  return pinnedManifest(parse(readFileSync(file, 'utf8')), engine);
}

/** The same of a Compose file that has been read already. */
export async function pinnedManifest(compose: unknown, { pin }: Pick<Containers, 'pin'>): Promise<Uint8Array> {
  const manifest = composeToManifest(compose, () => undefined);
  const pins = await Promise.all(imagesOf(manifest).map(async (image) => [image, await pin(image)] as const));
  return encodeManifest(pinImages(manifest, new Map(pins)));
}

/** A step of the story did not end as told. */
export class StoryFailed extends Error {
  constructor(step: string, cause: Error) {
    // viem's errors bring pages; their first sentence and what the node said are enough.
    const { shortMessage, details } = cause as { shortMessage?: string; details?: string };
    const sentence = shortMessage === undefined ? cause.message : [shortMessage, details].filter(Boolean).join(' ');
    super(`"${step}" did not happen: ${sentence}`);
    this.name = 'StoryFailed';
  }
}
