import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Board } from '../board.ts';
import { type Monitor, openMonitor } from './qmp.ts';

export interface MachineOptions {
  readonly board: Board;
  /** A raw disk; what the machine writes stays in it. */
  readonly disk: string;
  /** For the firmware's variables and the monitor's socket. */
  readonly folder: string;
  readonly memoryMib: number;
  /** Ports of this machine that lead to ports of the guest, on the loopback. */
  readonly forward: Readonly<Record<number, number>>;
  readonly accelerator: 'auto' | 'kvm' | 'tcg';
  /** How far the board's hardware clock is behind this machine's. */
  readonly clockBehindSeconds?: number;
  /** What comes out of the serial console, as it comes. */
  readonly onSerial: (text: string) => void;
  readonly onRemark?: (sentence: string) => void;
}

/** A running virtual board. */
export interface Machine {
  readonly accelerator: 'kvm' | 'tcg';
  readonly pid: number;
  /** All that the serial console has said. */
  serial(): string;
  /** Resolves when QEMU has ended. */
  readonly ended: Promise<void>;
  /** Writes what the screen shows into a PPM file. */
  screenshot(path: string): Promise<void>;
  /** A key, as QEMU calls it: `ret`, `f1`. */
  press(key: string): Promise<void>;
  /** A touch at a place of the panel, from 0 to 1 in each direction. */
  touch(x: number, y: number): Promise<void>;
  /** Presses the power button and waits. Answers whether it ended by itself; what does not is switched off. */
  shutDown(withinMs?: number): Promise<boolean>;
  /** Pulls the plug. */
  kill(): Promise<void>;
}

/** A virtual machine that says nothing for so long has not started. */
const SILENCE_MS = 20_000;
const LAST_WORDS_MS = 2_000;
const SHUTDOWN_MS = 180_000;
const INPUT_MOST = 32_767;
const PID_FILE = 'qemu.pid';

/** Starts a board. With `auto`, hardware acceleration serves where it really starts the machine, and software elsewhere. */
export async function startMachine(options: MachineOptions): Promise<Machine> {
  const { board, accelerator, onRemark } = options;
  if (board.qemu === undefined) throw new Error(`QEMU is no ${board.name}; its boards are qemu-x86_64 and qemu-arm64`);
  const missing = board.qemu.firmware.find((path) => !existsSync(path));
  if (missing !== undefined) throw new Error(`${missing} is missing; run: apt-get install ovmf qemu-efi-aarch64`);
  mkdirSync(options.folder, { recursive: true });
  if (accelerator === 'tcg' || (accelerator === 'auto' && (!isKvmHere(board) || kvmFails.isKnown())))
    return launch(options, 'tcg');
  const tried = await launch(options, 'kvm').catch(() => undefined);
  if (tried && (await speaks(tried))) return tried;
  await tried?.kill();
  if (accelerator === 'kvm')
    throw new Error(`the machine says nothing under KVM within ${SILENCE_MS / 1000} s; leave --accel out`);
  onRemark?.('hardware acceleration does not start it; going on in software');
  kvmFails.remember();
  return launch(options, 'tcg');
}

function isKvmHere({ architecture }: Board): boolean {
  const fits = (architecture === 'amd64' && process.arch === 'x64') || (architecture === 'arm64' && process.arch === 'arm64');
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    return fits;
  } catch {
    return false;
  }
}

/** That this machine's KVM starts no kernel: found out once, and good until the machine itself is started anew. */
const kvmFails = {
  path: join(tmpdir(), `classpad-kvm-fails-${process.getuid?.() ?? 'user'}`),
  bootId: () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'),
  isKnown(): boolean {
    try {
      return readFileSync(this.path, 'utf8') === this.bootId();
    } catch {
      return false;
    }
  },
  remember(): void {
    try {
      writeFileSync(this.path, this.bootId(), { mode: 0o600 });
    } catch {
      // Then the next start finds out by itself.
    }
  },
};

/** UEFI speaks at once; what counts is the kernel's or the boot loader's word. */
async function speaks(machine: Machine): Promise<boolean> {
  const endMs = Date.now() + SILENCE_MS;
  let isOver = false;
  void machine.ended.then(() => {
    isOver = true;
  });
  while (Date.now() < endMs && !isOver) {
    if (machine.serial().includes('classpad: slot')) return true;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return false;
}

async function launch(options: MachineOptions, accelerator: 'kvm' | 'tcg'): Promise<Machine> {
  const { board, folder, onSerial } = options;
  // Each attempt has a socket of its own: who still waits for the first must not take the place of the second.
  const socket = join(folder, `monitor-${accelerator}.sock`);
  rmSync(socket, { force: true });
  // In a group of its own: a terminal's Ctrl-C is for us, who press the power button; QEMU itself would pull the plug.
  const child = spawn(board.qemu!.program, argumentsOf(options, accelerator, socket), {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  killAtExit(child);
  let serial = '';
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    serial += chunk.toString('latin1');
    onSerial(chunk.toString('latin1'));
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2000);
  });
  const ended = new Promise<void>((resolve) => {
    child.on('close', () => resolve());
    child.on('error', () => resolve());
  });
  const failed = ended.then(() => {
    throw new Error(whyNot(board.qemu!.program, said.trim()));
  });
  failed.catch(() => {});
  const monitor = await Promise.race([openMonitor(socket), failed]).catch((error: unknown) => {
    // A QEMU that ends closes its monitor first; why it ended stands in what it said, a moment later.
    const patience = new Promise<never>((_, reject) => setTimeout(() => reject(error), LAST_WORDS_MS));
    return Promise.race([failed, patience]);
  });
  return { accelerator, pid: child.pid!, serial: () => serial, ended, ...controls(child, monitor, ended) };
}

const alive = new Set<ChildProcess>();

/** However this process ends, no machine is left behind; only SIGKILL leaves one, and {@link runningIn} finds it. */
function killAtExit(child: ChildProcess): void {
  if (alive.size === 0) process.once('exit', killAll);
  alive.add(child);
  child.once('close', () => {
    alive.delete(child);
    if (alive.size === 0) process.removeListener('exit', killAll);
  });
}

function killAll(): void {
  for (const child of alive) child.kill('SIGKILL');
}

/** What QEMU says when it cannot start, with a way out. */
const REASONS: readonly (readonly [pattern: RegExp, sentence: (match: RegExpExecArray) => string])[] = [
  [
    /Could not set up host forwarding rule 'tcp:[\d.]*:(\d+)-/,
    ([, port]) => `port ${port} of this machine is taken; choose others with --port and --rpc-port`,
  ],
  [
    /Failed to get "write" lock|PID file/i,
    () => 'the board is switched on already: its disk is in use; take another --name, or end the one that runs',
  ],
];

function whyNot(program: string, said: string): string {
  for (const [pattern, sentence] of REASONS) {
    const match = pattern.exec(said);
    if (match) return sentence(match);
  }
  return `${program} does not start: ${said || 'it is not installed; run: apt-get install qemu-system-x86 qemu-system-arm'}`;
}

/** The process that has the board of this folder switched on, if one has. */
export function runningIn(folder: string): number | undefined {
  const read = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined);
  const pid = Number(read(join(folder, PID_FILE)) ?? Number.NaN);
  if (!Number.isInteger(pid)) return undefined;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return undefined;
  }
  // The number of one that was killed may be another's by now.
  const command = read(`/proc/${pid}/cmdline`);
  return command === undefined || command.includes(folder) ? pid : undefined;
}

function controls(child: ChildProcess, monitor: Monitor, ended: Promise<void>) {
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  const input = (events: readonly object[]) => monitor.ask('input-send-event', { events });
  const button = (down: boolean) => ({ type: 'btn', data: { down, button: 'left' } });
  return {
    kill,
    screenshot: async (path: string) => void (await monitor.ask('screendump', { filename: path })),
    press: async (key: string) => void (await monitor.ask('send-key', { keys: [{ type: 'qcode', data: key }] })),
    touch: async (x: number, y: number) => {
      const axis = (name: string, value: number) => ({
        type: 'abs',
        data: { axis: name, value: Math.round(value * INPUT_MOST) },
      });
      await input([axis('x', x), axis('y', y), button(true)]);
      await input([button(false)]);
    },
    shutDown: async (withinMs = SHUTDOWN_MS) => {
      await monitor.ask('system_powerdown').catch(() => {});
      const timer = setTimeout(() => child.kill('SIGKILL'), withinMs);
      await ended;
      clearTimeout(timer);
      monitor.close();
      return child.signalCode === null;
    },
  };
}

function argumentsOf(options: MachineOptions, accelerator: 'kvm' | 'tcg', socket: string): string[] {
  const { board, disk, folder, memoryMib, forward } = options;
  const { machine, cpu, firmware, display } = board.qemu!;
  const variables = join(folder, 'uefi-variables.fd');
  if (!existsSync(variables)) copyFileSync(firmware[1], variables);
  const ports = Object.entries(forward).map(([here, there]) => `,hostfwd=tcp:127.0.0.1:${here}-:${there}`);
  const accel = accelerator === 'kvm' ? ['-accel', 'kvm', '-cpu', 'host'] : ['-accel', 'tcg,thread=multi', '-cpu', cpu];
  return [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-serial', 'stdio', '-rtc', `base=${clockOf(options)}`],
    ...machine,
    ...accel,
    ...['-smp', '2', '-m', String(memoryMib)],
    ...['-drive', `if=pflash,format=raw,readonly=on,file=${firmware[0]}`],
    ...['-drive', `if=pflash,format=raw,file=${variables}`],
    ...['-drive', `if=none,id=disk,format=raw,file=${disk},discard=unmap`, '-device', 'virtio-blk-pci,drive=disk,bootindex=0'],
    ...['-netdev', `user,id=net${ports.join('')}`, '-device', 'virtio-net-pci,netdev=net,romfile='],
    ...['-device', 'virtio-rng-pci', ...display],
    ...['-qmp', `unix:${socket},server=on,wait=off`, '-pidfile', join(folder, PID_FILE)],
  ];
}

function clockOf({ clockBehindSeconds = 0 }: MachineOptions): string {
  if (clockBehindSeconds === 0) return 'utc';
  return new Date(Date.now() - clockBehindSeconds * 1000).toISOString().slice(0, 19);
}
