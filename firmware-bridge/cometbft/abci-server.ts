import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import type { Abci, Logger } from '../../runtime/ports/index.ts';
import { answerTo, type Verb } from './answers.ts';
import { FrameReader, frameOf } from './frames.ts';
import { RequestSchema, ResponseSchema } from './gen/abci_pb.ts';

/** CometBFT opens four: for consensus, mempool, queries and snapshots. */
const MAX_CONNECTIONS = 8;
/** So long one connection is answered before the others have a turn. */
const TURN_MS = 5;
/** Paths of unix sockets are short (unix(7)). */
const LONGEST_PATH = 107;

export interface AbciServerOptions {
  /** Where the unix socket stands. */
  readonly path: string;
  readonly abci: () => Abci | undefined;
  readonly log: Logger;
  /** Told before a verb is answered and after; tests end the process here. */
  readonly step?: (at: 'before' | 'after' | 'answered', verb: Verb) => void;
}

/** Answers the engine, request by request in their order on each connection. */
export async function openAbciServer(options: AbciServerOptions): Promise<{ close(): Promise<void> }> {
  const { path } = options;
  if (Buffer.byteLength(path) > LONGEST_PATH)
    throw new Error(`cometbft: the path of the socket is longer than ${LONGEST_PATH} bytes: ${path}; choose a shorter folder`);
  rmSync(path, { force: true });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    converse(socket, options);
  });
  server.maxConnections = MAX_CONNECTIONS;
  await listening(server, path);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Only this user may connect: whoever does decides what the ledger holds. */
function listening(server: Server, path: string): Promise<void> {
  const before = process.umask(0o077);
  return new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(new Error(`cometbft: the socket ${path} cannot be opened: ${error.message}`)));
    server.listen(path, resolve);
  }).finally(() => process.umask(before));
}

function converse(socket: Socket, options: AbciServerOptions): void {
  const { log } = options;
  const reader = new FrameReader();
  const waiting: Buffer[] = [];
  let isAnswering = false;
  const close = (error: Error) => {
    log.write('error', `a connection of the engine is closed: ${error.message}`);
    socket.destroy();
  };
  const answerAll = () => {
    isAnswering = false;
    // What is answered in one turn goes out at once.
    socket.cork();
    try {
      answerSome(socket, waiting, options);
    } catch (error) {
      close(error as Error);
    }
    socket.uncork();
    if (waiting.length > 0 && !socket.destroyed) schedule();
    else socket.resume();
  };
  const schedule = () => {
    if (isAnswering) return;
    isAnswering = true;
    socket.pause();
    setImmediate(answerAll);
  };
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    try {
      waiting.push(...reader.push(chunk));
    } catch (error) {
      return close(error as Error);
    }
    if (!isAnswering) answerAll();
  });
}

/** In their order, until none is left or the other connections should have a turn: a vote must not wait behind hundreds of transactions. */
function answerSome(socket: Socket, waiting: Buffer[], { abci, log, step }: AbciServerOptions): void {
  const failed = (verb: Verb, error: Error) => log.write('error', `the ledger could not answer ${verb}: ${error.message}`);
  const endMs = performance.now() + TURN_MS;
  let done = 0;
  for (; done < waiting.length && performance.now() < endMs; done++) {
    const ledger = abci();
    if (!ledger) return void socket.destroy();
    const request = fromBinary(RequestSchema, waiting[done]!);
    const verb = request.value.case;
    if (verb) step?.('before', verb);
    const response = answerTo(ledger, request, failed);
    if (verb) step?.('after', verb);
    socket.write(frameOf(toBinary(ResponseSchema, response)));
    if (step && verb) {
      // What is said to be answered must have left.
      socket.uncork();
      step('answered', verb);
      socket.cork();
    }
  }
  waiting.splice(0, done);
}
