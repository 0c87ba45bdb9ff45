import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { SoftwareManifest } from '../../../runtime/manifest/firmware.ts';
import type { Running, Updater } from '../../../runtime/ports/index.ts';
import type { SoftwareRow } from '../../../runtime/update/decide.ts';
import { createUpdates } from '../../../runtime/update/updates.ts';

const [ONE, TWO] = ['11'.repeat(32), '22'.repeat(32)];
const OLD: Running = { version: '0.1.0', sha256: ONE, revision: 1, isGood: true };
const NEW: Running = { version: '0.2.0', sha256: TWO, revision: 2, isGood: true };
const manifest: SoftwareManifest = {
  kind: 'firmware',
  version: '0.2.0',
  payloads: { any: { sha256: TWO, bytes: 9 } },
  signer: ONE,
};
const rollingOut: SoftwareRow = { app: 'firmware', revision: 2, phase: 'rolling out', manifest };
const active: SoftwareRow = { ...rollingOut, phase: 'active' };

/** A board whose software the test moves by hand, with all that it says. */
class Board {
  running: Running = OLD;
  failed: string | undefined;
  phase = 'rolling out';
  readonly said: string[] = [];
  readonly updates = createUpdates({
    fleet: {
      latest: () => 2,
      release: () => ({ phase: this.phase, manifestHash: '0x', startedAt: 0 }) as never,
    },
    updater: {
      board: 'qemu-arm64',
      running: () => this.running,
      failure: () => this.failed,
      doing: () => undefined,
      apply: ({ version }) => this.said.push(`apply ${version}`),
      goBack: (_kind, reason) => this.said.push(`go back: ${reason}`),
    } as Updater,
    voter: {
      consider: ({ verdict }) => verdict.is !== 'undecided' && this.said.push(`vote ${verdict.is}`),
      voteOf: () => undefined,
    },
    overAtMs: () => Number.POSITIVE_INFINITY,
    log: { write: () => {} },
    note: (app, revision, { version, state }) => this.said.push(`note ${app} r${revision} ${version ?? '-'} ${state}`),
  });

  consider(...rows: SoftwareRow[]): string[] {
    this.said.length = 0;
    this.updates.consider(rows, 0);
    return [...this.said];
  }
}

test('each turn of a rollout is noted once, and the end of it is voted on', () => {
  const board = new Board();
  assert.equal(board.consider(rollingOut), ['note firmware r2 0.2.0 is being fetched and installed', 'apply 0.2.0']);
  assert.equal(board.consider(rollingOut), ['apply 0.2.0']);
  board.running = { ...NEW, isGood: false };
  assert.equal(board.consider(rollingOut), ['note firmware r2 0.2.0 has started']);
  board.running = NEW;
  assert.equal(board.consider(rollingOut), ['note firmware r2 0.2.0 serves', 'vote healthy']);
  assert.equal(board.consider(active), []);
});

test('why it does not run is noted and voted', () => {
  const board = new Board();
  board.failed = 'it did not serve after 3 starts';
  assert.equal(board.consider(rollingOut), [
    'note firmware r2 0.2.0 does not run here: it did not serve after 3 starts',
    'vote unhealthy',
  ]);
});

test('a board that starts with what is active notes nothing of it', () => {
  const board = new Board();
  board.running = { ...NEW, isGood: false };
  assert.equal(board.consider(active), []);
  board.running = NEW;
  assert.equal(board.consider(active), []);
});

test('an active release that is not here yet is noted and applied, without a vote', () => {
  assert.equal(new Board().consider(active), ['note firmware r2 0.2.0 is being fetched and installed', 'apply 0.2.0']);
});

test('what was rolled back is left', () => {
  const board = new Board();
  board.running = NEW;
  board.phase = 'rolled back';
  assert.equal(board.consider(), [
    'note firmware r2 - is left, for it was rolled back',
    'go back: revision 2 was rolled back',
    'note os r2 - is left, for it was rolled back',
    'go back: revision 2 was rolled back',
  ]);
  assert.ok(!board.consider().some((line) => line.startsWith('note')), 'once');
});

test.run();
