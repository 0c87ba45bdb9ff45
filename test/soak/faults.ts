import type { Random } from '../../emulator/random.ts';
import { type ClusterMember, until } from '../support/cluster.ts';
import { pause } from '../support/wait.ts';

/** Something that happens to one validator. Settles when it is over and the validator may recover. */
export interface Fault {
  readonly name: string;
  /** Answers what it was. Throws a sentence if it did not come to it. */
  readonly act: (member: ClusterMember, random: Random) => Promise<string>;
}

const LASTS_MS = 10_000;
const PLACES = ['before', 'after', 'answered'] as const;
const CRASH_WITHIN_MS = 60_000;
const DARK_MS = 1_000;

/**
 * Steps of ABCI at which a crash is injected: before a question is answered, after its answer is known and written, and after the
 * answer is sent. What a verb writes lies between the first two.
 */
const stepsOf = (...verbs: readonly string[]) => verbs.flatMap((verb) => PLACES.map((place) => `${place} ${verb}`));

/** Asked once, at the beginning of a ledger. */
export const FIRST_STEPS = stepsOf('initChain');
/** Asked at every start of a node. */
const START_STEPS = stepsOf('info');
/** Asked again and again where there is work. */
export const STEPS = [...START_STEPS, ...stepsOf('checkTx', 'prepareProposal', 'processProposal', 'finalizeBlock', 'commit')];
/** Asked of whoever has snapshots, when a device joins. */
export const GIVING_STEPS = stepsOf('listSnapshots', 'loadSnapshotChunk');
/** Asked of the device that joins. */
export const TAKING_STEPS = stepsOf('offerSnapshot', 'applySnapshotChunk');

export const crashAt = (step: string): Fault => ({
  name: 'crash',
  async act(member) {
    if (START_STEPS.includes(step)) {
      await member.kill('both');
      member.start(step);
    } else member.crashAt(step);
    await crashed(member, step);
    await pause(DARK_MS);
    member.start();
    return step;
  },
});

/** Waits for the crash that the member was told of. */
export async function crashed(member: ClusterMember, step: string): Promise<void> {
  try {
    await until(`a crash ${step}`, () => !member.isRunning(), CRASH_WITHIN_MS);
  } finally {
    member.crashAt(undefined);
  }
}

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
  if (random.chance(0.5)) return crashAt(STEPS[random.between(0, STEPS.length - 1)]!);
  return possible[random.between(0, possible.length - 1)]!;
}
