import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { need } from './need.ts';

/** A Docker Engine of our own, apart from any other on this machine. */
export interface PrivateDockerd {
  /** `unix:///…` */
  readonly url: string;
  /** Kills the daemon and starts it again over the same data. */
  restart(): Promise<void>;
  /** Kills everything that ran in it and removes every trace. */
  stop(): Promise<void>;
}

/** Where in the network it is. */
interface Place {
  /** What its command begins with. */
  readonly enter: readonly string[];
  /** Several of one process have numbers of their own. */
  readonly number: number;
}

const HERE: Place = { enter: [], number: 0 };
const UP_WITHIN_MS = 60_000;
/** A user's path may lack the folders of system programs. */
const ENVIRONMENT = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };

/**
 * Starts a private `dockerd`, or prints a skip and answers `undefined`. It lives in namespaces of its own for processes
 * and mounts, so that killing one process leaves nothing behind, whatever the containers did. It shares the network of
 * the host, where its bridges (and only those) are removed afterwards; it leaves the firewall alone.
 */
export async function startDockerd(place: Place = HERE): Promise<PrivateDockerd | undefined> {
  const missing = ['dockerd', 'containerd', 'runc', 'unshare', 'setpriv', 'ip'].filter((program) => !isInstalled(program));
  const reason = missing[0]
    ? `${missing[0]} is not installed`
    : process.getuid?.() === 0
      ? apparmorTrap()
      : 'only root may start it';
  if (!need('dockerd', reason === undefined, reason ?? '')) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'classpad-dockerd-'));
  const subnet = `10.${200 + ((process.pid + place.number) % 50)}.${process.pid % 251}.0/24`;
  const socket = join(folder, 'docker.sock');
  let daemon = launch(place, folder, socket, subnet);
  const stop = async () => {
    await kill(daemon);
    removeBridges(subnet);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await waitUntilUp(daemon, folder, socket);
  } catch (error) {
    await stop();
    if (need('dockerd', false, (error as Error).message)) throw error;
    return undefined;
  }
  return {
    url: `unix://${socket}`,
    restart: async () => {
      await kill(daemon);
      rmSync(join(folder, 'dockerd.pid'), { force: true });
      rmSync(join(folder, 'exec'), { recursive: true, force: true });
      daemon = launch(place, folder, socket, subnet);
      await waitUntilUp(daemon, folder, socket);
    },
    stop,
  };
}

/** As {@link startDockerd}; where there can be none, it throws. */
export async function demandDockerd(): Promise<PrivateDockerd> {
  const daemon = await startDockerd();
  if (daemon) return daemon;
  throw new Error('it needs a Docker Engine of its own: root, and the packages docker.io and busybox-static');
}

function launch({ enter }: Place, folder: string, socket: string, subnet: string): ChildProcess {
  const log = openSync(join(folder, 'log'), 'a');
  const apart = ['--pdeathsig', 'KILL', 'unshare', '--mount', '--pid', '--fork', '--kill-child=SIGKILL', '--mount-proc'];
  const flags = [
    `--data-root=${folder}/data`,
    `--exec-root=${folder}/exec`,
    `--pidfile=${folder}/dockerd.pid`,
    `--host=unix://${socket}`,
    '--bridge=none',
    '--iptables=false',
    '--ip-masq=false',
    '--userland-proxy=false',
    `--default-address-pool=base=${subnet},size=28`,
  ];
  const [command = '', ...args] = [...enter, 'setpriv', ...apart, 'dockerd', ...flags];
  return spawn(command, args, { stdio: ['ignore', log, log], env: ENVIRONMENT });
}

async function waitUntilUp(daemon: ChildProcess, folder: string, socket: string): Promise<void> {
  const endMs = Date.now() + UP_WITHIN_MS;
  while (!(await answers(socket))) {
    const last = readFileSync(join(folder, 'log'), 'utf8').trim().split('\n').at(-1) ?? '';
    if (daemon.exitCode !== null) throw new Error(`dockerd ended: ${last}`);
    if (Date.now() > endMs) throw new Error(`dockerd did not answer within a minute: ${last}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const ping = request({ socketPath, path: '/_ping', timeout: 1000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    ping.on('error', () => resolve(false));
    ping.end();
  });
}

function kill(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    daemon.on('exit', () => setTimeout(resolve, 200));
    daemon.kill('SIGKILL');
  });
}

/** The bridges of networks that were still there: those with an address in our subnet. */
function removeBridges(subnet: string): void {
  const prefix = subnet.slice(0, subnet.lastIndexOf('.') + 1);
  const rows = JSON.parse(
    execFileSync('ip', ['-json', 'address', 'show', 'type', 'bridge'], { encoding: 'utf8', env: ENVIRONMENT }) || '[]',
  );
  for (const row of rows as { ifname?: string; addr_info?: { local?: string }[] }[]) {
    const isOurs = row.addr_info?.some((address) => address.local?.startsWith(prefix));
    if (isOurs && row.ifname) execFileSync('ip', ['link', 'delete', row.ifname], { env: ENVIRONMENT });
  }
}

/** With AppArmor in the kernel and without its tools, every start of a container fails. */
function apparmorTrap(): string | undefined {
  const flag = '/sys/module/apparmor/parameters/enabled';
  const isOn = existsSync(flag) && readFileSync(flag, 'utf8').startsWith('Y');
  return isOn && !isInstalled('apparmor_parser')
    ? 'AppArmor is on, and its tools (apparmor_parser) are not installed'
    : undefined;
}

function isInstalled(program: string): boolean {
  return ENVIRONMENT.PATH.split(':').some((folder) => existsSync(join(folder, program)));
}
