import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Cluster, ClusterNode } from '../../firmware-bridge/cometbft/testnet.ts';
import type { Io } from '../command.ts';
import { sleep } from '../progress.ts';

const PAUSE_MS = 1_000;
const STOP_WITHIN_MS = 15_000;

/** Every node in a process of its own, until told to end; one that ends by itself is started again. Answers the exit code. */
export async function startCluster(folder: string, { nodes }: Cluster, io: Io, ending: AbortSignal): Promise<number> {
  const width = Math.max(...nodes.map(({ name }) => name.length));
  const running = nodes.map((node) =>
    keepRunning(folder, node, (line) => io.out(`${node.name.padEnd(width)} │ ${line}`), ending),
  );
  await new Promise<void>((resolve) => ending.addEventListener('abort', () => resolve(), { once: true }));
  io.err('the nodes end; their containers keep running');
  await Promise.all(running);
  return 0;
}

async function keepRunning(folder: string, node: ClusterNode, say: (line: string) => void, ending: AbortSignal): Promise<void> {
  while (!ending.aborted) {
    const code = await runOnce(join(folder, node.folder, 'node.yaml'), say, ending);
    if (ending.aborted) return;
    say(`the node ended (${code}); it is started again`);
    await sleep(PAUSE_MS);
  }
}

function runOnce(config: string, say: (line: string) => void, ending: AbortSignal): Promise<string> {
  const cli = process.argv[1] ?? fileURLToPath(import.meta.url);
  // Ctrl-C reaches the whole group of a terminal: the nodes are told by us alone, in good order.
  const child = spawn(process.execPath, [...process.execArgv, cli, 'node', '--config', config], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const end = () => endGently(child);
  ending.addEventListener('abort', end, { once: true });
  for (const stream of [child.stdout, child.stderr]) lines(stream, say);
  return new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('exit', (code, signal) => {
      ending.removeEventListener('abort', end);
      resolve(signal ?? `exit code ${code}`);
    });
  });
}

function endGently(child: ChildProcess): void {
  child.kill('SIGTERM');
  setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS).unref();
}

function lines(stream: NodeJS.ReadableStream, say: (line: string) => void): void {
  let rest = '';
  stream.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString('utf8')).split('\n');
    rest = parts.pop()!;
    for (const part of parts) say(part);
  });
}
