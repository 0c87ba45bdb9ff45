/** A device that enrols itself by a one-time token, each node in a process of its own. */
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from '../support/need.ts';
import { type NodeProcess, nodeProcess, OPERATOR_KEY } from '../support/node-process.ts';
import { operatorOf } from '../support/operator.ts';
import { until } from '../support/wait.ts';
import { classpad, folder, type Said } from './support.ts';

const s = suite('cli: invite and join');
const token = join(folder, 'pad-5.token');
const hello = join(root, 'examples/hello/compose.yaml');
let first: NodeProcess;
let invited: NodeProcess;
let second: NodeProcess;

s.before(async () => {
  first = await nodeProcess('virtual');
  await first.start();
  await operatorOf(first).begin();
  const { sequencer } = (await first.call('classpad_config')) as { sequencer: string };
  const beside = { sequencer: `"${sequencer}"`, connect: first.ports.peers };
  invited = await nodeProcess('virtual', { ...beside, name: 'pad-5' });
  second = await nodeProcess('virtual', { ...beside, name: 'pad-6' });
});
s.after(async () => {
  for (const node of [second, invited, first]) {
    await node.stop();
    node.remove();
  }
});

function run(args: readonly string[]): Promise<Said> {
  return classpad(args, { CLASSPAD_RPC: `http://127.0.0.1:${first.ports.rpc}`, CLASSPAD_KEY: OPERATOR_KEY });
}

async function names(): Promise<string[]> {
  const { devices } = JSON.parse((await run(['status', '--json'])).out) as { devices: { name: string }[] };
  return devices.map(({ name }) => name);
}

s('an invited device is in the fleet under the name and the labels it was given', async () => {
  const said = await run(['invite', 'till-1', '--label', 'site=berlin', '--out', token]);
  assert.is(said.exitCode, 0, said.err);
  assert.equal(await names(), ['pad-1']);
  await invited.start(['--join', token]);
  await until('its enrolment', async () => (await names()).includes('till-1') || undefined);
  assert.is((await run(['label', 'till-1'])).out, 'site=berlin');
});

s('and runs what is released for it', async () => {
  const said = await run(['deploy', hello, '--app', 'berlin', '--label', 'site=berlin']);
  assert.is(said.exitCode, 0, said.err);
  assert.match(said.out, /berlin r1 is active: 1 device found it healthy/);
  const answer = await fetch(`http://127.0.0.1:${invited.ports.proxy}/`);
  assert.is(await answer.text(), 'hello from revision 1\n');
  assert.is((await fetch(`http://127.0.0.1:${first.ports.proxy}/`)).status, 503);
});

s('started again with the used token it goes on as before', async () => {
  assert.is(await invited.stop(), 0);
  await invited.start(['--join', token]);
  const answer = await until('an answer of its app', async () => {
    const text = await (await fetch(`http://127.0.0.1:${invited.ports.proxy}/`)).text();
    return text.startsWith('hello') ? text : undefined;
  });
  assert.is(answer, 'hello from revision 1\n');
  assert.equal(await names(), ['pad-1', 'till-1']);
});

s('a second device with the same token stays outside, and says so', async () => {
  await second.start(['--join', token]);
  await until('its word on the token', async () => /was never given, has been used/.test(second.said()) || undefined);
  assert.equal(await names(), ['pad-1', 'till-1']);
});

s.run();
