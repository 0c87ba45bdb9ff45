/** Keys for development, and release keys that come from outside and stay there. */
import { spawnSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openFirmware, packFirmware } from '../../firmware-bridge/update/bundle.ts';
import { makeKeys, signingKeys } from '../../image/keys.ts';
import { need } from '../support/need.ts';

const folder = mkdtempSync(join(tmpdir(), 'classpad-keys-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));
const inBuild = join(folder, 'build');
const pair = (name: string) => ({ key: join(folder, `${name}.key.pem`), certificate: join(folder, `${name}.cert.pem`) });

async function outside(name: string, subject = `/CN=${name}`) {
  await makeKeys(folder, pair(name), subject);
  return pair(name);
}

function signed(keys: { key: string; certificate: string }): Buffer {
  const files = new Map([['host.cjs', Buffer.from('x')]]);
  return packFirmware('1.2.3', files, createPrivateKey(readFileSync(keys.key)), readFileSync(keys.certificate, 'utf8'));
}

async function refusalOf(key: string | undefined, certificate: string | undefined): Promise<string> {
  return signingKeys(inBuild, key, certificate).then(
    () => 'taken',
    (error: Error) => error.message,
  );
}

if (need('signing keys', spawnSync('openssl', ['version']).status === 0, 'apt-get install openssl')) {
  test('development keys are made once, and say what they are', async () => {
    const first = await signingKeys(inBuild, undefined, undefined);
    const second = await signingKeys(inBuild, undefined, undefined);
    assert.equal([first.isDevelopment, second.keyring], [true, first.keyring]);
    assert.is(openFirmware(signed(first), first.keyring).header.version, '1.2.3');
  });

  test('release keys sign, are trusted alone, and are copied nowhere', async () => {
    const release = await outside('release');
    const before = readdirSync(inBuild);
    const keys = await signingKeys(inBuild, release.key, release.certificate);
    assert.equal([keys.isDevelopment, keys.key, readdirSync(inBuild)], [false, release.key, before]);
    assert.not.match(keys.keyring, /PRIVATE KEY/);
    assert.is(openFirmware(signed(release), keys.keyring).header.version, '1.2.3');
    const development = await signingKeys(inBuild, undefined, undefined);
    assert.throws(() => openFirmware(signed(development), keys.keyring), /key this device does not trust/);
  });

  test('what does not belong together is refused', async () => {
    const [one, other] = [await outside('one'), await outside('other')];
    const development = await outside('dev', '/O=classpad development, protects nothing/CN=x');
    assert.match(await refusalOf(one.key, undefined), /give both or neither/);
    assert.match(await refusalOf(undefined, one.certificate), /give both or neither/);
    assert.match(await refusalOf(one.key, other.certificate), /is not the certificate of --key/);
    assert.match(await refusalOf(development.key, development.certificate), /is a development certificate/);
    assert.match(await refusalOf(join(folder, 'nothing'), one.certificate), /--key: there is no file/);
  });
}

test.run();
