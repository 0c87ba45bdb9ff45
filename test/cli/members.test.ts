/** Who is in the fleet and who decides, changed from the command line against a running emulator. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type AbiEvent, toEventSelector } from 'viem';
import { privateKeyToAddress } from 'viem/accounts';
import { fleetAbi } from '../../cli/fleet/abi.ts';
import { bent } from '../support/bent.ts';
import { type Emulator, keysOf, startEmulator } from './emulator.ts';
import { classpad, file, folder, type Said } from './support.ts';

const s = suite('cli: members of the fleet');
const newcomer = privateKeyToAddress(`0x${'77'.repeat(32)}`).toLowerCase();
const validatorKey = `0x${'ab'.repeat(32)}`;
let emulator: Emulator;

s.before(async () => {
  emulator = await startEmulator();
});
s.after(() => emulator.stop());

function operator(args: readonly string[], keys = keysOf('ops-1', 'ops-2')): Promise<Said> {
  return classpad(args, { CLASSPAD_RPC: emulator.rpc, CLASSPAD_KEY: keys });
}

interface Standing {
  readonly operators: readonly string[];
  readonly threshold: number;
  readonly enrolmentByQuorum: boolean;
}

async function standing(): Promise<Standing> {
  return JSON.parse((await operator(['operators', 'list', '--json'])).out);
}

async function done(args: readonly string[], sentence: string): Promise<void> {
  const said = await operator(args);
  assert.is(said.exitCode, 0, said.err);
  assert.is(said.out, sentence);
}

s('the operators are listed by name', async () => {
  const { out } = await operator(['operators', 'list']);
  assert.match(out, /^0x\w{40} {2}ops-1\n0x\w{40} {2}ops-2\n0x\w{40} {2}ops-3\n2 of 3 must approve; only as many enrol devices$/);
});

s('an operator is added and removed by two, and the threshold follows', async () => {
  const before = await standing();
  await done(['operators', 'add', newcomer, '--threshold', '3'], '3 of 4 operators must approve from now on');
  assert.equal(await standing(), { ...before, operators: [...before.operators, newcomer], threshold: 3 });
  const three = keysOf('ops-1', 'ops-2', 'ops-3');
  const waiting = await operator(['operators', 'remove', newcomer, '--threshold', '2']);
  assert.is(waiting.exitCode, 1, 'three approvals are needed now');
  assert.match(waiting.out, /action \d+ has 2 of 3 approvals; others approve it/);
  const removed = await operator(['operators', 'remove', newcomer, '--threshold', '2'], three);
  assert.is(removed.exitCode, 0, removed.err);
  assert.equal(await standing(), before);
});

s('the threshold alone', async () => {
  await done(['operators', 'threshold', '1'], '1 of 3 operators must approve from now on');
  const said = await operator(['operators', 'threshold', '2'], keysOf('ops-3'));
  assert.is(said.exitCode, 0, said.err);
  assert.is((await standing()).threshold, 2);
});

s('who enrols devices', async () => {
  await done(['operators', 'enrolment', 'one'], 'one operator alone may enrol devices');
  const alone = await operator(['enrol', '--device', `by-one=0x${'21'.repeat(20)}`], keysOf('ops-3'));
  assert.is(alone.exitCode, 0, alone.err);
  await done(['operators', 'enrolment', 'quorum'], 'only as many enrol devices');
  const refused = await operator(['enrol', '--device', `by-none=0x${'22'.repeat(20)}`], keysOf('ops-3'));
  assert.is(refused.exitCode, 1);
  assert.match(refused.out, /action \d+ has 1 of 2 approvals/);
});

s('labels are shown, replaced and taken away, and a release finds its devices by them', async () => {
  assert.is((await operator(['label', 'pad-02'])).out, 'pad-02 carries no labels');
  await done(['label', 'pad-02', '--label', 'site=berlin', '--label', 'arch=arm64'], 'pad-02 carries site=berlin, arch=arm64');
  assert.is((await operator(['label', 'pad-02'])).out, 'site=berlin arch=arm64');
  const proposed = await operator(['deploy', 'examples/hello/compose.yaml', '--app', 'berlin', '--label', 'site=berlin']);
  assert.is(proposed.exitCode, 0, proposed.err);
  assert.match(proposed.out, /berlin r1 is active: 1 device found it healthy/);
  await done(['label', 'pad-02', '--none'], 'pad-02 carries no labels');
});

s('a device gets a vote on blocks, another weight, and loses it', async () => {
  const before = (await operator(['validators', 'list'])).out;
  assert.is(before, 'the fleet names no validators: whoever began the ledger makes its blocks');
  await done(['validators', 'set', 'pad-01', '--validator', validatorKey], 'pad-01 votes on blocks with power 1');
  const base64 = Buffer.from('cd'.repeat(32), 'hex').toString('base64');
  await done(['validators', 'set', 'pad-02', '--validator', base64], 'pad-02 votes on blocks with power 1');
  await done(['validators', 'set', 'pad-01', '--power', '3'], 'pad-01 votes on blocks with power 3');
  const { out } = await operator(['validators', 'list']);
  assert.match(out, /^pad-01 {8}power 3 {5}key 0x(ab){32}\npad-02 {8}power 1 {5}key 0x(cd){32}$/);
  await done(['validators', 'remove', 'pad-02'], 'pad-02 votes on blocks no more');
  const last = await operator(['validators', 'remove', 'pad-01']);
  assert.is(last.exitCode, 1, last.out);
});

/** Refused before anything is sent. */
const refusals: [args: string[], sentence: RegExp][] = [
  [['operators', 'burn'], /"burn" is nothing to do with operators; write list, add, remove, threshold, enrolment/],
  [['operators', 'add'], /what to add is missing/],
  [['operators', 'add', '0x12'], /the operator "0x12" is no address/],
  [['operators', 'remove', newcomer], /0x\w{40} is no operator; see: classpad operators list/],
  [['operators', 'threshold', '4'], /4 approvals cannot be had of 3 operators/],
  [['operators', 'threshold', '0'], /the threshold "0" does not fit/],
  [['operators', 'enrolment', 'two'], /"two" does not say who enrols devices; write quorum or one/],
  [['label', 'nobody'], /no device of this fleet is called "nobody"/],
  [['label', 'pad-01', '--label', 'site'], /--label "site" is no label; write key=value/],
  [['label', 'pad-01', '--label', 'a=b', '--none'], /--none and --label exclude each other/],
  [['validators', 'burn'], /"burn" is nothing to do with validators; write list, set or remove/],
  [['validators', 'set'], /DEVICE is missing/],
  [['validators', 'set', 'pad-03', '--validator', 'abc'], /--validator "abc" is no Ed25519 key/],
  [['validators', 'set', 'pad-03'], /--validator KEY is missing: pad-03 is no validator yet/],
  [['validators', 'remove', 'pad-03'], /pad-03 is no validator; see: classpad validators list/],
  [['validators', 'set', 'pad-03', '--power', '0'], /--power "0" does not fit/],
];

for (const [args, sentence] of refusals) {
  s(`refused: ${args.join(' ')}`, async () => {
    const said = await operator(args);
    assert.is(said.exitCode, 2, said.out);
    assert.match(said.err, sentence);
    assert.not.match(said.err, / {4}at /);
  });
}

interface TrailEntry {
  readonly number: number;
  readonly receipts: { logs: { topics: string[]; data: string }[] }[];
}

s('whichever event of the trail is forged, its block is named', async () => {
  const path = join(folder, 'members.jsonl');
  const exported = await operator(['audit', 'export', path]);
  assert.is(exported.exitCode, 0, exported.err);
  const offline = { CLASSPAD_RPC: 'http://127.0.0.1:1' };
  const whole = await classpad(['audit', 'verify', path], offline);
  assert.is(whole.exitCode, 0, whole.err);
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  const forged = new Set<string>();
  for (const [index, line] of lines.entries()) {
    for (const name of index === 0 ? [] : eventsOf(JSON.parse(line))) {
      if (forged.has(name)) continue;
      forged.add(name);
      const { entry, number } = forge(JSON.parse(line), name);
      const changed = file('forged.jsonl', `${lines.with(index, JSON.stringify(entry)).join('\n')}\n`);
      const said = await classpad(['audit', 'verify', changed, '--quiet'], offline);
      assert.is(said.exitCode, 1, name);
      assert.match(said.err, new RegExp(`the trail is wrong\\. block ${number}(:|, receipt)`), name);
    }
  }
  for (const name of [
    'OperatorsSet',
    'EnrolmentSet',
    'DeviceLabelled',
    'ValidatorSet',
    'ActionProposed',
    'ActionApproved',
    'ActionDone',
  ])
    assert.ok(forged.has(name), `${name} was in the trail`);
});

const nameOf = new Map(
  fleetAbi.flatMap((item) => (item.type === 'event' ? [[toEventSelector(item as AbiEvent) as string, item.name] as const] : [])),
);

function eventsOf({ receipts }: TrailEntry): string[] {
  return receipts.flatMap(({ logs }) => logs.flatMap(({ topics }) => nameOf.get(topics[0]!) ?? []));
}

/** Bends the last digit of what the event says. */
function forge(entry: TrailEntry, name: string): { entry: TrailEntry; number: number } {
  const log = entry.receipts.flatMap(({ logs }) => logs).find(({ topics }) => nameOf.get(topics[0]!) === name)!;
  if (log.data !== '0x') log.data = bent(log.data);
  else log.topics[1] = bent(log.topics[1]!);
  return { entry, number: entry.number };
}

s.run();
