import { join } from 'node:path';
import { Exit, Failure, type Input, type Io, type Option } from '../command.ts';
import { enrolmentFiles, enrolmentOptions } from '../flash/enrolment.ts';
import { root, version } from '../root.ts';
import { appName, inWords, wholeNumber } from '../values.ts';
import { runBoard } from './board.ts';

const PORTS_AFTER = 2;
const PORT_MOST = 65_535;

/** Of `classpad emulate`, those that go with `--qemu`. */
export const qemuOptions: Readonly<Record<string, Option>> = {
  qemu: { value: 'BOARD', help: "instead: boot a board's very image in QEMU, and show its serial console" },
  image: { value: 'FILE', help: 'with --qemu: another image than build/images/classpad-BOARD-VERSION.img' },
  memory: { value: 'MB', fallback: '512', help: 'with --qemu: memory of the board' },
  accel: {
    value: 'auto|kvm|tcg',
    fallback: 'auto',
    help: 'with --qemu: hardware acceleration where it really starts, or software',
  },
  fresh: { help: 'with --qemu: begin with a new disk; otherwise the last one goes on' },
  ...Object.fromEntries(
    Object.entries(enrolmentOptions).map(([name, option]) => {
      return [name, { ...option, help: `with --qemu: ${option.help.replace('with --address', 'beside --address')}` }];
    }),
  ),
};

/** Runs one board until it is told to end, or ends by itself. Answers the exit code. */
export async function emulateBoard(board: string, input: Input, io: Io, ending: AbortSignal): Promise<number> {
  const accelerator = input.text('accel');
  if (accelerator !== 'auto' && accelerator !== 'kvm' && accelerator !== 'tcg')
    throw new Failure(`--accel ${accelerator} is none of auto, kvm and tcg`, Exit.badInput);
  const rpc = wholeNumber(input.text('rpc-port')!, '--rpc-port', 1, PORT_MOST);
  const proxy = wholeNumber(input.text('port')!, '--port', 1, PORT_MOST - PORTS_AFTER);
  const ports = { rpc, proxy, peers: proxy + 1 };
  const image = input.text('image');
  const given = input.text('name');
  const name = given === undefined ? board : appName(given, '--name', 'a board');
  const machine = await runBoard({
    root,
    board,
    version,
    ...(image !== undefined && { image }),
    folder: join(root, 'build/qemu', name),
    isFresh: input.has('fresh'),
    // The host reaches a guest only from outside of it.
    enrolment: enrolmentFiles(input.text('from') === undefined ? nameless(input) : input, { rpc: '0.0.0.0:8545' }),
    memoryMib: wholeNumber(input.text('memory')!, '--memory', 192, 65_536),
    ports,
    accelerator,
    onSerial: (text) => io.serial?.(text),
    onRemark: (sentence) => io.err(sentence),
  });
  io.err(
    `${name}: ${board} in QEMU (${machine.accelerator}); apps on http://127.0.0.1:${proxy}, JSON-RPC on http://127.0.0.1:${rpc}`,
  );
  io.err(
    `the board reaches this machine as 10.0.2.2, others reach it by ws://127.0.0.1:${ports.peers}; Ctrl-C presses its power button`,
  );
  await Promise.race([
    machine.ended,
    new Promise<void>((resolve) => ending.addEventListener('abort', () => resolve(), { once: true })),
  ]);
  if (!ending.aborted) throw new Failure('QEMU has ended by itself');
  io.err(`${name}: shutting down; Ctrl-C once more pulls the plug`);
  const startedAtMs = Date.now();
  const isClean = await machine.shutDown();
  const took = inWords((Date.now() - startedAtMs) / 1000);
  if (!isClean)
    throw new Failure(`${name} did not shut down within ${took} and was switched off; its disk goes on as after a power cut`);
  io.err(`${name}: switched off after ${took}`);
  return Exit.ok;
}

/** Without a sister's configuration a board follows a ledger of its own, and its name is only what its disk is called. */
function nameless(input: Input): Input {
  return { ...input, text: (option) => (option === 'name' ? undefined : input.text(option)) };
}
