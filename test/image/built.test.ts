/** What lies in the images that have been built, by the usual tools; of any board, without starting it. */
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readTable, TABLE_BYTES } from '../../cli/flash/gpt.ts';
import { version } from '../../cli/root.ts';
import { boardNames, readBoard } from '../../image/board.ts';
import { need, root } from '../support/need.ts';

const BOARDS = join(root, 'image/boards');
const MIB = 1024 * 1024;
process.env['PATH'] = `${process.env['PATH']}:/usr/sbin:/sbin`;
const run = (program: string, ...args: string[]) =>
  execFileSync(program, args, {
    encoding: 'latin1',
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, MTOOLS_SKIP_CHECK: '1' },
  });

/** What processor GRUB says it is for, in the header of an EFI program (PE/COFF, Machine). */
const MACHINES: Readonly<Record<string, number>> = { amd64: 0x8664, arm64: 0xaa64, armhf: 0x01c2 };
/** What a root may take, packed for a release and for trying. */
const [MOST_MB, QUICK_MOST_MB] = [130, 142];
let looked = 0;

function machineOf(program: Buffer): number {
  return program.readUInt16LE(program.readUInt32LE(0x3c) + 4);
}

function tableOf(image: string) {
  const file = openSync(image, 'r');
  const bytes = Buffer.alloc(TABLE_BYTES);
  readSync(file, bytes, 0, bytes.length, 0);
  closeSync(file);
  return readTable(bytes);
}

for (const name of boardNames(BOARDS)) {
  const image = join(root, 'build/images', `classpad-${name}-${version}.img`);
  if (!existsSync(image)) {
    console.log(`skipped: what is in the image of ${name}: npm run image -- --board ${name}`);
    continue;
  }
  looked++;
  const board = readBoard(BOARDS, name);
  test(`${name}: four partitions, a loader for its processor, a configuration without blanks`, () => {
    const table = tableOf(image);
    assert.equal(
      table.map((part) => [part.name, part.bytes / MIB]),
      [
        ['esp', 64],
        ['slot-A', 256],
        ['slot-B', 256],
        ['data', 128],
      ],
    );
    const esp = `${image}@@${table[0]!.at}`;
    const loader = Buffer.from(run('mtype', '-i', esp, `::EFI/BOOT/${board.grub.file}`), 'latin1');
    assert.is(machineOf(loader), MACHINES[board.architecture]);
    const config = run('mtype', '-i', esp, '::grub/grub.cfg');
    assert.not.match(config, /@[A-Z]+@/);
    assert.ok(config.includes(`console=${board.console}`));
    assert.is(run('mtype', '-i', esp, '::grub/grubenv').length, 1024);
  });

  test(`${name}: slot A holds kernel, initrd and root`, () => {
    const { at } = tableOf(image)[1]!;
    const listed = run('debugfs', '-R', 'ls -p /', `${image}?offset=${at}`);
    for (const file of ['vmlinuz', 'initrd', 'root.squashfs']) assert.ok(listed.includes(`/${file}/`), listed);
    const about = JSON.parse(readFileSync(image.replace(/\.img$/, '.json'), 'utf8')) as {
      squashfsBytes: number;
      isQuick: boolean;
    };
    const mostMb = about.isQuick ? QUICK_MOST_MB : MOST_MB;
    assert.ok(about.squashfsBytes > 50e6 && about.squashfsBytes <= mostMb * 1e6, `${about.squashfsBytes} bytes`);
  });
}

// Images are built after the other suites have run, if at all.
const isAsked = process.env['CLASSPAD_QEMU'] === '1';
if (!isAsked) console.log('skipped: what lies in built images; npm run image:test looks');
if (isAsked && need('built images', looked > 0, 'npm run image -- --board qemu-x86_64')) test.run();
else console.log('  Total:     0\n  Passed:    0');
