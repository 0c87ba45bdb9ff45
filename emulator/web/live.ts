import type { Answer, Command, Detail, Message, Setup, Snapshot } from '../protocol.ts';
import { Lcds } from './lcd.ts';
import { merge } from './merge.ts';
import { decodeRectangle } from './rectangle.ts';

const RETRY_MS = 1000;
/** The emulator speaks at least once a second; after this silence it counts as lost. */
const SILENCE_MS = 3500;
const ANSWER_DEADLINE_MS = 60_000;

/** The page's picture of the world. Messages only write here; a listener is called at most once per animation frame. */
export class Live {
  setup: Setup | undefined;
  snapshot: Snapshot | undefined;
  detail: Detail | undefined;
  readonly lcds = new Lcds();
  private socket: WebSocket | undefined;
  private heardAtMs = 0;
  private isAsked = false;
  private nextId = 1;
  private watched = '';
  private screens: readonly number[] = [];
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private readonly listeners = new Set<() => void>();

  constructor(url: string) {
    this.open(url);
    setInterval(() => this.changed(), 1000);
    document.addEventListener('visibilitychange', () => this.changed());
  }

  /** Seconds since the emulator was last heard, once that is long; else `undefined`. */
  silentSeconds(): number | undefined {
    const silenceMs = performance.now() - this.heardAtMs;
    const isLost = this.snapshot !== undefined && (!this.isOpen || silenceMs > SILENCE_MS);
    return isLost ? Math.floor(silenceMs / 1000) : undefined;
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Asks the emulator to do something. Never rejects: a refusal is an answer. */
  ask(command: Command): Promise<Answer> {
    const id = this.nextId++;
    const refused = (said: string): Answer => ({ kind: 'answer', id, ok: false, said });
    if (!this.isOpen) return Promise.resolve(refused('the emulator is not there'));
    this.tell(command, id);
    return new Promise((resolve) => {
      this.waiting.set(id, resolve);
      setTimeout(() => this.settle(refused('the emulator did not answer within a minute')), ANSWER_DEADLINE_MS);
    });
  }

  /** Which LCDs are to be sent from now on. */
  show(devices: readonly number[]): void {
    if (devices.join() === this.screens.join()) return;
    this.screens = devices;
    this.tell({ do: 'screens', devices });
  }

  /** Which device is told of in detail from now on. */
  watch(device: string): void {
    if (device === this.watched) return;
    this.watched = device;
    this.tell({ do: 'watch', device });
  }

  private get isOpen(): boolean {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  private tell(command: Command, id = this.nextId++): void {
    if (this.isOpen) this.socket!.send(JSON.stringify({ id, command }));
  }

  private open(url: string): void {
    const socket = new WebSocket(url);
    this.socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      if (this.screens.length > 0) this.tell({ do: 'screens', devices: this.screens });
      if (this.watched !== '') this.tell({ do: 'watch', device: this.watched });
    };
    socket.onmessage = ({ data }) => this.hear(data);
    socket.onclose = () => {
      for (const id of [...this.waiting.keys()]) this.settle({ kind: 'answer', id, ok: false, said: 'the emulator went away' });
      this.changed();
      setTimeout(() => this.open(url), RETRY_MS);
    };
  }

  private hear(data: string | ArrayBuffer): void {
    this.heardAtMs = performance.now();
    if (typeof data === 'string') this.read(JSON.parse(data) as Message);
    else {
      const rectangle = decodeRectangle(data);
      if (rectangle) this.lcds.draw(rectangle);
    }
  }

  private read(message: Message): void {
    if (message.kind === 'answer') {
      this.settle(message);
      return;
    }
    if (message.kind === 'setup') this.begin(message.setup);
    else if (message.kind === 'change') this.snapshot = merge(this.snapshot, message.change);
    else this.detail = message.detail;
    this.changed();
  }

  /** Boards may have other numbers now: what their LCDs show is asked for again. */
  private begin(setup: Setup): void {
    if (this.setup) this.lcds.forget();
    this.setup = setup;
    this.screens = [];
  }

  private settle(answer: Answer): void {
    this.waiting.get(answer.id)?.(answer);
    this.waiting.delete(answer.id);
  }

  /** A hidden tab paints nothing; on return it paints once. */
  private changed(): void {
    if (this.isAsked || document.hidden) return;
    this.isAsked = true;
    requestAnimationFrame(() => {
      this.isAsked = false;
      for (const listener of this.listeners) listener();
    });
  }
}
