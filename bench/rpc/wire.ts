import { connect, type Socket } from 'node:net';

const HEAD_END = Buffer.from('\r\n\r\n');

/**
 * One HTTP connection that is kept alive and asks one thing at a time. It reads no more of HTTP than a length, so that what is
 * measured is the node and not its client.
 */
export class Wire {
  private readonly socket: Socket;
  private readonly head: string;
  private received: Buffer = Buffer.alloc(0);
  private waiting: { readonly done: (body: string) => void; readonly fail: (error: Error) => void } | undefined;

  constructor(port: number) {
    this.head = `POST / HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\ncontent-length: `;
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('data', (chunk) => this.take(chunk as Buffer));
    this.socket.on('error', (error) => this.waiting?.fail(error));
    this.socket.on('close', () => this.waiting?.fail(new Error('the node closed the connection')));
  }

  post(body: string): Promise<string> {
    return new Promise((done, fail) => {
      this.waiting = { done, fail };
      this.socket.write(`${this.head}${Buffer.byteLength(body)}\r\n\r\n${body}`);
    });
  }

  /** The result; throws the error's message. */
  async ask(method: string, params: readonly unknown[]): Promise<unknown> {
    const answer = JSON.parse(await this.post(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }))) as Answer;
    if (answer.error) throw new Error(`${method}: ${answer.error.message}`);
    return answer.result;
  }

  close(): void {
    this.waiting = undefined;
    this.socket.destroy();
  }

  private take(chunk: Buffer): void {
    this.received = this.received.length === 0 ? chunk : Buffer.concat([this.received, chunk]);
    const end = this.received.indexOf(HEAD_END);
    if (end < 0) return;
    const length = Number(/content-length: *(\d+)/i.exec(this.received.toString('latin1', 0, end))?.[1]);
    const from = end + HEAD_END.length;
    if (Number.isNaN(length)) {
      this.waiting?.fail(new Error('an answer without a length'));
      return;
    }
    if (this.received.length < from + length) return;
    const body = this.received.toString('utf8', from, from + length);
    this.received = this.received.subarray(from + length);
    const waiting = this.waiting;
    this.waiting = undefined;
    waiting?.done(body);
  }
}

interface Answer {
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}
