import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { engineConfig } from '../../../firmware-bridge/cometbft/engine-files.ts';
import { beginWithOthers, finishBeginning } from '../../../firmware-bridge/cometbft/rejoin.ts';

const test = suite<{ home: string }>('cometbft/rejoin');
const SIGNED = '{ "height": "42", "round": 0, "step": 3 }';
const STATE = 'priv_validator_state.json';
const sync = { servers: ['http://10.0.0.1:26657', 'http://10.0.0.2:26657'], height: 40, hash: 'AB'.repeat(32) };

test.before.each((context) => {
  context.home = mkdtempSync(join(tmpdir(), 'cp-rejoin-'));
  const data = join(context.home, 'data');
  for (const name of ['blockstore.db', 'state.db', 'cs.wal']) {
    mkdirSync(join(data, name), { recursive: true });
    writeFileSync(join(data, name, '000'), 'old');
  }
  writeFileSync(join(data, STATE), SIGNED);
  mkdirSync(join(context.home, 'config'));
  const p2p = { listen: '127.0.0.1:1', advertised: '127.0.0.1:1' };
  writeFileSync(join(context.home, 'config/config.toml'), engineConfig({ moniker: 'a', p2p, peers: [], commitMs: 50 }));
});
test.after.each(({ home }) => rmSync(home, { recursive: true, force: true }));

test('the engine forgets its history and not what it has signed', ({ home }) => {
  beginWithOthers(home, sync);
  assert.equal(readdirSync(join(home, 'data')), [STATE]);
  assert.is(readFileSync(join(home, 'data', STATE), 'utf8'), SIGNED);
  const config = readFileSync(join(home, 'config/config.toml'), 'utf8');
  assert.match(
    config,
    /\[statesync\]\nenable = true\nrpc_servers = "http:\/\/10\.0\.0\.1:26657,http:\/\/10\.0\.0\.2:26657"\ntrust_height = 40/,
  );
  assert.is(config.match(/\[statesync\]/g)?.length, 1);
});

for (const [what, text] of [
  ['is not there', undefined],
  ['is empty', ''],
  ['was cut off', '{ "height": "4'],
] as const)
  test(`nothing is forgotten where what it has signed last ${what}`, ({ home }) => {
    const path = join(home, 'data', STATE);
    if (text === undefined) rmSync(path);
    else writeFileSync(path, text);
    const before = readFileSync(join(home, 'config/config.toml'), 'utf8');
    assert.throws(
      () => beginWithOthers(home, sync),
      /does not say what this validator has signed last, without which it must not vote/,
    );
    assert.ok(existsSync(join(home, 'data/state.db/000')));
    assert.is(readFileSync(join(home, 'config/config.toml'), 'utf8'), before);
  });

test('what the power broke off is finished before the engine starts; else nothing is touched', ({ home }) => {
  finishBeginning(home);
  assert.ok(existsSync(join(home, 'data/state.db/000')));
  writeFileSync(join(home, 'data/rejoining'), '');
  rmSync(join(home, 'data/blockstore.db'), { recursive: true });
  finishBeginning(home);
  assert.equal(readdirSync(join(home, 'data')), [STATE]);
});

test.run();
