import { sha256 } from '@noble/hashes/sha2.js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { virtualClock } from '../../../emulator/clock.ts';
import { memoryStore } from '../../../emulator/store.ts';
import { bytesToHex, utf8Encode } from '../../../runtime/bytes.ts';
import type { FleetEvent } from '../../../runtime/contracts/fleet.ts';
import { callData } from '../../../runtime/contracts/fleet.ts';
import { functions } from '../../../runtime/contracts/interface.ts';
import { decodeLog, logKindName } from '../../../runtime/contracts/log-kinds.ts';
import type { Exchange, Store } from '../../../runtime/ports/index.ts';
import { ServiceLog } from '../../../runtime/service/index.ts';
import { growingTree } from '../../../runtime/service/merkle.ts';
import { readLines } from '../../../runtime/service/spool.ts';
import { activeApp, foundOf, picture, revisionOf, wantedOf } from '../../support/model-engine.ts';

const s = suite('service');
const START_MS = 1_700_000_200_000;
const ADDRESS = '0x00000000000000000000000000000000000000a0';

/** A device's log, with a ledger that takes what is sent unless it is away. */
class Bench {
  readonly clock = virtualClock(START_MS);
  readonly store: Store = memoryStore();
  readonly arrived: { app: string; revision: number; kind: string; fields: Record<string, unknown> }[] = [];
  isAway = false;
  readonly address: `0x${string}`;
  service: ServiceLog;

  constructor(address: `0x${string}` = ADDRESS) {
    this.address = address;
    this.service = this.boot();
  }

  boot(): ServiceLog {
    const decode = functions.log.inputs;
    return new ServiceLog({
      store: this.store,
      clock: this.clock,
      vm: { sha256 },
      device: { address: this.address },
      log: { write: () => {} },
      intervalSeconds: 300,
      outbox: {
        send: (_key, data) => {
          if (this.isAway) return { is: 'refused', sentence: 'the ledger is away' };
          const { app, revision, kind, data: bytes } = decode.read(data, 4);
          const fields = decodeLog(bytes)!;
          this.arrived.push({ app, revision, kind: logKindName(kind), fields });
          const event: FleetEvent = { what: 'Logged', device: this.address, app, revision, kind, data: bytes };
          queueMicrotask(() => this.service.appended({ number: 1, hash: '0x', stateRoot: '0x', timestamp: 0 }, [event]));
          return { is: 'sent' };
        },
      },
    });
  }

  async pass(seconds: number): Promise<void> {
    await this.clock.advanceTo(this.clock.nowMs() + seconds * 1000);
  }

  serve(change: Partial<Exchange> = {}): void {
    const atMs = this.clock.nowMs();
    this.service.exchanged({
      app: 'a',
      revision: 1,
      atMs,
      tookUs: 900,
      method: 'GET',
      host: 'x',
      path: '/',
      status: 200,
      bytes: 1,
      ...change,
    });
  }
}

s('without traffic nothing is logged', async () => {
  const bench = new Bench();
  await bench.pass(3600);
  assert.equal(bench.arrived, []);
});

s('one entry for each app and revision and interval, at its end', async () => {
  const bench = new Bench();
  for (let count = 0; count < 3; count++) bench.serve();
  bench.serve({ revision: 2 });
  bench.serve({ app: 'b', status: 500 });
  await bench.pass(199);
  assert.equal(bench.arrived, []);
  await bench.pass(100);
  bench.serve();
  await bench.pass(400);
  assert.equal(
    bench.arrived.map(({ app, revision, kind, fields }) => [
      app,
      revision,
      kind,
      fields['from'],
      fields['requests'],
      fields['failed'],
    ]),
    [
      ['a', 1, 'traffic', START_MS / 1000, 3, 0],
      ['a', 2, 'traffic', START_MS / 1000, 1, 0],
      ['b', 1, 'traffic', START_MS / 1000, 1, 1],
      ['a', 1, 'traffic', 1_700_000_400, 1, 0],
    ],
  );
});

s('what else befalls the device is an entry too, with its time', async () => {
  const bench = new Bench();
  bench.service.note({ kind: 'start', app: '', revision: 0, fields: { firmware: '0.1.0' } });
  await bench.pass(1);
  assert.equal(bench.arrived, [{ app: '', revision: 0, kind: 'start', fields: { at: START_MS / 1000, firmware: '0.1.0' } }]);
});

s('its lines are kept and lead to its root', async () => {
  const bench = new Bench();
  for (let count = 0; count < 5_000; count++) bench.serve({ tookUs: count });
  await bench.pass(400);
  const { fields } = bench.arrived[0]!;
  const lines = readLines(bench.store, { app: 'a', revision: 1, from: Number(fields['from']) });
  const tree = growingTree(sha256);
  for (const line of lines) tree.add(utf8Encode(line));
  assert.equal([lines.length, tree.root()], [5_000, fields['root']]);
});

s('a device whose turn comes late closes each interval once, whatever goes on meanwhile', async () => {
  const bench = new Bench('0x00000000000000000000000000000000000000af');
  for (let second = 0; second < 1_000; second++) {
    bench.serve({ tookUs: second });
    await bench.pass(1);
  }
  await bench.pass(400);
  const froms = bench.arrived.map(({ fields }) => Number(fields['from']));
  assert.equal(froms, [START_MS / 1000, 1_700_000_400, 1_700_000_700, 1_700_001_000]);
  assert.is(
    bench.arrived.reduce((sum, { fields }) => sum + Number(fields['requests']), 0),
    1_000,
  );
  for (const { fields } of bench.arrived) {
    const tree = growingTree(sha256);
    for (const line of readLines(bench.store, { app: 'a', revision: 1, from: Number(fields['from']) }))
      tree.add(utf8Encode(line));
    assert.is(tree.root(), fields['root']);
  }
});

s('what cannot be sent waits, over restarts too, and arrives once', async () => {
  const bench = new Bench();
  bench.isAway = true;
  bench.serve();
  await bench.pass(400);
  bench.service.stop();
  bench.service = bench.boot();
  await bench.pass(60);
  assert.equal(bench.arrived, []);
  bench.isAway = false;
  await bench.pass(60);
  assert.is(bench.arrived.length, 1);
  bench.service.stop();
  bench.service = bench.boot();
  await bench.pass(60);
  assert.is(bench.arrived.length, 1);
});

s('a node that ends logs what it has, and begins anew after it', async () => {
  const bench = new Bench();
  bench.serve();
  await bench.pass(10);
  bench.service.stop();
  bench.service = bench.boot();
  bench.serve();
  await bench.pass(400);
  assert.equal(
    bench.arrived.map(({ fields }) => [fields['from'], fields['seconds'], fields['requests']]),
    [
      [START_MS / 1000, 10, 1],
      [START_MS / 1000 + 10, 190, 1],
    ],
  );
});

s('restarts, drifts and refusals are told once each, and a flood of them not at all', async () => {
  const bench = new Bench();
  const revision = revisionOf('a', 1);
  const refused = { app: 'b', revision: 3, containers: [], refusal: 'the manifest is refused: so' };
  const wanted = wantedOf(activeApp(revision), activeApp(refused));
  const drift = { atMs: 1, app: 'a', what: 'stopped', service: 'web', revision: 1, sentence: 'it was stopped' } as const;
  const look = (restartCount: number, drifts: readonly (typeof drift)[] = []) =>
    bench.service.looked(picture([foundOf(revision, { restartCount })]), wanted, drifts);
  look(4);
  look(4);
  look(6, [drift]);
  look(6, [drift]);
  await bench.pass(60);
  assert.equal(
    bench.arrived.map(({ kind, app, fields }) => [kind, app, fields['times'] ?? fields['what'] ?? fields['sentence']]),
    [
      ['refusal', 'b', 'the manifest is refused: so'],
      ['restart', 'a', 2],
      ['drift', 'a', 'stopped'],
    ],
  );
  for (let count = 7; count < 60; count++) look(count, [drift]);
  await bench.pass(60);
  assert.is(bench.arrived.filter(({ kind }) => kind === 'restart').length, 5);
  await bench.pass(1_200);
  look(60, [drift]);
  await bench.pass(60);
  assert.is(bench.arrived.at(-1)?.fields['heldBack'], 49);
});

s('a call of the log is what the contract reads', () => {
  const data = callData('log', { app: 'a', revision: 1, kind: 1, data: Uint8Array.of(1) });
  assert.is(bytesToHex(data.subarray(0, 4)), functions.log.selector);
});

s('a clock that is behind the ledger is noted once, and again only hours later', async () => {
  const bench = new Bench();
  const block = (aheadSeconds: number) => {
    const timestamp = Math.floor(bench.clock.nowMs() / 1000) + aheadSeconds;
    bench.service.appended({ number: 1, hash: '0x', stateRoot: '0x', timestamp }, []);
  };
  for (const aheadSeconds of [-600, 0, 9]) block(aheadSeconds);
  await bench.pass(10);
  assert.is(bench.arrived.length, 0);
  for (const aheadSeconds of [90, 91]) block(aheadSeconds);
  await bench.pass(10);
  const [noted, ...others] = bench.arrived;
  assert.equal(
    [noted?.kind, noted?.app, noted?.revision, noted?.fields['behindSeconds'], others.length],
    ['clock', '', 0, 91, 0],
  );
  await bench.pass(7 * 3600);
  block(50);
  await bench.pass(10);
  assert.is(bench.arrived.length, 2);
});

s.run();
