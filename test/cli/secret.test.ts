/** Secrets by the command line, to a node in a process of its own and into containers of a real Docker Engine. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Hex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { createEngine, readJson } from '../../firmware-bridge/docker/engine.ts';
import { dockerEngine } from '../../firmware-bridge/docker/index.ts';
import { bytesToHex, hexToBytes } from '../../runtime/bytes.ts';
import type { Manifest } from '../../runtime/manifest/index.ts';
import { startDockerd } from '../support/dockerd.ts';
import { need } from '../support/need.ts';
import { isBuilt, type NodeProcess, nodeProcess, OPERATOR_KEY } from '../support/node-process.ts';
import { operatorOf, PHASE } from '../support/operator.ts';
import { pinnedBytes } from '../support/pins.ts';
import { until } from '../support/wait.ts';
import { liar } from './emulator.ts';
import { classpad, file, type Said } from './support.ts';

const s = suite('cli: secret');
const STRANGER_KEY = `0x${'51'.repeat(32)}` as const;
const VALUE = 'a value that is nowhere else';

const built = need('a build', isBuilt, 'build/cli.js or what it needs is missing; run: npm run build');
const daemon = built ? await startDockerd() : undefined;

/** Prints its secret, and its health check wants it to be as long as it was first. */
function manifest(secrets: readonly string[]): Manifest {
  const command = ['/bin/sh', '-c', 'cat /run/secrets/phrase; exec /bin/hello'];
  const healthcheck = { test: ['CMD', 'wget', '-q', '-O-', 'http://127.0.0.1:8080/'], intervalMs: 300, retries: 2 };
  return {
    version: 1,
    services: { web: { image: 'classpad/hello:1', ports: [8080], command, healthcheck, secrets } },
  };
}

if (daemon) {
  const secrets = mkdtempSync('/dev/shm/classpad-cli-secrets-');
  const engine = dockerEngine(daemon.url, 'pad-1', { secrets });
  const raw = createEngine(daemon.url);
  let node: NodeProcess;
  const run = (args: readonly string[], key: string = OPERATOR_KEY): Promise<Said> =>
    classpad(['secret', ...args], { CLASSPAD_RPC: `http://127.0.0.1:${node.ports.rpc}`, CLASSPAD_KEY: key });
  const only = async () => (await engine.containers.list())[0]!;
  const inside = async (id: string): Promise<string> => {
    const json = { AttachStdout: true, AttachStderr: true, Cmd: ['cat', '/run/secrets/phrase'] };
    const { Id } = readJson((await raw.send({ method: 'POST', path: `/containers/${id}/exec`, json })).body);
    const shown = await raw.send({ method: 'POST', path: `/exec/${Id}/start`, json: { Detach: false } });
    // Behind the header of the stream.
    return shown.body.subarray(8).toString();
  };

  s.before(async () => {
    await engine.ensureHelloImage();
    node = await nodeProcess(daemon.url, { secrets });
    await node.start();
    await operatorOf(node).begin();
  });

  s.after(async () => {
    await node.kill();
    await engine.clear();
    engine.close();
    await daemon.stop();
    node.remove();
    rmSync(secrets, { recursive: true, force: true });
  });

  s('without it a release is voted down, saying what is missing', async () => {
    const operator = operatorOf(node);
    await operator.propose('hello', await pinnedBytes(manifest(['phrase']), engine.containers));
    assert.is(await operator.decided('hello', 1), PHASE.rolledBack);
    assert.match(
      node.said(),
      /unhealthy: web: the secret phrase is not on this device; deliver it with: classpad secret set phrase/,
    );
  });

  s('set from a file, it is in the container, and in nothing that anyone can look up', async () => {
    const said = await run(['set', 'phrase', '--device', 'pad-1', '--file', file('phrase', VALUE)]);
    assert.equal([said.out, said.err, said.exitCode], ['pad-1 has the secret phrase', '', 0]);
    const operator = operatorOf(node);
    await operator.propose('hello', await pinnedBytes(manifest(['phrase']), engine.containers));
    assert.is(await operator.decided('hello', 2), PHASE.active, node.said());
    const { id } = await only();
    assert.is(await inside(id), VALUE);
    const inspected = (await raw.send({ method: 'GET', path: `/containers/${id}/json` })).body.toString();
    assert.match(inspected, '/run/secrets');
    const places = [inspected, node.said(), ...filesUnder(node.folder).map((path) => readFileSync(path, 'latin1'))];
    for (const place of places) assert.not.match(place, VALUE);
  });

  s('changed, it changes under the container, which goes on running', async () => {
    const { id } = await only();
    const said = await run(['set', 'phrase', '--device', 'pad-1', '--file', file('phrase', 'another'), '--json']);
    assert.equal(Object.keys(JSON.parse(said.out)), ['device', 'address', 'name', 'version']);
    await until('the change', async () => ((await inside(id)) === 'another' ? true : undefined));
    assert.is((await only()).id, id);
  });

  s('it outlives the agent, and its list tells no value', async () => {
    await node.kill();
    await node.start();
    const said = await run(['list', '--device', 'pad-1']);
    assert.match(said.out, /^phrase {2}set 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC$/);
    assert.equal(JSON.parse((await run(['list', '--device', 'pad-1', '--json'])).out).secrets.length, 1);
  });

  type Refusal = readonly [what: string, args: readonly string[], exitCode: number, sentence: RegExp, key?: string];
  const value = file('value', 'x');
  const REFUSALS: readonly Refusal[] = [
    ['a verb nobody knows', ['sets'], 2, /"sets" is nothing to do with secrets; write set, list or remove/],
    ['no name', ['set', '--device', 'pad-1', '--file', value], 2, /NAME is missing/],
    ['a name that climbs', ['set', '../x', '--device', 'pad-1', '--file', value], 2, /"\.\.\/x" is no name for a secret/],
    ['no device', ['set', 'x', '--file', value], 2, /--device NAME is missing/],
    [
      'a device that is not in the fleet',
      ['set', 'x', '--device', 'pad-9', '--file', value],
      2,
      /there is no device pad-9 in this fleet/,
    ],
    [
      'no such file',
      ['set', 'x', '--device', 'pad-1', '--file', '/nowhere'],
      2,
      /\/nowhere cannot be read: there is no such file or folder/,
    ],
    [
      'nothing in it',
      ['set', 'x', '--device', 'pad-1', '--file', file('empty', '')],
      2,
      /a secret has 1 to 65536 bytes; .* has 0/,
    ],
    ['what is not there', ['remove', 'x', '--device', 'pad-1'], 1, /pad-1 has no secret x/],
    [
      'a stranger',
      ['set', 'x', '--device', 'pad-1', '--file', value],
      1,
      /not signed by an operator of this fleet, for this device and this ledger/,
      STRANGER_KEY,
    ],
  ];
  for (const [what, args, exitCode, sentence, key] of REFUSALS) {
    s(`refused: ${what}`, async () => {
      const said = await run(args, key);
      assert.match(said.err, sentence);
      assert.equal([said.exitCode, said.out], [exitCode, '']);
    });
  }

  s('a node in between that says the device has its own key gets nothing where the address is pinned', async () => {
    const { address, publicKey } = (await node.call('classpad_device')) as { address: string; publicKey: Hex };
    const thief = privateKeyToAccount(STRANGER_KEY);
    const proxy = await liar(`http://127.0.0.1:${node.ports.rpc}`);
    const secretSent: unknown[] = [];
    proxy.lie = (method, params, told) => {
      const result: unknown = told;
      if (method === 'classpad_setSecret') secretSent.push(params);
      if (method === 'classpad_device') return { ...(result as object), publicKey: compressed(thief.publicKey) };
      return typeof result === 'string' ? result.replaceAll(address.slice(2), thief.address.slice(2).toLowerCase()) : result;
    };
    const set = ['secret', 'set', 'x', '--device', 'pad-1', '--file', value];
    const env = { CLASSPAD_RPC: proxy.rpc, CLASSPAD_KEY: OPERATOR_KEY };
    const said = await classpad([...set, '--address', address], env);
    assert.match(said.err, /says that pad-1 has the address 0x\w{40}, not 0x\w{40}; nothing was sent/);
    assert.equal(secretSent, []);
    proxy.lie = (method, _params, result) => (method === 'classpad_secrets' ? [{ name: 'x', version: 2 ** 48 - 2 }] : result);
    assert.match((await classpad(set, env)).err, /says that x was set in the far future/);
    proxy.lie = undefined;
    assert.is((await classpad([...set, '--address', address], env)).exitCode, 0);
    proxy.close();
    assert.is(publicKey.length, 68);
    assert.is((await run(['remove', 'x', '--device', 'pad-1'])).exitCode, 0);
  });

  s('removed, its file is gone from the container, and a restarted one says what is missing', async () => {
    const { id } = await only();
    assert.is((await run(['remove', 'phrase', '--device', 'pad-1'])).out, 'pad-1 has forgotten the secret phrase');
    await until('the file to go', async () => ((await inside(id)).includes('No such file') ? true : undefined));
    assert.is((await run(['list', '--device', 'pad-1'])).out, 'pad-1 has no secrets');
    await run(['set', 'phrase', '--device', 'pad-1', '--file', file('phrase', 'back again')]);
    await until('the file to be back', async () => ((await inside(id)) === 'back again' ? true : undefined));
  });
}

function compressed(publicKey: Hex): Hex {
  return bytesToHex(secp256k1.Point.fromBytes(hexToBytes(publicKey)).toBytes(true));
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

s.run();
