import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FlashEnded, type Medium, writeImage } from '../../../cli/flash/write.ts';

const MIB = 1024 * 1024;
const image = Buffer.alloc(10 * MIB + 513, 1);
for (let at = 0; at < image.length; at += 997) image[at] = at % 251;
const source = {
  read: (buffer: Uint8Array, at: number) => image.copy(buffer, 0, at, Math.min(image.length, at + buffer.length)),
};

/** A disk in memory; `harm` sees each write before it is there. */
function memoryDisk(bytes: Buffer, harm: (piece: Buffer, at: number) => void = () => {}): Medium & { readonly writes: number[] } {
  const writes: number[] = [];
  return {
    writes,
    read: (buffer, at) => bytes.copy(buffer, 0, at, at + buffer.length),
    write: (buffer, at) => {
      const piece = Buffer.from(buffer);
      harm(piece, at);
      writes.push(at);
      piece.copy(bytes, at);
    },
    flush: () => {},
    close: () => {},
  };
}

const options = { image: source, bytes: image.length, isResumed: false, onProgress: () => {}, isEnding: () => false };

test('all of it is there afterwards, and the table came last', async () => {
  const bytes = Buffer.alloc(12 * MIB, 0xff);
  const disk = memoryDisk(bytes);
  const { sha256, skippedBytes } = await writeImage({ ...options, disk });
  assert.ok(bytes.subarray(0, image.length).equals(image));
  assert.is(sha256.length, 64);
  assert.equal([disk.writes.at(-1), skippedBytes], [0, 0]);
});

test('a write that is corrupted is found, with its place', async () => {
  const disk = memoryDisk(Buffer.alloc(12 * MIB), (piece, at) => {
    if (at === 8 * MIB) piece[77]! ^= 0x10;
  });
  try {
    await writeImage({ ...options, disk });
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, new RegExp(`byte ${8 * MIB + 77} is not what was written`));
  }
});

test('a corruption of any single bit is found', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(image.length - 1), fc.nat(7), async (place, bit) => {
      const bytes = Buffer.alloc(12 * MIB);
      const flush = () => {
        bytes[place]! ^= 1 << bit;
      };
      const disk = { ...memoryDisk(bytes), flush };
      const failure = await writeImage({ ...options, disk }).then(
        () => undefined,
        (error: Error) => error.message,
      );
      assert.match(failure ?? '', new RegExp(`byte ${place} `));
    }),
    { numRuns: 20 },
  );
});

test('what was broken off has no table, and goes on where it ended', async () => {
  const bytes = Buffer.alloc(12 * MIB, 0xff);
  let left = 2;
  const first = writeImage({ ...options, disk: memoryDisk(bytes), isEnding: () => left-- === 0 });
  assert.ok((await first.catch((error) => error)) instanceof FlashEnded);
  assert.ok(
    bytes.subarray(0, 4096).every((byte) => byte === 0),
    'no old table leads into a half-written image',
  );
  const { skippedBytes } = await writeImage({ ...options, disk: memoryDisk(bytes), isResumed: true });
  assert.is(skippedBytes, image.length - 4 * MIB);
  assert.ok(bytes.subarray(0, image.length).equals(image));
});

test('a patch is written and verified as a part of the image', async () => {
  const bytes = Buffer.alloc(12 * MIB);
  const patch = { at: 4 * MIB - 3, bytes: Buffer.from('enrolled') };
  await writeImage({ ...options, disk: memoryDisk(bytes), patch });
  assert.is(bytes.toString('latin1', patch.at, patch.at + 8), 'enrolled');
  assert.ok(bytes.subarray(patch.at + 8, image.length).equals(image.subarray(patch.at + 8)));
});

test('a disk that ends too early is said', async () => {
  const failure = await writeImage({ ...options, disk: memoryDisk(Buffer.alloc(6 * MIB)) }).catch(
    (error: Error) => error.message,
  );
  assert.match(String(failure), /ends after|not what was written/);
});

test.run();
