import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Running } from '../../runtime/ports/updater.ts';
import { readJson, writeWhole } from './files.ts';
import type { Failure } from './slots.ts';

/** The system's image, by its own file `os.json`. */
export interface OsAbout {
  readonly board: string;
  readonly version: string;
  readonly touch?: { readonly mostX: number; readonly mostY: number };
}

type Bootname = 'A' | 'B';

/** What was put into a slot, and by which release. */
interface Installed {
  readonly version: string;
  readonly sha256: string;
  readonly revision: number;
}

interface OsState {
  readonly slots: { readonly [slot in Bootname]?: Installed };
  /** Installed and started into; what boots next shows whether it holds. */
  readonly pending?: Bootname;
  /** RAUC has not yet said that the pending one is whole: noted before it begins, for the power may go when it has ended. */
  readonly isBeingWritten?: true;
  readonly failures: readonly Failure[];
}

export interface Os {
  readonly about: OsAbout;
  running(): Running;
  failure(sha256: string): string | undefined;
  /** Checks and writes a RAUC bundle into the other slot, and makes that the next to boot. Throws RAUC's sentence; what may pass has a `syscall`. */
  install(path: string, from: Installed, onProgress: (sentence: string) => void): Promise<void>;
  /** The other slot is the next to boot. */
  goBack(reason: string): Promise<void>;
  /** This boot serves: the boot loader may stop counting. */
  confirm(): Promise<void>;
  fail(failure: Failure): void;
  reboot(): Promise<void>;
}

export interface OsOptions {
  readonly system: string;
  /** Folder of its state, on the data partition. */
  readonly folder: string;
  readonly cmdline?: string;
  readonly execute?: (program: string, args: readonly string[]) => Promise<string>;
}

const EMPTY: OsState = { slots: {}, failures: [] };
const INSTALL_TIMEOUT_MS = 30 * 60_000;

async function execute(program: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(program, [...args], { timeout: INSTALL_TIMEOUT_MS, maxBuffer: 4 * 1024 * 1024 });
    return stdout;
  } catch (error) {
    // RAUC tells the reason on its output, and on the other one only that there was one.
    const { stdout = '', stderr = '', message, killed } = error as Error & { stdout?: string; stderr?: string; killed?: boolean };
    const reason = killed ? `it did not end within ${INSTALL_TIMEOUT_MS / 60_000} minutes` : reasonIn(`${stdout}\n${stderr}`);
    const failure = new Error(reason ?? message.split('\n')[0]);
    const isVerdict = program === 'rauc' && !killed && !isPassing(failure.message);
    throw isVerdict ? failure : Object.assign(failure, { syscall: program });
  }
}

/** Whether RAUC was hindered (its service did not start or answer in time), and has said nothing of the bundle. */
export function isPassing(reason: string): boolean {
  return /creating proxy|D-?Bus|org\.freedesktop|timeout was reached|ENOENT|ENOMEM|EAGAIN|no space left/i.test(reason);
}

/** RAUC's own reason among what it prints. */
export function reasonIn(text: string): string | undefined {
  const lines = text.split('\n').map((line) => line.trim());
  const told =
    lines.find((line) => line.startsWith('LastError:')) ?? lines.findLast((line) => /fail|error|mismatch|invalid/i.test(line));
  return told?.replace(/^(LastError: |\(rauc:\d+\): |rauc-\w+: )+/, '').slice(0, 240);
}

/** The system in the slots of this device. Which slot has booted the kernel's command line says. */
export async function openOs(options: OsOptions): Promise<Os> {
  const about = readJson(join(options.system, 'os.json')) as OsAbout;
  const cmdline = options.cmdline ?? readFileSync('/proc/cmdline', 'utf8');
  const booted: Bootname = /\bclasspad\.slot=B\b/.test(cmdline) ? 'B' : 'A';
  const other: Bootname = booted === 'A' ? 'B' : 'A';
  const run = options.execute ?? execute;
  const backend = join(options.system, 'bootloader');
  const nextToBoot = async () => (await run(backend, ['get-primary'])).trim();
  const path = join(options.folder, 'os-state.json');
  const found = { ...EMPTY, ...(readJson(path) as Partial<OsState> | undefined) };
  // What cannot be asked has not ended: it is tried again.
  const hasEnded = !found.isBeingWritten || (await nextToBoot().catch(() => '')) === found.pending;
  let state = settle(found, hasEnded, booted, about);
  let isGood = false;
  const save = (next: OsState) => {
    writeWhole(path, `${JSON.stringify(next)}\n`);
    state = next;
  };
  save(state);

  async function install(bundle: string, from: Installed): Promise<void> {
    // So that the boot loader's own list tells afterwards whether RAUC has ended.
    if ((await nextToBoot()) === other) {
      await run(backend, ['set-primary', booted]);
      if (isGood) await run(backend, ['set-state', booted, 'good']);
    }
    save({ ...state, slots: { ...state.slots, [other]: from }, pending: other, isBeingWritten: true });
    try {
      await run('rauc', ['install', bundle]);
    } catch (error) {
      save(without(state, other));
      throw error;
    }
    const { isBeingWritten: _ended, ...written } = state;
    save(written);
  }

  const os: Os = {
    about,
    running() {
      const installed = state.slots[booted];
      const isOurs = installed?.version === about.version;
      return {
        version: about.version,
        sha256: isOurs ? installed.sha256 : undefined,
        revision: isOurs ? installed.revision : 0,
        isGood,
      };
    },
    failure: (sha256) => state.failures.find((one) => one.sha256 === sha256)?.reason,
    async install(bundle, from, onProgress) {
      const said = versionIn(await run('rauc', ['info', '--output-format=json', bundle]));
      if (said !== from.version) throw new Error(`it calls itself ${said ?? 'nothing'}, and the ledger ${from.version}`);
      onProgress(`writing system ${from.version} into slot ${other}`);
      await install(bundle, from);
    },
    async goBack(reason) {
      const { sha256 } = os.running();
      if (sha256 !== undefined) os.fail({ sha256, version: about.version, reason });
      await run(backend, ['set-primary', other]);
      await run(backend, ['set-state', other, 'good']);
    },
    async confirm() {
      if (isGood) return;
      await run(backend, ['set-state', booted, 'good']);
      // Another that is being written is not settled by this one.
      if (state.pending === booted) save(settled(state));
      isGood = true;
    },
    fail: (failure) => save(withFailure(state, failure)),
    reboot: async () => void (await run('systemctl', ['reboot'])),
  };
  return os;
}

/** What RAUC, having checked its signature, says a bundle is. */
function versionIn(info: string): string | undefined {
  try {
    const { version } = JSON.parse(info) as { readonly version?: unknown };
    return typeof version === 'string' ? version : undefined;
  } catch {
    return undefined;
  }
}

/**
 * After a boot: a slot that was to boot and did not, or holds another system than was said, has failed, and the device says so.
 * One that was still being written when the power went has not: what is in it is forgotten.
 */
function settle(state: OsState, hasEnded: boolean, booted: Bootname, { version }: OsAbout): OsState {
  const { pending } = state;
  const installed = pending && state.slots[pending];
  if (!installed || (pending === booted && installed.version === version)) return state;
  if (pending !== booted && !hasEnded) return without(state, pending);
  const reason =
    pending === booted
      ? `system ${installed.version} calls itself ${version} once it runs`
      : `system ${installed.version} in slot ${pending} did not come up; ${version} in slot ${booted} runs again`;
  return withFailure(settled(state), { sha256: installed.sha256, version: installed.version, reason });
}

function settled({ pending: _settled, isBeingWritten: _ended, ...rest }: OsState): OsState {
  return rest;
}

/** Nothing is pending, and nobody knows what is in the slot. */
function without(state: OsState, slot: Bootname): OsState {
  const { [slot]: _gone, ...slots } = state.slots as Record<Bootname, Installed>;
  return { ...settled(state), slots };
}

function withFailure(state: OsState, failure: Failure): OsState {
  const others = state.failures.filter(({ sha256 }) => sha256 !== failure.sha256);
  return { ...state, failures: [...others, failure].slice(-8) };
}
