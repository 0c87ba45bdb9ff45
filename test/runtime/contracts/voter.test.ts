import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FleetEvent } from '../../../runtime/contracts/fleet.ts';
import { attestData, expireData, settleData } from '../../../runtime/contracts/fleet.ts';
import type { Outbox, Sending } from '../../../runtime/contracts/outbox.ts';
import { type Candidate, createVoter } from '../../../runtime/contracts/voter.ts';
import type { Address } from '../../../runtime/ports/index.ts';

const s = suite('contracts/voter');
const ME: Address = `0x${'11'.repeat(20)}`;
const OTHER: Address = `0x${'22'.repeat(20)}`;

const HEALTHY: Candidate = { app: 'a', revision: 1, verdict: { is: 'healthy' }, overAtMs: 100_000 };
const UNHEALTHY: Candidate = { ...HEALTHY, verdict: { is: 'unhealthy', reason: 'no' } };
const UNDECIDED: Candidate = { ...HEALTHY, verdict: { is: 'undecided', waitingFor: 'it' } };

const attested = (device: Address, healthy: boolean): FleetEvent => ({
  what: 'Attested',
  app: 'a',
  revision: 1,
  device,
  healthy,
  reason: '',
});

function setUp(answers: Sending[] = []) {
  const sent: string[] = [];
  const data: Uint8Array[] = [];
  const lines: string[] = [];
  const outbox: Outbox = {
    send(key, payload) {
      sent.push(key);
      data.push(payload);
      return answers.shift() ?? { is: 'sent' };
    },
  };
  return { voter: createVoter(ME, outbox, { write: (_, line) => void lines.push(line) }), sent, data, lines };
}

s('votes by its verdict, with the reason', () => {
  const { voter, sent, data } = setUp();
  voter.consider(UNDECIDED, 0);
  voter.consider(HEALTHY, 0);
  voter.consider(UNHEALTHY, 0);
  assert.equal(sent, ['attest a revision 1 healthy', 'attest a revision 1 unhealthy']);
  assert.equal(data, [attestData('a', 1, true, ''), attestData('a', 1, false, 'no')]);
});

s('what a policy holds is settled in its turn, and tried again while it is held', () => {
  const { voter, sent, data } = setUp();
  voter.happened(attested(ME, true), 0);
  voter.consider(HEALTHY, 10);
  assert.equal(sent, [], 'nothing is held');
  voter.happened({ what: 'Held', app: 'a', revision: 1, policy: OTHER, moment: 1 }, 1000);
  voter.consider(HEALTHY, 1000);
  assert.equal(sent, [], 'it is not its turn yet');
  voter.consider(HEALTHY, 1000 + 0x11 * 40);
  assert.equal(sent, ['settle a revision 1']);
  assert.equal(data, [settleData('a')]);
  voter.consider({ ...HEALTHY, revision: 2 }, 90_000);
  assert.equal(sent, ['settle a revision 1', 'attest a revision 2 healthy'], 'another one is not held');
});

s('a vote that stands is not given again, another one is, after a pause', () => {
  const { voter, sent } = setUp();
  voter.happened(attested(OTHER, true), 0);
  assert.is(voter.voteOf('a', 1), undefined);
  voter.happened(attested(ME, true), 0);
  assert.is(voter.voteOf('a', 1), 'healthy');
  voter.consider(HEALTHY, 10);
  voter.consider(UNHEALTHY, 10);
  assert.equal(sent, []);
  voter.consider(UNHEALTHY, 1000);
  assert.equal(sent, ['attest a revision 1 unhealthy']);
});

s('who flaps pauses ever longer', () => {
  const { voter, sent } = setUp();
  for (let change = 0; change < 4; change++) voter.happened(attested(ME, change % 2 === 0), 0);
  voter.consider(HEALTHY, 7_999);
  assert.equal(sent, []);
  voter.consider(HEALTHY, 8_000);
  assert.is(sent.length, 1);
});

s('a restarted device learns what it said before', () => {
  const { voter } = setUp([{ is: 'refused', by: 'AlreadyAttested', sentence: 'this vote is given already' }]);
  voter.consider(HEALTHY, 0);
  assert.is(voter.voteOf('a', 1), 'healthy');
});

s('a device that was restarted while a policy held the decision tries it again, in its turn', () => {
  const given: Sending = { is: 'refused', by: 'AlreadyAttested', sentence: 'this vote is given already' };
  const { voter, sent } = setUp([given]);
  voter.consider(HEALTHY, 0);
  assert.equal(sent.splice(0), ['attest a revision 1 healthy'], 'it has forgotten that it voted');
  voter.consider(HEALTHY, 10);
  assert.equal(sent, [], 'it is not its turn yet');
  voter.consider(HEALTHY, 0x11 * 40);
  assert.equal(sent, ['settle a revision 1']);
});

s('a refusal is logged once', () => {
  const refused: Sending = { is: 'refused', sentence: 'this device is not enrolled' };
  const { voter, lines } = setUp([refused, refused, { is: 'waiting' }]);
  for (let turn = 0; turn < 3; turn++) voter.consider(HEALTHY, turn);
  assert.equal(lines, ['the vote on a revision 1 was not taken: this device is not enrolled']);
});

s('when the window is over it ends the release instead of voting', () => {
  const { voter, sent, data } = setUp();
  voter.consider(HEALTHY, 100_000);
  assert.equal(sent, ['expire a revision 1']);
  assert.equal(data, [expireData('a')]);
});

s.run();
