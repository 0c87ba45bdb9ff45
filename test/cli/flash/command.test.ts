import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readFiles } from '../../../cli/flash/fat.ts';
import { readTable, TABLE_BYTES } from '../../../cli/flash/gpt.ts';
import { makeDisk } from '../../../image/disk.ts';
import { need, root } from '../../support/need.ts';

/** The command on real loop devices: what is refused, what is written, what is found. */
const CLI = join(root, 'build/cli.js');
const MIB = 1024 * 1024;
process.env['PATH'] = `${process.env['PATH']}:/usr/sbin:/sbin`;
const folder = mkdtempSync(join(tmpdir(), 'classpad-flash-'));
const image = join(folder, 'pad.img');
const loops: string[] = [];

const canLoop = () => spawnSync('losetup', ['--find']).status === 0 && process.getuid?.() === 0;
const tools = ['mkfs.vfat', 'mmd', 'sfdisk', 'lsblk'].every(
  (program) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0,
);
const isReady = need(
  'flash on loop devices',
  tools && canLoop() && existsSync(CLI),
  'it takes root, loop devices, dosfstools, mtools, fdisk and a build',
);

function loop(mib: number, readOnly = false): { device: string; file: string } {
  const file = join(folder, `disk-${loops.length}`);
  writeFileSync(file, '');
  truncateSync(file, mib * MIB);
  const device = execFileSync('losetup', ['--show', '--find', ...(readOnly ? ['--read-only'] : []), file], {
    encoding: 'utf8',
  }).trim();
  loops.push(device);
  return { device, file };
}

function flash(...args: string[]) {
  return flashWith(process.env, ...args);
}

function flashWith(env: NodeJS.ProcessEnv, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, 'flash', ...args], { encoding: 'utf8', cwd: folder, env });
  return { status, said: stdout + stderr };
}

async function makeImage(): Promise<void> {
  const esp = join(folder, 'esp');
  writeFileSync(esp, '');
  truncateSync(esp, 64 * MIB);
  execFileSync('mkfs.vfat', ['-F', '32', esp], { stdio: 'ignore' });
  execFileSync('mmd', ['-i', esp, '::classpad']);
  const slot = join(folder, 'slot');
  writeFileSync(slot, Buffer.alloc(5 * MIB, 'slot'));
  await makeDisk(
    image,
    [
      { name: 'esp', mib: 64, image: esp },
      { name: 'slot-A', mib: 8, image: slot },
      { name: 'slot-B', mib: 8 },
      { name: 'data', mib: 4 },
    ],
    'x',
  );
}

if (isReady) {
  await makeImage();
  const genesis = { chainId: 4401, timestamp: 1, gasLimit: 60_000_000, baseFee: 0, sequencer: `0x${'11'.repeat(20)}`, alloc: {} };
  writeFileSync(
    join(folder, 'node.yaml'),
    JSON.stringify({
      name: 'pad-1',
      data: 'data',
      genesis,
      fleet: `0x${'22'.repeat(20)}`,
      peers: { secret: 'a secret of some length' },
    }),
  );
  writeFileSync(join(folder, 'key.pub'), 'ssh-ed25519 AAAA somebody\n');
  writeFileSync(join(folder, 'token'), `0x${'33'.repeat(32)}\n`);

  test('an image is written, verified, and carries its enrolment', () => {
    const { device, file } = loop(128);
    const enrolled = [
      '--name',
      'pad-7',
      '--from',
      'node.yaml',
      '--peer',
      'ws://10.0.0.2:4401',
      '--token',
      'token',
      '--address',
      '10.0.0.7/24',
      '--gateway',
      '10.0.0.1',
    ];
    const { status, said } = flash(image, device, '--yes', ...enrolled);
    assert.is(status, 0, said);
    assert.match(said, /written and verified/);
    assert.not(said.includes('33'.repeat(32)), 'the token is printed nowhere');
    execFileSync('sync');
    const written = readFileSync(file);
    const [esp, slot] = readTable(written.subarray(0, TABLE_BYTES));
    assert.ok(written.subarray(slot!.at, slot!.at + 5 * MIB).equals(Buffer.alloc(5 * MIB, 'slot')));
    const files = readFiles(Buffer.from(written.subarray(esp!.at, esp!.at + esp!.bytes)), 'classpad');
    const enrolment = JSON.parse(Buffer.from(files.get('enrolment.json')!).toString());
    assert.equal(
      [enrolment.name, enrolment.token, enrolment.peers.secret, enrolment.genesis.chainId],
      ['pad-7', `0x${'33'.repeat(32)}`, 'a secret of some length', 4401],
    );
    assert.match(Buffer.from(files.get('wired.network')!).toString(), /Address=10\.0\.0\.7\/24\nGateway=10\.0\.0\.1/);
    const again = flash(image, device, '--yes', '--resume', ...enrolled);
    assert.is(again.status, 0, again.said);
    assert.match(again.said, /were there already/);
  });

  test('--dry-run does nothing', () => {
    const { device, file } = loop(128);
    assert.match(flash(image, device, '--dry-run').said, /would be overwritten; nothing was done/);
    assert.ok(readFileSync(file).every((byte) => byte === 0));
  });

  test('a script that does not say --yes is refused', () => {
    const { status, said } = flash(image, loop(128).device);
    assert.is(status, 2);
    assert.match(said, /a script says --yes/);
  });

  const refusals: [name: string, disk: () => string, sentence: RegExp][] = [
    ['too small', () => loop(20).device, /and the image needs/],
    ['read-only', () => loop(128, true).device, /cannot be written to/],
    ['mounted', () => mounted(), /in use at/],
    ['mounted where the system lives', () => mountedBelowVar(), /holds this machine's own system \(\/var\//],
    ['a part of one', () => part(), /is a part of a disk; name the whole disk/],
    ['not there', () => '/dev/nothing', /there is no disk \/dev\/nothing; see which there are/],
  ];
  for (const [name, disk, sentence] of refusals) {
    test(`refused: a disk that is ${name}`, () => {
      const { status, said } = flash(image, disk(), '--yes');
      assert.is(status, 2, said);
      assert.match(said, sentence);
    });
  }

  for (const path of [process.env['PATH'], '/usr/bin:/bin']) {
    test(`a byte that the medium changes after it was written is found, with its place, with the programs of ${path}`, () => {
      const { device, file } = loop(128);
      const place = 70 * MIB + 123;
      // A bad medium: whatever is written there, it holds something else a moment later.
      const harm = `const { openSync, writeSync } = require('node:fs'); const file = openSync(${JSON.stringify(file)}, 'r+');
        setInterval(() => writeSync(file, Buffer.from([0xee]), 0, 1, ${place}), 1)`;
      const medium = spawn(process.execPath, ['-e', harm], { stdio: 'ignore' });
      const { status, said } = flashWith({ ...process.env, PATH: path }, image, device, '--yes');
      medium.kill('SIGKILL');
      assert.is(status, 1, said);
      assert.match(said, new RegExp(`read back at byte ${place} is not what was written`));
    });
  }

  test('a disk by a name that leads to it', () => {
    const { device } = loop(128);
    const link = join(folder, 'by-id');
    symlinkSync(device, link);
    assert.match(flash(image, link, '--dry-run').said, new RegExp(`${device} would be overwritten`));
  });

  test('a disk that another one takes the place of while the user is asked is left alone', async () => {
    const { device } = loop(128);
    const child = spawn('script', ['-qec', [process.execPath, CLI, 'flash', image, device].join(' '), '/dev/null']);
    let said = '';
    child.stdout.on('data', (text: Buffer) => {
      said += text.toString();
    });
    while (!said.includes('to go on')) await new Promise((resolve) => setTimeout(resolve, 50));
    execFileSync('losetup', ['--detach', device]);
    const other = join(folder, 'other');
    writeFileSync(other, '');
    truncateSync(other, 130 * MIB);
    execFileSync('losetup', [device, other]);
    child.stdin.end(`${device.replace('/dev/', '')}\n`);
    await once(child, 'close');
    assert.match(said, /is another disk than a moment ago; nothing was written/);
    assert.ok(readFileSync(other).every((byte) => byte === 0));
  });

  test('an image whose table leads out of it', () => {
    const bent = join(folder, 'bent.img');
    const bytes = readFileSync(image);
    // Where the first partition ends, in sectors (UEFI 2.10, 5.3.3).
    bytes.writeBigUInt64LE(2n ** 40n, 2 * 512 + 40);
    writeFileSync(bent, bytes);
    const { status, said } = flash(bent, loop(128).device, '--yes', '--ssh-key', 'key.pub');
    assert.is(status, 2, said);
    assert.match(said, /its table leads out of it/);
  });

  for (const [typed, code, sentence] of [
    ['sdz', 1, /"sdz" is not loop\d+; nothing was written/],
    [undefined, 0, /written and verified/],
  ] as const) {
    test(`at a terminal the user types the disk's name: ${typed ? 'another one' : 'the right one'}`, () => {
      const { device, file } = loop(128);
      const command = [process.execPath, CLI, 'flash', image, device].join(' ');
      const input = `${typed ?? device.replace('/dev/', '')}\n`;
      const { status, stdout } = spawnSync('script', ['-qec', command, '/dev/null'], { encoding: 'utf8', input });
      assert.is(status, code, stdout);
      assert.match(stdout, sentence);
      assert.is(
        readFileSync(file).every((byte) => byte === 0),
        typed !== undefined,
      );
    });
  }

  const inputs: [name: string, args: string[], sentence: RegExp][] = [
    ['no image', ['nothing.img', '/dev/loop0'], /does not exist; make one/],
    ['not an image', ['node.yaml', '/dev/loop0'], /too short for an image/],
    [
      'a token on the command line',
      [image, 'X', '--from', 'node.yaml', '--name', 'a', '--token', '33'.repeat(32)],
      /wants a file, not the token/,
    ],
    ['a token without a ledger', [image, 'X', '--token', 'token'], /goes with --from/],
    ['a wrong address', [image, 'X', '--address', '10.0.0.300/24'], /no address such as/],
    ['a private key for SSH', [image, 'X', '--ssh-key', 'token'], /no public key/],
  ];
  for (const [name, args, sentence] of inputs) {
    test(`refused: ${name}`, () => {
      const given = args.map((arg) => (arg === 'X' ? loops[0]! : arg));
      const { status, said } = flash(...given, '--yes');
      assert.is(status, 2, said);
      assert.match(said, sentence);
    });
  }

  test('disks are listed with size and model', () => assert.is(flash().status, 0));
}

const places: string[] = [];

function mounted(place = join(folder, 'mounted')): string {
  const { device } = loop(128);
  execFileSync('mkfs.ext4', ['-q', device]);
  mkdirSync(place, { recursive: true });
  places.push(place);
  execFileSync('mount', [device, place]);
  return device;
}

const mountedBelowVar = () => mounted(mkdtempSync('/var/tmp/classpad-flash-'));

/** The first partition of a disk that holds the image. */
function part(): string {
  const { device } = loop(128);
  assert.is(flash(image, device, '--yes').status, 0);
  execFileSync('partx', ['--add', device]);
  partitioned.push(device);
  return `${device}p1`;
}
const partitioned: string[] = [];

test.after(() => {
  for (const place of places) spawnSync('umount', [place]);
  for (const place of places.filter((each) => each.startsWith('/var/tmp/'))) rmSync(place, { recursive: true, force: true });
  for (const device of partitioned) spawnSync('partx', ['--delete', device]);
  for (const device of loops) spawnSync('losetup', ['--detach', device]);
  rmSync(folder, { recursive: true, force: true });
});
test.run();
