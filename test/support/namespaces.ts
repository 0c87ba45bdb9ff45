import { execFileSync } from 'node:child_process';

/** One machine of a small network: a network namespace with an address of its own. */
export interface Machine {
  readonly address: string;
  /** What a command begins with that is to run there. */
  readonly enter: readonly string[];
  /** Pulls the cable, or puts it back. */
  connect(isConnected: boolean): void;
}

export interface Machines {
  readonly machines: readonly Machine[];
  remove(): void;
}

/** Whether this user may make network namespaces. */
export function canMakeNamespaces(): boolean {
  try {
    const name = `cp-try-${process.pid}`;
    run('ip', ['netns', 'add', name]);
    run('ip', ['netns', 'del', name]);
    return true;
  } catch {
    return false;
  }
}

/** So many machines on one switch, to which this process is connected, too. */
export function makeMachines(count: number): Machines {
  const tag = `cp${process.pid.toString(36)}`;
  const net = `10.${64 + (process.pid % 128)}.${(process.pid >> 7) % 256}`;
  const bridge = `${tag}b`;
  const undo: (() => void)[] = [];
  const remove = () => {
    for (const step of undo.splice(0).reverse()) attempt(step);
  };
  try {
    run('ip', ['link', 'add', bridge, 'type', 'bridge']);
    undo.push(() => run('ip', ['link', 'del', bridge]));
    run('ip', ['addr', 'add', `${net}.254/24`, 'dev', bridge]);
    run('ip', ['link', 'set', bridge, 'up']);
    const machines = Array.from({ length: count }, (_, index) => {
      const name = `${tag}n${index + 1}`;
      const cable = `${tag}v${index + 1}`;
      run('ip', ['netns', 'add', name]);
      undo.push(() => run('ip', ['netns', 'del', name]));
      run('ip', ['link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name]);
      run('ip', ['link', 'set', cable, 'master', bridge, 'up']);
      const address = `${net}.${index + 1}`;
      const inside = ['netns', 'exec', name, 'ip'];
      run('ip', [...inside, 'link', 'set', 'lo', 'up']);
      run('ip', [...inside, 'addr', 'add', `${address}/24`, 'dev', 'eth0']);
      run('ip', [...inside, 'link', 'set', 'eth0', 'up']);
      return {
        address,
        enter: ['nsenter', `--net=/run/netns/${name}`, '--'],
        connect: (isConnected: boolean) => run('ip', ['link', 'set', cable, isConnected ? 'up' : 'down']),
      };
    });
    return { machines, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function run(command: string, args: readonly string[]): void {
  execFileSync(command, [...args], { stdio: ['ignore', 'ignore', 'pipe'] });
}

function attempt(step: () => void): void {
  try {
    step();
  } catch {
    // It is gone already.
  }
}
