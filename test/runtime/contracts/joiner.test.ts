import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createJoiner } from '../../../runtime/contracts/joiner.ts';
import type { Outbox, Sending } from '../../../runtime/contracts/outbox.ts';

const s = suite('contracts/joiner');
const DEVICE = `0x${'11'.repeat(20)}` as const;
const ZERO = `0x${'00'.repeat(32)}` as const;
const UNKNOWN: Sending = { is: 'refused', sentence: 'the token was never given' };

function joinerOn(answers: Sending[]) {
  const logs: string[] = [];
  const world = { nowMs: 0, isEnrolled: false, exists: true };
  const joiner = createJoiner({
    fleet: { exists: () => world.exists, isEnrolled: () => world.isEnrolled },
    device: DEVICE,
    outbox: { send: () => answers.shift() ?? UNKNOWN } as unknown as Outbox,
    signature: { v: 27, r: ZERO, s: ZERO },
    nowMs: () => world.nowMs,
    log: { write: (level, text) => void logs.push(`${level} ${text}`) },
  });
  return { joiner, logs, world };
}

s('while the ledger is still fetched a token that it does not know is no complaint; later it is one, once', () => {
  const { joiner, logs, world } = joinerOn([]);
  for (const nowMs of [0, 3_000, 9_000]) {
    world.nowMs = nowMs;
    joiner.consider();
  }
  assert.equal(logs, []);
  for (const nowMs of [10_000, 20_000]) {
    world.nowMs = nowMs;
    joiner.consider();
  }
  assert.equal(logs, ['warn this device is not enrolled: the token was never given']);
});

s('a member asks for nothing', () => {
  const { joiner, logs, world } = joinerOn([]);
  world.isEnrolled = true;
  joiner.consider();
  assert.is(joiner.isMember(), true);
  assert.equal(logs, []);
});

s.run();
