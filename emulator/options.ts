/** What the user asked for; `cli` reads it from the command line. */
export interface EmulateOptions {
  /** 1 to 32. */
  readonly devices: number;
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
}

export const DEVICES_LIMIT = 32;
const PORT_LIMIT = 65_535;
const PACE_LIMIT_MS = 600_000;

/** Throws a sentence for an option that cannot be. */
export function checkOptions({ devices, port, rpcPort, paceMs, seed }: EmulateOptions): void {
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
}

function requireWhole(option: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new Error(`${option} takes a whole number from ${least} to ${most}`);
}
