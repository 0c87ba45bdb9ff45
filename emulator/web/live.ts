import type { Snapshot } from '../protocol.ts';
import { Lcds } from './lcd.ts';
import { decodeRectangle } from './rectangle.ts';

const RETRY_MS = 1000;
/** The emulator speaks at least once a second; after this silence it counts as lost. */
const SILENCE_MS = 3500;

/** The page's picture of the world. Messages only write here; a listener is called at most once per animation frame. */
export class Live {
  snapshot: Snapshot | undefined;
  readonly lcds = new Lcds();
  private heardAtMs = 0;
  private isOpen = false;
  private isAsked = false;
  private readonly listeners = new Set<() => void>();

  constructor(url: string) {
    this.open(url);
    setInterval(() => this.changed(), 1000);
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

  private open(url: string): void {
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      this.isOpen = true;
    };
    socket.onmessage = ({ data }) => this.hear(data);
    socket.onclose = () => {
      this.isOpen = false;
      this.changed();
      setTimeout(() => this.open(url), RETRY_MS);
    };
  }

  private hear(data: string | ArrayBuffer): void {
    this.heardAtMs = performance.now();
    if (typeof data === 'string') {
      this.snapshot = JSON.parse(data) as Snapshot;
      this.changed();
      return;
    }
    const rectangle = decodeRectangle(data);
    if (rectangle) this.lcds.draw(rectangle);
  }

  private changed(): void {
    if (this.isAsked) return;
    this.isAsked = true;
    requestAnimationFrame(() => {
      this.isAsked = false;
      for (const listener of this.listeners) listener();
    });
  }
}
