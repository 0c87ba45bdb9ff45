import type { Hex } from 'viem';
import type { Board } from './board.ts';
import type { FleetArtifact } from './fleet.ts';
import { operatorsOn } from './operators.ts';
import { virtualStage } from './stage.ts';
import type { World } from './world.ts';

/** The fleet's word on boards that come and go while somebody watches: the emulator's own operators give it, by their quorum. */
export interface Membership {
  /** Resolves once the ledger has it. Rejects with a sentence where it cannot be. */
  enrol(board: Board): Promise<void>;
  revoke(board: Board): Promise<void>;
  /** Whatever is under way ends without a word. */
  stop(): void;
}

/** Who waits for a block looks for it this often, in real time: the world may stand still meanwhile. */
const POLL_MS = 50;

/** What is asked for is done in turn: each is a transaction that the next one is counted after. */
export function membershipOf(world: World, fleet: FleetArtifact): Membership {
  let isOver = false;
  const sleep = () => new Promise<void>((resolve) => void setTimeout(() => isOver || resolve(), POLL_MS));
  const operators = operatorsOn({ ...virtualStage(world), sleep, nowMs: () => world.clock.nowMs() }, fleet);
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = (act: () => Promise<void>): Promise<void> => {
    const turn = last.then(() => (isOver ? undefined : act()));
    last = turn.catch(() => {});
    return turn;
  };
  const isEnrolled = async ({ identity }: Board): Promise<boolean> => {
    const member = operators.read('isEnrolled', [identity.address as Hex]);
    return (
      (await member.catch(() => Promise.reject(new Error('there is no fleet yet: nobody has deployed its contract')))) === true
    );
  };
  return {
    enrol: (board) =>
      inTurn(async () => {
        if (!(await isEnrolled(board))) await operators.enrol([board.identity]);
      }),
    revoke: (board) =>
      inTurn(async () => {
        if (await isEnrolled(board)) await operators.byQuorum('revoke', [board.identity.address]);
      }),
    stop() {
      isOver = true;
    },
  };
}
