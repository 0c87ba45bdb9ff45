import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { putFiles, readFiles } from '../../cli/flash/fat.ts';
import { readTable, TABLE_BYTES } from '../../cli/flash/gpt.ts';
import { boardNames, readBoard } from '../../image/board.ts';
import { makeDisk } from '../../image/disk.ts';
import { blankSymbols } from '../../image/elf.ts';
import { environmentBlock } from '../../image/esp.ts';
import { chosen, readDependencies } from '../../image/modules.ts';
import { packageList } from '../../image/root.ts';
import { makeExt4, uuidOf } from '../../image/slot.ts';
import { debianSources, linesOf, mirrorTrouble, suitesOf } from '../../image/sources.ts';
import { MEMORY_COMMAND, readMemory } from '../support/memory.ts';
import { need, root } from '../support/need.ts';

const folder = mkdtempSync(join(tmpdir(), 'classpad-image-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));
const PATH = `${process.env['PATH']}:/usr/sbin:/sbin`.split(':');
process.env['PATH'] = PATH.join(':');
const hasAll = (...programs: string[]) => programs.every((program) => PATH.some((place) => existsSync(join(place, program))));
const BOARDS = join(root, 'image/boards');

for (const name of boardNames(BOARDS)) {
  test(`board ${name}: its patterns are expressions, its Node is pinned`, () => {
    const board = readBoard(BOARDS, name);
    for (const pattern of board.modules) assert.ok(new RegExp(pattern));
    assert.match(board.node.integrity, /^sha512-[A-Za-z0-9+/]{86}==$/);
    assert.match(board.node.package, /^node-linux-\w+@\d+\.\d+\.\d+$/);
    assert.is(board.isTested, board.qemu !== undefined);
  });
}

test('an unknown board is said with all names', () => {
  assert.throws(() => readBoard(BOARDS, '../x'), /there are generic-arm64, generic-armhf, qemu-arm64, qemu-x86_64/);
});

test("sources are Debian's own, as apt has them", () => {
  const printed = [
    'Debian|bookworm|http://one/debian/|main',
    'Debian|bookworm-security|http://one/debian-security/|main',
    'Debian|bookworm|http://one/debian/|contrib',
    'Vendor|bookworm|http://vendor/|main',
    'Debian|trixie|http://one/debian/|main',
    'Debian|bookworm|http://one/debian/|main',
  ].join('\n');
  const lines = ['deb http://one/debian-security/ bookworm-security main', 'deb http://one/debian/ bookworm main'];
  assert.equal(linesOf(printed, 'bookworm'), lines);
});

test('a mirror serves for the archive, not for its security, which only a flag leaves out', async () => {
  const suites = async (isWithoutSecurity: boolean) =>
    suitesOf(await debianSources({ mirror: 'http://mirror/debian', isWithoutSecurity }));
  assert.equal(await suites(false), ['bookworm main', 'bookworm-updates main', 'bookworm-security main']);
  assert.equal(await suites(true), ['bookworm main', 'bookworm-updates main']);
});

const lists = 'http://one/debian-security/dists/bookworm-security/main/binary-armhf/Packages.xz';
for (const [what, said, told] of [
  [
    'a list of another size',
    `E: Failed to fetch ${lists}  File has unexpected size (334084 != 351124). Mirror sync in progress?\nE: Some index files failed`,
    /binary-armhf\/Packages\.xz is not the list .* --mirror URL, or .* --without-security/,
  ],
  ['a list of another hash', 'E: Failed to fetch http://one/debian/dists/bookworm/main/x.xz  Hash Sum mismatch', /--mirror URL$/],
  ['anything else', 'E: Unable to locate package x', undefined],
] as const) {
  test(`what apt says of a broken mirror: ${what}`, () => {
    if (told === undefined) assert.is(mirrorTrouble(said), undefined);
    else assert.match(mirrorTrouble(said)!, told);
  });
}

test('a module stays with all it needs', () => {
  const text = 'kernel/a.ko: kernel/b.ko kernel/c.ko\nkernel/b.ko: kernel/c.ko\nkernel/c.ko:\nkernel/d.ko:\n';
  const keep = chosen(readDependencies(text), ['kernel/a']);
  assert.equal([...keep].sort(), ['kernel/a.ko', 'kernel/b.ko', 'kernel/c.ko']);
});

test('packages are those that are installed', () => {
  const status =
    'Package: b\nStatus: install ok installed\nVersion: 2\n\nPackage: a\nStatus: install ok installed\nVersion: 1\n\nPackage: c\nStatus: deinstall ok config-files\nVersion: 3\n';
  assert.equal(packageList(status), ['a 1', 'b 2']);
});

test('identifiers follow from a text', () => {
  assert.is(uuidOf('x'), uuidOf('x'));
  assert.is.not(uuidOf('x'), uuidOf('y'));
  assert.match(uuidOf('x'), /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
});

/** A FAT32 as mkfs.vfat makes it, with the folder that images have. */
function bootPartition(): Buffer {
  const path = join(folder, 'esp.fat');
  rmSync(path, { force: true });
  writeFileSync(path, '');
  truncateSync(path, 64 * 1024 * 1024);
  execFileSync('mkfs.vfat', ['-F', '32', path], { stdio: 'ignore' });
  execFileSync('mmd', ['-i', path, '::classpad']);
  return readFileSync(path);
}

if (need('FAT32 by the usual tools', hasAll('mkfs.vfat', 'fsck.vfat', 'mmd', 'mtype'), 'apt-get install dosfstools mtools')) {
  test('files put into a FAT32 are read by the usual tools', () => {
    const bytes = bootPartition();
    const files = new Map([
      ['enrolment.json', Buffer.from(JSON.stringify({ name: 'pad-7', long: 'x'.repeat(10_000) }))],
      ['authorized_keys', Buffer.from('ssh-ed25519 AAAA')],
      ['empty', Buffer.alloc(0)],
    ]);
    putFiles(bytes, 'classpad', files);
    putFiles(bytes, 'classpad', new Map([['enrolment.json', Buffer.from('replaced')]]));
    for (let number = 0; number < 40; number++)
      putFiles(bytes, 'classpad', new Map([[`another file number ${number}.txt`, Buffer.from(`${number}`)]]));
    const path = join(folder, 'written.fat');
    writeFileSync(path, bytes);
    const read = (name: string) => execFileSync('mtype', ['-i', path, `::classpad/${name}`], { encoding: 'utf8' });
    assert.equal(
      [read('enrolment.json'), read('authorized_keys'), read('empty'), read('another file number 39.txt')],
      ['replaced', 'ssh-ed25519 AAAA', '', '39'],
    );
    execFileSync('fsck.vfat', ['-n', path], { stdio: 'ignore' });
    assert.is(Buffer.from(readFiles(bytes, 'classpad').get('enrolment.json')!).toString(), 'replaced');
  });

  test('what is no FAT32, or has no such folder, is said', () => {
    assert.throws(() => putFiles(Buffer.alloc(100_000), 'classpad', new Map()), /no FAT32/);
    assert.throws(() => putFiles(bootPartition(), 'other', new Map()), /no folder other/);
  });
}

if (need('disks and file systems', hasAll('sfdisk', 'mkfs.ext4'), 'apt-get install fdisk e2fsprogs')) {
  test('a disk and its file systems are the same twice, and the table is read back', async () => {
    const content = join(folder, 'content');
    mkdirSync(content, { recursive: true });
    writeFileSync(join(content, 'root.squashfs'), Buffer.alloc(300_000, 5));
    const hashes: string[] = [];
    for (const time of [1, 2]) {
      // In another second, from other copies of the files.
      await new Promise((resolve) => setTimeout(resolve, 1100));
      writeFileSync(join(content, 'root.squashfs'), Buffer.alloc(300_000, 5));
      utimesSync(join(content, 'root.squashfs'), 1_767_225_600, 1_767_225_600);
      utimesSync(content, 1_767_225_600, 1_767_225_600);
      const [slot, disk] = [join(folder, `slot-${time}`), join(folder, `disk-${time}`)];
      await makeExt4({ path: slot, bytes: 8 * 1024 * 1024, label: 'slot', seed: 's', epoch: 1_767_225_600, content });
      const rows = [
        { name: 'esp', mib: 2 },
        { name: 'slot-A', mib: 8, image: slot },
        { name: 'slot-B', mib: 8 },
        { name: 'data', mib: 4 },
      ] as const;
      await makeDisk(disk, rows, 'seed');
      hashes.push(execFileSync('sha256sum', [disk], { encoding: 'utf8' }).split(' ')[0]!);
    }
    assert.is(hashes[0], hashes[1]);
    const table = readTable(readFileSync(join(folder, 'disk-1')).subarray(0, TABLE_BYTES));
    assert.equal(
      table.map(({ name, bytes }) => [name, bytes / 1024 / 1024]),
      [
        ['esp', 2],
        ['slot-A', 8],
        ['slot-B', 8],
        ['data', 4],
      ],
    );
    assert.throws(() => readTable(Buffer.alloc(TABLE_BYTES)), /no partition table/);
  });
}

/** The boot loader's backend on an environment block, as RAUC calls it. */
function backend(block: string) {
  const path = join(folder, 'grubenv');
  writeFileSync(path, block);
  const call = (...args: string[]) =>
    execFileSync('sh', [join(root, 'image/files/usr/lib/classpad/bootloader'), ...args], {
      env: { ...process.env, CLASSPAD_GRUBENV: path },
      encoding: 'utf8',
    }).trim();
  return { call, block: () => readFileSync(path, 'latin1') };
}

test('the boot loader: a new system comes first and may try twice; what serves may always', () => {
  const { call, block } = backend(environmentBlock({ ORDER: 'A B', A_LEFT: '3', B_LEFT: '0' }));
  assert.equal([call('get-primary'), call('get-state', 'A'), call('get-state', 'B')], ['A', 'good', 'bad']);
  call('set-state', 'B', 'bad');
  call('set-primary', 'B');
  assert.match(block(), /ORDER=B A\nA_LEFT=3\nB_LEFT=2\n#+$/);
  assert.is(call('get-primary'), 'B');
  call('set-state', 'B', 'good');
  assert.match(block(), /B_LEFT=3\n/);
  call('set-state', 'A', 'bad');
  assert.equal([call('get-state', 'A'), block().length], ['bad', 1024]);
});

for (const [name, block] of [
  ['empty', ''],
  ['torn', '# GRUB Environ'],
  ['foreign lines', 'x=$(reboot)\nORDER=B A\nB_LEFT=1\n'],
] as const) {
  test(`the boot loader's block is ${name}: all slots count as good, and it is written anew`, () => {
    const device = backend(block);
    const { call } = device;
    assert.is(call('get-state', 'A'), 'good');
    call('set-state', 'A', 'good');
    assert.is(device.block().slice(0, 24), '# GRUB Environment Block');
    assert.is(statSync(join(folder, 'grubenv')).size >= 1024, true);
  });
}

test('nobody else is a slot', () => {
  const { call } = backend(environmentBlock({ ORDER: 'A B', A_LEFT: '3', B_LEFT: '3' }));
  for (const args of [['set-primary', 'C'], ['set-state', 'X', 'good'], ['destroy']]) assert.throws(() => call(...args));
});

const isElf = readFileSync(process.execPath).subarray(0, 4).equals(Buffer.from('\x7fELF', 'latin1'));
if (need('a program without symbols', isElf, 'programs have another form here')) {
  test('a program without its symbols runs as before', () => {
    const program = readFileSync(process.execPath);
    const before = Buffer.from(program);
    const blanked = blankSymbols(program);
    assert.is(blankSymbols(program), blanked, 'the program still says where they were');
    assert.is(program.length, before.length);
    const path = join(folder, 'node');
    writeFileSync(path, program, { mode: 0o755 });
    assert.is(execFileSync(path, ['--version'], { encoding: 'utf8' }).trim(), process.version);
  });
}

test('what is no program stays as it is', () => {
  for (const text of ['', '#!/bin/sh\n', `\x7fELF${'\xff'.repeat(8)}`]) {
    const bytes = Buffer.from(text, 'latin1');
    assert.is(blankSymbols(bytes), 0);
    assert.is(bytes.toString('latin1'), text);
  }
});

if (need('memory as the kernel tells it', existsSync('/proc/meminfo'), 'this is no Linux')) {
  test('memory as the kernel tells it', () => {
    const memory = readMemory(execFileSync('sh', ['-c', MEMORY_COMMAND], { encoding: 'utf8', maxBuffer: 1 << 24 }));
    assert.ok(memory.usedMib > 0 && memory.usedMib < memory.totalMib);
    const own = memory.processes.find(({ name }) => name === readFileSync('/proc/self/comm', 'utf8').trim());
    assert.ok(own && own.residentMib > 20 && own.residentMib < memory.totalMib);
    const sizes = memory.processes.map(({ residentMib }) => residentMib);
    assert.equal(
      sizes,
      sizes.toSorted((a, b) => b - a),
    );
  });
}

test.run();
