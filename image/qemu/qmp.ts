import { connect, type Socket } from 'node:net';

/** QEMU's monitor: one question at a time, in JSON lines (QMP). */
export interface Monitor {
  ask(command: string, args?: object): Promise<unknown>;
  close(): void;
}

const RETRY_MS = 100;
const RETRIES = 100;

/** Connects to a monitor's socket, as soon as QEMU has opened it. */
export async function openMonitor(path: string): Promise<Monitor> {
  const socket = await open(path, RETRIES);
  const waiting: { resolve: (value: unknown) => void; reject: (error: Error) => void }[] = [];
  let rest = '';
  socket.on('data', (chunk) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) take(JSON.parse(line) as Answer);
  });
  const take = (answer: Answer) => {
    if (answer.return !== undefined) waiting.shift()?.resolve(answer.return);
    else if (answer.error !== undefined) waiting.shift()?.reject(new Error(answer.error.desc));
  };
  socket.on('error', () => {});
  socket.on('close', () => {
    for (const { reject } of waiting.splice(0)) reject(new Error('QEMU has ended'));
  });
  const ask = (command: string, args?: object) =>
    new Promise<unknown>((resolve, reject) => {
      if (socket.destroyed) return reject(new Error('QEMU has ended'));
      waiting.push({ resolve, reject });
      socket.write(`${JSON.stringify({ execute: command, ...(args && { arguments: args }) })}\n`);
    });
  await ask('qmp_capabilities');
  return { ask, close: () => socket.destroy() };
}

interface Answer {
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
}

function open(path: string, retries: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', (error) => {
      if (retries === 0) return reject(error);
      setTimeout(() => open(path, retries - 1).then(resolve, reject), RETRY_MS);
    });
  });
}
