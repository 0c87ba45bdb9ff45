import { accept, type Engine } from './engine.ts';

const HEADER_BYTES = 8;
const MAX_BYTES = 1024 * 1024;
const MAX_LINES = 10_000;

/** The last lines a container wrote, both streams in the order of the engine's log. */
export async function readLogs(engine: Engine, id: string, lines: number): Promise<string> {
  const tail = String(Math.max(1, Math.min(MAX_LINES, Math.trunc(lines) || 1)));
  const query = { stdout: '1', stderr: '1', tail };
  const answer = await engine.send({ method: 'GET', path: `/containers/${id}/logs`, query, maxBytes: 4 * MAX_BYTES });
  return demultiplex(accept(answer, [200], `logs of ${id.slice(0, 12)}`).body);
}

/**
 * Takes the frames of a container without a terminal apart: u8 stream, three zero bytes, big-endian u32 length, bytes
 * (Engine API, "Stream format"). What does not look like frames is a terminal's raw output and stays as it is.
 */
export function demultiplex(body: Buffer): string {
  const parts: Buffer[] = [];
  let at = 0;
  while (at + HEADER_BYTES <= body.length && isHeader(body, at)) {
    const end = at + HEADER_BYTES + body.readUInt32BE(at + 4);
    parts.push(body.subarray(at + HEADER_BYTES, Math.min(end, body.length)));
    at = end;
  }
  if (at < body.length && parts.length === 0) parts.push(body);
  return Buffer.concat(parts).toString('utf8').slice(-MAX_BYTES);
}

function isHeader(body: Buffer, at: number): boolean {
  return (body[at] ?? 3) <= 2 && body[at + 1] === 0 && body[at + 2] === 0 && body[at + 3] === 0;
}
