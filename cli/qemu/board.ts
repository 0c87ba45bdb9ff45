import { copyFileSync, existsSync, mkdirSync, rmSync, truncateSync } from 'node:fs';
import { basename, join } from 'node:path';
import { boardNames, readBoard } from '../../image/board.ts';
import { type Machine, runningIn, startMachine } from '../../image/qemu/machine.ts';
import { Exit, Failure } from '../command.ts';
import { bootPartition, openImage } from '../flash/image.ts';
import { openMedium } from '../flash/write.ts';

export interface BoardRun {
  /** The project's folder. */
  readonly root: string;
  readonly board: string;
  /** Absent: the one that "npm run image" made of this version. */
  readonly image?: string;
  readonly version: string;
  /** Where the virtual disk is kept, so that a second start goes on where the first ended. */
  readonly folder: string;
  readonly isFresh: boolean;
  /** What is put on the boot partition of a fresh disk. */
  readonly enrolment: ReadonlyMap<string, Uint8Array>;
  readonly memoryMib: number;
  /** Ports of this machine for JSON-RPC, apps and peers of the guest. */
  readonly ports: { readonly rpc: number; readonly proxy: number; readonly peers: number };
  /** Further ports of this machine that lead into the guest. */
  readonly forward?: Readonly<Record<number, number>>;
  readonly accelerator: 'auto' | 'kvm' | 'tcg';
  readonly clockBehindSeconds?: number;
  readonly onSerial: (text: string) => void;
  readonly onRemark: (sentence: string) => void;
}

const DISK_BYTES = 2 * 1024 * 1024 * 1024;
/** Where the guest listens (firmware-bridge/appliance/enrolment.ts). */
const GUEST = { rpc: 8545, proxy: 8080, peers: 4401 };

/** Starts a board's very image in QEMU. Throws {@link Failure}. */
export async function runBoard(run: BoardRun): Promise<Machine> {
  const { root, board, folder, memoryMib, ports, accelerator, onSerial, onRemark } = run;
  const boards = join(root, 'image/boards');
  if (!boardNames(boards).includes(board))
    throw new Failure(`there is no board "${board}"; there are ${boardNames(boards).join(', ')}`, Exit.badInput);
  const about = readBoard(boards, board);
  if (memoryMib < (about.qemu?.leastMemoryMib ?? 0))
    throw new Failure(
      `${board} starts with ${about.qemu!.leastMemoryMib} MB of memory or more, not with ${memoryMib}`,
      Exit.badInput,
    );
  const running = runningIn(folder);
  if (running !== undefined)
    throw new Failure(
      `${basename(folder)} is switched on already (process ${running}); end it where it runs, or take another --name`,
    );
  mkdirSync(folder, { recursive: true });
  const disk = join(folder, 'disk.img');
  if (run.isFresh) rmSync(disk, { force: true });
  if (!existsSync(disk)) makeDisk(run, disk);
  else if (run.enrolment.size > 0)
    onRemark(`${basename(folder)} goes on with its disk, enrolled as it is; --fresh begins a new one`);
  return startMachine({
    board: about,
    disk,
    folder,
    memoryMib,
    forward: { ...run.forward, [ports.rpc]: GUEST.rpc, [ports.proxy]: GUEST.proxy, [ports.peers]: GUEST.peers },
    accelerator,
    ...(run.clockBehindSeconds !== undefined && { clockBehindSeconds: run.clockBehindSeconds }),
    onSerial,
    onRemark,
  });
}

/** A disk as a card would be: larger than the image, with the enrolment on it. */
function makeDisk({ root, board, version, image, enrolment }: BoardRun, disk: string): void {
  const path = image ?? join(root, 'build/images', `classpad-${board}-${version}.img`);
  const opened = openImage(path);
  const patch = enrolment.size > 0 ? bootPartition(opened, enrolment) : undefined;
  opened.close();
  copyFileSync(path, disk);
  truncateSync(disk, DISK_BYTES);
  if (patch === undefined) return;
  const medium = openMedium(disk, 'write');
  medium.write(patch.bytes, patch.at);
  medium.flush();
  medium.close();
}
