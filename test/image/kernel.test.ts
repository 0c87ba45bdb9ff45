import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { spareKernel } from '../../image/kernel.ts';

const [INIT_SIZE_AT, PE_AT] = [0x260, 0x80];

/** The two headers of a kernel, and nothing else. */
function header(asked: number, taken: number, magic = 'HdrS'): Buffer {
  const bytes = Buffer.alloc(1024, 0xaa);
  bytes.write('MZ', 0, 'latin1');
  bytes.writeUInt32LE(PE_AT, 0x3c);
  bytes.write(magic, 0x202, 'latin1');
  bytes.writeUInt32LE(asked, INIT_SIZE_AT);
  bytes.writeUInt32LE(taken, PE_AT + 24 + 56);
  return bytes;
}

const MIB = 1024 * 1024;
const rows: [name: string, kernel: Buffer, asks: number][] = [
  ['one that unpacks elsewhere asks for itself alone', header(64 * MIB, 8 * MIB), 8 * MIB],
  ['one that unpacks in place counts the room to itself', header(64 * MIB, 64 * MIB), 64 * MIB],
  ['one that takes more than it asks for', header(8 * MIB, 9 * MIB), 8 * MIB],
  ['what is no bzImage', header(64 * MIB, 8 * MIB, '\0\0\0\0'), 64 * MIB],
  ['a file of a few bytes', Buffer.from('MZ'), 0],
];

for (const [name, kernel, asks] of rows) {
  test(name, () => {
    const before = Buffer.from(kernel);
    const spared = spareKernel(kernel);
    assert.ok(kernel.equals(before), 'what was given stays as it was');
    if (kernel.length < 1024) return assert.ok(spared.equals(before));
    assert.is(spared.readUInt32LE(INIT_SIZE_AT), asks);
    spared.writeUInt32LE(before.readUInt32LE(INIT_SIZE_AT), INIT_SIZE_AT);
    assert.ok(spared.equals(before), 'nothing else changes');
  });
}

test.run();
