import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openAbciServer } from '../../../firmware-bridge/cometbft/abci-server.ts';
import { FrameReader, frameOf } from '../../../firmware-bridge/cometbft/frames.ts';
import { RequestSchema, ResponseSchema } from '../../../firmware-bridge/cometbft/gen/abci_pb.ts';
import type { Abci } from '../../../runtime/ports/index.ts';

const test = suite<{ folder: string }>('cometbft/abci-server');

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'cp-abci-'));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }));

const quiet = { write: () => {} };
type Asked = NonNullable<MessageInitShape<typeof RequestSchema>['value']>;

const application = {
  info: () => ({ height: 7, appHash: Uint8Array.of(1, 2) }),
  checkTransaction: (raw: Uint8Array) => ({ code: raw.length, gasUsed: 0n, log: 'n' }),
  finalizeBlock: () => {
    throw new Error('it cannot be');
  },
} as unknown as Abci;

/** Sends requests at once and answers what comes back, in order. */
async function talk(path: string, asked: readonly Asked[]): Promise<unknown[]> {
  const socket = connect(path);
  const reader = new FrameReader();
  const seen: unknown[] = [];
  const done = new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      for (const frame of reader.push(chunk)) seen.push(fromBinary(ResponseSchema, frame).value);
      if (seen.length === asked.length) resolve();
    });
    socket.on('close', () => resolve());
  });
  socket.write(Buffer.concat(asked.map((value) => frameOf(toBinary(RequestSchema, create(RequestSchema, { value }))))));
  await done;
  socket.destroy();
  return seen;
}

test('answers come in the order of the questions, flush included', async ({ folder }) => {
  const path = join(folder, 'abci.sock');
  const server = await openAbciServer({ path, abci: () => application, log: quiet });
  const asked: Asked[] = [
    { case: 'echo', value: { message: 'hello' } },
    { case: 'info', value: {} },
    ...[1, 2, 3].map((length): Asked => ({ case: 'checkTx', value: { tx: new Uint8Array(length) } })),
    { case: 'flush', value: {} },
  ];
  const seen = (await talk(path, asked)) as { case: string; value: Record<string, unknown> }[];
  assert.equal(
    seen.map((each) => each.case),
    ['echo', 'info', 'checkTx', 'checkTx', 'checkTx', 'flush'],
  );
  assert.is(seen[1]!.value['lastBlockHeight'], 7n);
  assert.equal(
    seen.slice(2, 5).map(({ value }) => value['code']),
    [1, 2, 3],
  );
  assert.is(statSync(path).mode & 0o077, 0, 'nobody else may connect');
  await server.close();
  assert.not(existsSync(path));
});

test('what the ledger cannot do is an exception, and what is no request closes the connection', async ({ folder }) => {
  const path = join(folder, 'abci.sock');
  const told: string[] = [];
  const log = { write: (level: string, text: string) => void told.push(`${level} ${text}`) };
  const server = await openAbciServer({ path, abci: () => application, log });
  const [answer] = (await talk(path, [{ case: 'finalizeBlock', value: {} }])) as { case: string; value: { error: string } }[];
  assert.equal([answer!.case, answer!.value.error], ['exception', 'it cannot be']);
  const socket: Socket = connect(path);
  const closed = new Promise((resolve) => socket.on('close', resolve));
  socket.on('error', () => {});
  socket.write(Buffer.from([3, 0xff, 0xff, 0xff]));
  await closed;
  assert.is(told.length, 2);
  await server.close();
});

test('a path that no socket can have is a sentence', async ({ folder }) => {
  const path = join(folder, 'x'.repeat(120));
  const failed = await openAbciServer({ path, abci: () => application, log: quiet }).then(
    () => '',
    (error: Error) => error.message,
  );
  assert.match(failed, /longer than 107 bytes/);
});

test('who asks little is answered before who asks much is through', async ({ folder }) => {
  const path = join(folder, 'abci.sock');
  const slow = {
    ...application,
    checkTransaction: (raw: Uint8Array) => {
      for (const endMs = performance.now() + 2; performance.now() < endMs; );
      return { code: raw.length, gasUsed: 0n, log: '' };
    },
  } as Abci;
  const server = await openAbciServer({ path, abci: () => slow, log: quiet });
  const order: string[] = [];
  const many = Array.from({ length: 200 }, (): Asked => ({ case: 'checkTx', value: { tx: new Uint8Array(3) } }));
  const much = talk(path, many).then((seen) => order.push(`much ${seen.length}`));
  await new Promise((resolve) => setTimeout(resolve, 20));
  const little = talk(path, [{ case: 'info', value: {} }]).then(() => order.push('little'));
  await Promise.all([much, little]);
  assert.equal(order, ['little', 'much 200']);
  await server.close();
});

test.run();
