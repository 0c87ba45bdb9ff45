/** A block of the ledger has half a MiB, a chunk of a snapshot a little more; but what a peer calls one may have up to 16 MiB. */
export const MAX_FRAME_BYTES = 17 * 1024 * 1024;
const MAX_VARINT_BYTES = 5;

/** Cuts a stream into messages, each behind its length as an unsigned varint. */
export class FrameReader {
  private buffered: Buffer = Buffer.alloc(0);

  /** The messages that are complete now. Throws {@link FrameError} for what can be none. */
  *push(chunk: Buffer): Generator<Buffer> {
    this.buffered = this.buffered.length === 0 ? chunk : Buffer.concat([this.buffered, chunk]);
    for (let head = readLength(this.buffered); head; head = readLength(this.buffered)) {
      const end = head.at + head.length;
      if (this.buffered.length < end) return;
      const frame = this.buffered.subarray(head.at, end);
      this.buffered = this.buffered.subarray(end);
      yield frame;
    }
  }
}

/** The message behind its length. */
export function frameOf(message: Uint8Array): Buffer {
  const head: number[] = [];
  let left = message.length;
  for (; left >= 0x80; left = Math.floor(left / 0x80)) head.push((left % 0x80) | 0x80);
  head.push(left);
  return Buffer.concat([Buffer.from(head), message]);
}

function readLength(bytes: Buffer): { readonly at: number; readonly length: number } | undefined {
  let length = 0;
  for (let at = 0; at < Math.min(bytes.length, MAX_VARINT_BYTES); at++) {
    length += (bytes[at]! & 0x7f) * 2 ** (7 * at);
    if (length > MAX_FRAME_BYTES) break;
    if (bytes[at]! < 0x80) return { at: at + 1, length };
  }
  if (length > MAX_FRAME_BYTES || bytes.length >= MAX_VARINT_BYTES) throw new FrameError(length);
  return undefined;
}

/** What arrives is longer than any message may be, or no message at all. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
  constructor(length: number) {
    super(`a message of ${length} bytes or more; at most ${MAX_FRAME_BYTES} are read`);
  }
}
