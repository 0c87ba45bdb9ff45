import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** A request as nearly all of them are: whole, posted to `/`, with nothing in its head that would have to be understood. */
export interface QuickRequest {
  readonly socket: Socket;
  readonly body: string;
}

export interface QuickOptions {
  /** Whether what these headers say may be left to the quick lane; names in lower case. */
  readonly accepts: (headers: ReadonlyMap<string, string>) => boolean;
  /** Never rejects. */
  readonly answer: (request: QuickRequest) => Promise<QuickAnswer>;
  /** Bytes of a body. */
  readonly longest: number;
}

export interface QuickAnswer {
  readonly status: '200 OK' | '429 Too Many Requests';
  /** JSON. */
  readonly text: string;
}

const HEAD_END = '\r\n\r\n';
const REQUEST_LINE = 'POST / HTTP/1.1';
/** Of one header; what has other characters is for the other parser to judge. */
const HEADER = /^([a-z-]+): ?([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)$/i;
/** Headers that change nothing. */
const IDLE_NAMES = new Set(['accept', 'accept-encoding', 'accept-language', 'user-agent', 'sec-fetch-mode']);
const READ_NAMES = new Set(['host', 'content-type', 'content-length', 'connection']);
const LONGEST_HEAD = 4096;
const FIRST_BYTE_MS = 10_000;
const KEEP_ALIVE_MS = 5_000;
/** No answer waits for longer for others to go out with, but for one that takes long. */
const TOGETHER_MS = 1;
/** Where an answer has had to wait so long for the next one, each goes out by itself for some time. */
const LONG_MS = 5;
const APART_MS = 1_000;

/**
 * Takes plain requests off the connections of an HTTP server, without a parser, streams and objects for each. It understands one form
 * of request only; a connection on which anything else comes, or something in pieces, is handed to the server with all its
 * bytes, for good. So nothing is judged here that the server would judge otherwise.
 */
export function quickLane(server: Server, options: QuickOptions): void {
  const [slow] = server.listeners('connection') as [(socket: Socket) => void];
  const lanes = new Set<Lane>();
  const outbox = new Outbox();
  const handOver = (socket: Socket) => slow.call(server, socket);
  server.removeListener('connection', slow);
  server.on('connection', (socket: Socket) => {
    const lane = new Lane(socket, options, outbox, handOver);
    lanes.add(lane);
    lane.onEnd = () => lanes.delete(lane);
  });
  const [closeAll, closeIdle] = [server.closeAllConnections.bind(server), server.closeIdleConnections.bind(server)];
  server.closeAllConnections = () => {
    for (const lane of lanes) lane.socket.destroy();
    closeAll();
  };
  server.closeIdleConnections = () => {
    for (const lane of lanes) if (!lane.isBusy) lane.socket.destroy();
    closeIdle();
  };
}

/** One connection, as long as it is in the quick lane. */
class Lane {
  readonly socket: Socket;
  /** A request is being answered, or its answer waits to be read. */
  isBusy = false;
  onEnd: () => void = () => {};
  private readonly options: QuickOptions;
  private readonly outbox: Outbox;
  private readonly handOver: (socket: Socket) => void;
  /** The last head that was accepted, with its end: clients send the same again and again. */
  private head = '';
  /** Bytes of a request with that head. */
  private length = 0;
  private answered: QuickAnswer | undefined;
  /** What came before the last answer had gone out. */
  private early: Buffer | undefined;
  private isAnswering = false;

  constructor(socket: Socket, options: QuickOptions, outbox: Outbox, handOver: (socket: Socket) => void) {
    this.socket = socket;
    this.options = options;
    this.outbox = outbox;
    this.handOver = handOver;
    socket.setTimeout(FIRST_BYTE_MS);
    socket.on('data', this.take).on('end', this.finish).on('close', this.close).on('error', this.fail).on('timeout', this.expire);
  }

  private readonly take = (chunk: Buffer): void => {
    if (this.isBusy) {
      this.socket.pause();
      this.early = this.early ? Buffer.concat([this.early, chunk]) : chunk;
      return;
    }
    const isWhole = this.beginsAsBefore(chunk) || this.understands(chunk);
    if (!isWhole || chunk.length !== this.length) {
      this.leave(chunk);
      return;
    }
    this.isBusy = true;
    this.isAnswering = true;
    const body = chunk.toString('utf8', this.head.length);
    void this.options.answer({ socket: this.socket, body }).then(this.say, this.fail);
  };

  private beginsAsBefore(chunk: Buffer): boolean {
    const { head } = this;
    return head !== '' && chunk.toString('latin1', 0, head.length) === head;
  }

  private understands(chunk: Buffer): boolean {
    const end = chunk.indexOf(HEAD_END);
    if (end <= 0 || end > LONGEST_HEAD) return false;
    const head = chunk.toString('latin1', 0, end);
    const headers = readHead(head);
    const length = headers?.get('content-length') ?? '';
    if (!headers || !/^\d{1,8}$/.test(length) || Number(length) > this.options.longest) return false;
    if (!/^(keep-alive)?$/i.test(headers.get('connection') ?? '') || !this.options.accepts(headers)) return false;
    this.head = head + HEAD_END;
    this.length = this.head.length + Number(length);
    return true;
  }

  private readonly say = (answer: QuickAnswer): void => {
    this.answered = answer;
    this.outbox.add(this);
  };

  /** Writes the answer. */
  send(): void {
    const { socket } = this;
    const { status, text } = this.answered!;
    const length = Buffer.byteLength(text);
    this.answered = undefined;
    // Text with a byte for each character is written without being encoded.
    const isRead = socket.write(`${headOf(status, length)}${text}`, length === text.length ? 'latin1' : 'utf8');
    this.isAnswering = false;
    if (socket.timeout !== KEEP_ALIVE_MS) socket.setTimeout(KEEP_ALIVE_MS);
    // A client that does not read is not answered further.
    if (isRead) this.next();
    else socket.once('drain', this.next);
  }

  private readonly next = (): void => {
    const { socket, early } = this;
    this.isBusy = false;
    if (!early) return;
    this.early = undefined;
    socket.resume();
    this.take(early);
  };

  /** On to the server, with what came. */
  private leave(chunk: Buffer): void {
    const { socket } = this;
    this.detach();
    socket.pause();
    socket.unshift(chunk);
    this.handOver(socket);
    socket.resume();
  }

  private detach(): void {
    const { socket } = this;
    socket.setTimeout(0);
    socket
      .off('data', this.take)
      .off('end', this.finish)
      .off('close', this.close)
      .off('error', this.fail)
      .off('timeout', this.expire);
    this.onEnd();
  }

  private readonly finish = () => void this.socket.end();
  private readonly close = () => this.onEnd();
  private readonly fail = () => void this.socket.destroy();
  private readonly expire = () => {
    if (!this.isAnswering) this.socket.destroy();
  };
}

/**
 * Answers that are ready go out together: whoever waits for several is woken once, and where client and node share a machine that
 * costs as much as an answer.
 */
class Outbox {
  private lanes: Lane[] = [];
  private sinceMs = 0;
  private apartUntilMs = 0;

  add(lane: Lane): void {
    const nowMs = performance.now();
    if (nowMs < this.apartUntilMs) {
      lane.send();
      return;
    }
    if (this.lanes.push(lane) === 1) {
      this.sinceMs = nowMs;
      setImmediate(this.empty);
      return;
    }
    const waitedMs = nowMs - this.sinceMs;
    if (waitedMs >= LONG_MS) this.apartUntilMs = nowMs + APART_MS;
    if (waitedMs >= TOGETHER_MS) this.empty();
  }

  private readonly empty = (): void => {
    const { lanes } = this;
    this.lanes = [];
    for (const lane of lanes) lane.send();
  };
}

/** The headers of a plain request; `undefined` if it is not one. */
function readHead(head: string): Map<string, string> | undefined {
  const [first, ...lines] = head.split('\r\n');
  const headers = new Map<string, string>();
  if (first !== REQUEST_LINE) return undefined;
  for (const line of lines) {
    const [, name, value] = HEADER.exec(line) ?? [];
    const key = name?.toLowerCase();
    if (key === undefined || (!IDLE_NAMES.has(key) && !READ_NAMES.has(key)) || headers.has(key)) return undefined;
    headers.set(key, value!);
  }
  return headers;
}

let dated = { second: 0, text: '' };

function headOf(status: string, length: number): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== dated.second) dated = { second, text: new Date(second * 1000).toUTCString() };
  return `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\ndate: ${dated.text}\r\nconnection: keep-alive\r\nkeep-alive: timeout=${KEEP_ALIVE_MS / 1000}\r\n\r\n`;
}
