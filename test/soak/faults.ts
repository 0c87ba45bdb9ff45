import type { Random } from '../../emulator/random.ts';
import { type ClusterMember, until } from '../support/cluster.ts';
import { pause } from '../support/operator.ts';

/** Something that happens to one validator. Settles when it is over and the validator may recover. */
export interface Fault {
  readonly name: string;
  readonly act: (member: ClusterMember, random: Random) => Promise<string>;
}

const LASTS_MS = 10_000;
const VERBS = ['prepareProposal', 'processProposal', 'finalizeBlock', 'commit', 'checkTx', 'info'] as const;
const PLACES = ['before', 'after', 'answered'] as const;
const CRASH_WITHIN_MS = 15_000;
const DARK_MS = 1_000;

const anywhere = PLACES.flatMap((place) => VERBS.map((verb) => `${place} ${verb}`));

/** Every step of ABCI at which a crash is injected. */
export const CRASH_STEPS: readonly string[] = anywhere;

export const crashAt = (step: string): Fault => ({
  name: 'crash',
  async act(member) {
    // `info` is asked at the start alone.
    if (step.endsWith('info')) {
      await member.kill('both');
      member.start();
    }
    member.crashAt(step);
    const isHit = await until(`a crash ${step}`, () => !member.isRunning(), CRASH_WITHIN_MS).then(
      () => true,
      () => false,
    );
    member.crashAt(undefined);
    if (!isHit) return `${step} did not come`;
    await pause(DARK_MS);
    member.start();
    return step;
  },
});

/** All that is not a crash at a step. */
export const faults: readonly Fault[] = [
  {
    name: 'power cut',
    async act(member) {
      await member.kill('both');
      await pause(DARK_MS);
      member.start();
      return 'kill -9 of the node and its engine';
    },
  },
  {
    name: 'engine killed',
    async act(member) {
      await member.kill('engine');
      return 'kill -9 of CometBFT alone';
    },
  },
  {
    name: 'frozen',
    async act(member) {
      member.freeze(true);
      await pause(LASTS_MS);
      member.freeze(false);
      return `SIGSTOP for ${LASTS_MS / 1000} s`;
    },
  },
  {
    name: 'disconnected',
    async act(member) {
      member.connect(false);
      await pause(LASTS_MS);
      member.connect(true);
      return `no network for ${LASTS_MS / 1000} s`;
    },
  },
  {
    name: 'restart',
    async act(member) {
      await member.stop();
      member.start();
      return 'SIGTERM and start';
    },
  },
];

/** The next fault of a run: a crash at a step as often as anything else. Only what the machines can do. */
export function drawFault(random: Random, isIsolated: boolean): Fault {
  const possible = faults.filter(({ name }) => isIsolated || name !== 'disconnected');
  if (random.chance(0.5)) return crashAt(anywhere[random.between(0, anywhere.length - 1)]!);
  return possible[random.between(0, possible.length - 1)]!;
}
