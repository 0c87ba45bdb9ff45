/** The firmware's own half of a device with slots: bundled with `firmware.js` and `vm.wasm`, started by the launcher. */
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '../../runtime/ports/index.ts';
import { openEvdev, type TouchRange } from '../device/evdev.ts';
import { openFramebuffer, readGeometry } from '../device/framebuffer.ts';
import { type DockerEngine, dockerEngine, type RunningNode, runNode } from '../main.ts';
import { keepHeapSmall } from '../system/heap.ts';
import { lineLogger } from '../system/log.ts';
import { openOs } from '../update/os.ts';
import { openPayloads } from '../update/payloads.ts';
import { createUpdater } from '../update/updater.ts';
import { forgetToken, readEnrolment } from './enrolment.ts';
import { confirmWhenServing } from './health.ts';
import type { Launch } from './launcher.ts';
import { notifyWatchdog } from './notify.ts';

const CLOCK_MS = 10 * 60_000;
const ENDING_MS = 8_000;
const DEFAULT_TOUCH: TouchRange = { mostX: 4095, mostY: 4095 };

/** Starts the device and answers when it serves. What it cannot get over rejects, and the launcher starts anew. */
export async function start({ slots, version, paths }: Launch): Promise<void> {
  const onServing = keepHeapSmall();
  const log = lineLogger('info', (line) => console.error(line));
  process.on('uncaughtException', (error) => {
    log.write('error', `internal error, the firmware ends: ${error.message}`);
    process.exit(1);
  });
  const { config, token, isEnrolled } = readEnrolment(paths, (sentence) => log.write('error', sentence));
  if (!isEnrolled) log.write('warn', 'there is no enrolment: this device follows a ledger of its own until it is given one');
  const os = await openOs({ system: paths.system, folder: paths.data });
  const payloads = openPayloads(join(paths.data, 'payloads'));
  const { peers } = config;
  let node: RunningNode | undefined;
  const end = async (code: number) => {
    // What does not close in time must not keep the next version from starting.
    setTimeout(() => process.exit(code), ENDING_MS);
    await node?.stop().catch(() => {});
    process.exit(code);
  };
  const updater = createUpdater({
    slots,
    os,
    payloads,
    keyring: readFileSync(paths.keyring, 'utf8'),
    isNamed: (sha256) => node?.isNamed(sha256) ?? true,
    peers: peers.connect,
    sticks,
    log,
    restart: () => void end(0),
    version,
  });
  let engine: DockerEngine | undefined;
  const openEngine: typeof dockerEngine = (...args) => {
    engine = dockerEngine(...args);
    return engine;
  };
  node = await runNode({
    config,
    version,
    log,
    openEngine,
    updater,
    payloads,
    ...hardware(os.about.touch, log),
    ...(token && { token }),
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void end(0));
  keepAlive(paths.data);
  onServing();
  log.write('info', `classpad ${version} on ${os.about.board}, system ${os.about.version}`);
  confirmWhenServing({ node, log, onJoined: () => forgetToken(paths), confirm: () => confirm() });

  async function confirm(): Promise<void> {
    // So that the example runs on a device that reaches no registry.
    await engine
      ?.ensureHelloImage()
      .catch((error: Error) => log.write('warn', `the example's image cannot be made: ${error.message}`));
    slots.confirm();
    await os.confirm();
    log.write('info', `serving: firmware ${version} and system ${os.about.version} are good`);
  }
}

function hardware(touch: TouchRange = DEFAULT_TOUCH, log: Logger) {
  const display = openFramebuffer();
  const panel = readGeometry('/sys/class/graphics/fb0');
  if (display === undefined || panel === undefined) {
    log.write('info', 'there is no framebuffer: the LCD is in memory only');
    return {};
  }
  const { placement } = display;
  log.write(
    'info',
    `LCD on /dev/fb0, ${panel.width}×${panel.height}, ${panel.bitsPerPixel} bits, zoom ${placement.zoom}/${placement.skip}`,
  );
  return { display, input: openEvdev({ range: touch, panel, placement }) };
}

/** Where sticks are mounted. */
function sticks(): string[] {
  return existsSync('/media') ? readdirSync('/media').map((name) => join('/media', name)) : [];
}

/** Tells the service manager that this process moves, and the disk what time it is. */
function keepAlive(data: string): void {
  const clock = join(data, 'clock');
  const remember = () => {
    if (!existsSync(clock)) writeFileSync(clock, '');
    utimesSync(clock, new Date(), new Date());
  };
  remember();
  setInterval(remember, CLOCK_MS).unref();
  notifyWatchdog();
}
