import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { deviceOf, identityOf } from '../../../emulator/identity.ts';
import { hexToBytes } from '../../../runtime/bytes.ts';
import { createOutbox } from '../../../runtime/contracts/outbox.ts';
import type { CallResult } from '../../../runtime/ledger/ledger.ts';
import { decodeTransaction, type Transaction } from '../../../runtime/ledger/transaction.ts';
import { FLEET, nobleVm } from '../../support/fake-ledger.ts';

const s = suite('contracts/outbox');
const device = deviceOf(identityOf('seed', 'tablet'));
const DATA = Uint8Array.of(1, 2, 3);
const OK: CallResult = { ok: true, output: new Uint8Array(0), gasUsed: 80_000n };
const OPEN: CallResult = { ok: false, output: hexToBytes('0x886f3e5f'), status: 'Revert' };
const GIVEN: CallResult = { ok: false, output: hexToBytes('0xef048fa2'), status: 'Revert' };

function setUp(trial: CallResult = OK) {
  const world = { nowMs: 0, head: 1, trial, refusal: '', isWaiting: false, sent: [] as Transaction[] };
  const outbox = createOutbox({
    ledger: {
      chainId: 4400,
      head: () => ({ number: world.head, hash: '0x', stateRoot: '0x', timestamp: 0 }),
      nextNonce: () => BigInt(world.sent.length),
      isWaiting: () => world.isWaiting,
      call: () => world.trial,
      submit(raw) {
        if (world.refusal !== '') throw new Error(world.refusal);
        world.sent.push(decodeTransaction(raw, nobleVm));
        return '0x';
      },
    },
    device,
    keccak256: nobleVm.keccak256,
    clock: { nowMs: () => world.nowMs },
    to: FLEET,
    baseFee: 7n,
    blockGasLimit: 500_000n,
  });
  return { world, send: (despite: 'HealthWindowOpen'[] = []) => outbox.send('wish', DATA, despite) };
}

s('signs and sends a call', () => {
  const { world, send } = setUp();
  assert.equal(send(), { is: 'sent' });
  const [{ sender, to, data, nonce, chainId, gasLimit, maxFeePerGas, type }] = world.sent as [Transaction];
  assert.equal(
    [sender, to, data, nonce, chainId, gasLimit, maxFeePerGas, type],
    [device.address, FLEET, DATA, 0n, 4400n, 260_000n, 7n, 2],
  );
});

s('the same wish waits while it is on the way, and while no block could have held it', () => {
  const { world, send } = setUp();
  send();
  world.head = 2;
  assert.equal(send(), { is: 'waiting' });
  world.head = 1;
  world.nowMs = 60_000;
  assert.equal(send(), { is: 'waiting' });
  assert.is(world.sent.length, 1);
});

s('what waits in the pool is not sent a second time, however many blocks come without it', () => {
  const { world, send } = setUp();
  send();
  Object.assign(world, { isWaiting: true, nowMs: 1_000_000, head: 50 });
  assert.equal(send(), { is: 'waiting' });
  world.isWaiting = false;
  assert.equal(send(), { is: 'sent' });
});

s('then it is sent again with more gas, up to what a block holds', () => {
  const { world, send } = setUp();
  for (let turn = 0; turn < 4; turn++) {
    assert.equal(send(), { is: 'sent' });
    world.nowMs += 1_000_000;
    world.head++;
  }
  assert.equal(
    world.sent.map(({ gasLimit }) => gasLimit),
    [260_000n, 500_000n, 500_000n, 500_000n],
  );
});

s('what would revert is not sent, and not tried at once again', () => {
  const { world, send } = setUp(GIVEN);
  assert.equal(send(), { is: 'refused', by: 'AlreadyAttested', sentence: 'this vote is given already' });
  assert.equal(send(), { is: 'waiting' });
  world.trial = OK;
  world.nowMs = 4_000;
  assert.equal(send(), { is: 'sent' });
});

s('an unknown failure has a sentence, too', () => {
  const { send } = setUp({ ok: false, output: new Uint8Array(0), status: 'OutOfGas' });
  assert.equal(send(), { is: 'refused', sentence: 'the Fleet contract refused it: OutOfGas' });
});

s('a trial at the time of the last block does not keep back what time will allow', () => {
  assert.equal(setUp(OPEN).send(['HealthWindowOpen']), { is: 'sent' });
  assert.is(setUp(OPEN).send().is, 'refused');
});

s('what the pool refuses is tried again later', () => {
  const { world, send } = setUp();
  world.refusal = 'txpool is full';
  assert.equal(send(), { is: 'refused', sentence: 'txpool is full' });
  world.refusal = '';
  world.nowMs = 4_000;
  assert.equal(send(), { is: 'sent' });
});

s.run();
