import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type Hex,
  parseTransaction,
  recoverTransactionAddress,
  type TransactionSerializedEIP1559,
  toFunctionSelector,
  toHex,
} from 'viem';
import { type FleetEvent, readFleet } from '../../emulator/fleet.ts';
import { operatorsOn } from '../../emulator/operators.ts';
import { readScripts } from '../../emulator/quickjs/device.ts';
import { rogues } from '../../emulator/rogues.ts';
import { readScenario } from '../../emulator/scenario/document.ts';
import { playScenario } from '../../emulator/scenario/play.ts';
import { virtualStage } from '../../emulator/stage.ts';
import { createWorld } from '../../emulator/world.ts';
import { asBytes, asList, decodeRlp } from '../../runtime/rlp/index.ts';
import { createVm } from '../../vm/embed/index.ts';
import { root } from '../support/need.ts';

const test = suite('emulator/liars');
const build = join(root, 'build');
const fleet = readFleet(build);
const vm = createVm({ fork: 'Osaka', wasm: readFileSync(join(build, 'vm.wasm')) });
const TRANSACTIONS = 4;
const ATTEST = toFunctionSelector('attest(bytes32,uint64,bool,string)');

/** A vote on its way from the liar to a neighbour. */
interface Told {
  readonly to: string;
  readonly nonce: number;
  readonly healthy: boolean;
  /** Who has signed it; nobody, if it is not a signature. */
  readonly signer: string | undefined;
}

const STORY = `
name: a good release and a broken one
devices: 3
steps:
  - boot
  - deploy
  - enrol
  - release: examples/hello/compose.yaml
  - until: { active: 1 }
  - until: { runs: 1 }
    except: [pad-03]
  - release: examples/hello/compose.broken.yaml
  - until: { phase: rolled back }
  - until: { runs: 1, ledger: same }
    except: [pad-03]
`;

/** Three devices live through a good release and a broken one; the third lies. */
async function live(lie: string) {
  const scripts = readScripts(build);
  const additions = { 'pad-03': rogues[lie]! };
  const options = { seed: 'lies', devices: 3, startMs: Date.UTC(2026, 0, 1), version: '0', scripts, vm };
  const world = createWorld({ ...options, run: 'native', additions });
  const sent: [to: string, message: Uint8Array][] = [];
  const { join: plug } = world.network;
  Object.assign(world.network, {
    join(name: string) {
      const network = plug(name);
      const send = (to: string, message: Uint8Array) => {
        if (name === 'pad-03') sent.push([to, message]);
        network.send(to, message);
      };
      return { ...network, send };
    },
  });
  const stage = virtualStage(world);
  const teller = { waiting: () => {}, done: () => {}, line: () => {} };
  await playScenario({ scenario: readScenario(STORY, 'story'), stage, fleet, teller, folder: root });
  const events = await operatorsOn(stage, fleet).events();
  world.stop();
  const told: Told[] = [];
  for (const [to, message] of sent) told.push(...(await votesIn(to, message)));
  return { world, told, events, liar: world.boards[2]!.identity.address };
}

async function votesIn(to: string, message: Uint8Array): Promise<Told[]> {
  const [, code, body] = asList(decodeRlp(message, 65_536), 'a message', 3);
  if (asBytes(code, 'a kind')[0] !== TRANSACTIONS) return [];
  const raws = asList(body, 'transactions').map((raw) => toHex(asBytes(raw, 'a transaction')));
  const votes = raws.map((raw) => ({ raw, ...parseTransaction(raw) })).filter(({ data }) => data?.startsWith(ATTEST));
  return Promise.all(
    votes.map(async ({ raw, nonce = 0, data }) => {
      const signing = recoverTransactionAddress({ serializedTransaction: raw as TransactionSerializedEIP1559 });
      const signer = await signing.catch(() => undefined);
      return { to, nonce, healthy: data!.at(2 + 2 * 99 + 1) === '1', signer: signer?.toLowerCase() };
    }),
  );
}

const votesOf = (events: readonly FleetEvent[], device: Hex) =>
  events.filter((event) => event.name === 'Attested' && event.device === device);

/** What the contract decided in the end, whoever lied: the good release runs, the broken one does not. */
function decidedRightly(events: readonly FleetEvent[]): void {
  const decisions = events.filter(({ name }) => name === 'Promoted' || name === 'RolledBack');
  assert.equal(
    decisions.map(({ name, revision }) => [name, revision]),
    [
      ['Promoted', 1],
      ['RolledBack', 2],
    ],
  );
}

test('liar: it votes against what is healthy and for what is broken', async () => {
  const { events, liar } = await live('liar');
  const said = votesOf(events, liar).map(({ revision, healthy }) => [revision, healthy]);
  for (const [revision, healthy] of said) assert.is(healthy, revision === 2);
  assert.ok(said.length > 0);
  decidedRightly(events);
});

test('two-tongued: under one number each neighbour hears both votes, rightly signed, the first of them not the same', async () => {
  const { told, events, liar } = await live('two-tongued');
  assert.ok(told.every(({ signer }) => signer === liar));
  const first = told.find(({ nonce }) => nonce === told[0]!.nonce)!;
  const of = (to: string) => told.filter((vote) => vote.to === to && vote.nonce === first.nonce).map(({ healthy }) => healthy);
  const [one, other] = [of('pad-01'), of('pad-02')];
  assert.equal(one.slice(0, 2).sort(), [false, true]);
  assert.equal(other.slice(0, 2), [one[1], one[0]]);
  decidedRightly(events);
});

test('double-voter: it votes again and again, and is counted once', async () => {
  const { told, events, liar } = await live('double-voter');
  assert.ok(told.every(({ signer }) => signer === liar));
  assert.ok(new Set(told.map(({ nonce }) => nonce)).size >= 9);
  const onFirst = votesOf(events, liar).filter(({ revision }) => revision === 1);
  const late = events.filter(({ name, device }) => name === 'CameLate' && device === liar);
  assert.ok(onFirst.length + late.length >= 2, 'it is heard more than once');
  assert.ok((events.find(({ name }) => name === 'Promoted')?.votes ?? 9) <= 3);
  decidedRightly(events);
});

test('impostor: what it says for others is signed by nobody of the fleet, or by itself', async () => {
  const { told, events, liar, world } = await live('impostor');
  const others = world.boards.slice(0, 2).map(({ identity }) => identity.address as string);
  const forged = told.filter(({ signer }) => signer !== liar && !others.includes(signer ?? ''));
  assert.ok(forged.length >= 3, `${forged.length} forged votes`);
  assert.ok(told.some(({ signer, nonce }) => signer === liar && nonce > 0));
  const enrolled = new Set(world.boards.map(({ identity }) => identity.address as string));
  for (const { name, device } of events) if (name === 'Attested') assert.ok(enrolled.has(device!));
  for (const other of others) {
    for (const { revision, healthy } of votesOf(events, other as Hex)) assert.is(healthy, revision === 1);
  }
  decidedRightly(events);
});

test.run();
