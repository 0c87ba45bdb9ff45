import { looksOf } from './boards/index.ts';
import { SPEED_LIMITS, type Speed } from './controls.ts';

/** What the user asked for; `cli` reads it from the command line. */
export interface EmulateOptions {
  /** 1 to 256. */
  readonly devices: number;
  /** Whether the user said so; else a scenario has as many as it says. */
  readonly devicesAreGiven?: boolean;
  /** Page; the devices' proxies take the ports after it. 0: any free ports. */
  readonly port: number;
  readonly rpcPort: number;
  /** Address of a Docker Engine, `unix:///…` or `tcp://…`. Absent: containers are virtual. */
  readonly docker?: string;
  /** End after the story. */
  readonly once: boolean;
  /** Everything that looks random follows from it. */
  readonly seed: string;
  /** Pause after each step of the story, in milliseconds. */
  readonly paceMs: number;
  /** The project's folder. */
  readonly root: string;
  readonly version: string;
  /** A scenario's file, or that of a saved world; absent: the story is told. */
  readonly scenario?: string;
  /** Without ports and page, as fast as this machine can. */
  readonly headless?: boolean;
  readonly speed?: Speed;
  /** Name of the board that every device is. */
  readonly board?: string;
  /** Where the world is saved at the end. */
  readonly record?: string;
  /** Firmware as JavaScript of this process instead of in a QuickJS on a thread of its own. */
  readonly native?: boolean;
}

export const DEVICES_LIMIT = 256;
const PORT_LIMIT = 65_535;
const PACE_LIMIT_MS = 600_000;

/** Throws a sentence for an option that cannot be. */
export function checkOptions(options: EmulateOptions): void {
  const { devices, port, rpcPort, paceMs, seed, board, speed, headless, docker, scenario } = options;
  requireWhole('--devices', devices, 1, DEVICES_LIMIT);
  requireWhole('--port', port, 0, PORT_LIMIT);
  requireWhole('--rpc-port', rpcPort, 0, PORT_LIMIT);
  requireWhole('--pace', paceMs, 0, PACE_LIMIT_MS);
  if (port + devices > PORT_LIMIT) {
    throw new Error(`--port ${port} leaves no room for ${devices} devices after it; choose one up to ${PORT_LIMIT - devices}`);
  }
  if (port > 0 && rpcPort >= port && rpcPort <= port + devices) {
    throw new Error(
      `--rpc-port ${rpcPort} lies among the ports ${port} to ${port + devices} of the page and the devices; choose another`,
    );
  }
  if (seed.length === 0 || seed.length > 200) throw new Error('--seed takes 1 to 200 characters');
  if (board !== undefined) looksOf(board);
  const { least, most } = SPEED_LIMITS;
  if (speed !== undefined && speed !== 'max' && !(speed >= least && speed <= most)) {
    throw new Error(`--speed takes a number from ${least} to ${most}, or max`);
  }
  if (headless && scenario === undefined)
    throw new Error('--headless plays a scenario; name one, such as emulator/scenarios/bad-image.yaml');
  if (docker !== undefined && scenario !== undefined)
    throw new Error('a scenario breaks what it needs, so it has virtual containers; leave --docker out');
}

function requireWhole(option: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new Error(`${option} takes a whole number from ${least} to ${most}`);
}
