import type { LogLine, RequestLine } from './protocol.ts';

const LINES_KEPT = 500;
const LINES_SHOWN = 40;
const REQUESTS_KEPT = 100;
const REQUESTS_SHOWN = 20;
const TEXT_LIMIT = 500;

/** What each device wrote to its log and served through its proxy of late. */
export interface Records {
  log(device: string, line: Omit<LogLine, 'id'>): void;
  request(device: string, line: Omit<RequestLine, 'id'>): void;
  logOf(device: string): readonly LogLine[];
  requestsOf(device: string): readonly RequestLine[];
  /** How many a device has served so far. */
  countOf(device: string): number;
  /** All that were served since the last call. */
  takeRequests(): readonly RequestLine[];
}

export function createRecords(): Records {
  const logs = new Map<string, LogLine[]>();
  const requests = new Map<string, RequestLine[]>();
  const counts = new Map<string, number>();
  let fresh: RequestLine[] = [];
  let nextId = 0;

  function keep<T>(all: Map<string, T[]>, device: string, row: T, limit: number): void {
    const rows = all.get(device) ?? [];
    all.set(device, rows);
    rows.push(row);
    if (rows.length > limit) rows.shift();
  }

  return {
    log(device, line) {
      keep(logs, device, { ...line, text: line.text.slice(0, TEXT_LIMIT), id: nextId++ }, LINES_KEPT);
    },
    request(device, line) {
      const row = { ...line, path: line.path.slice(0, TEXT_LIMIT), id: nextId++ };
      keep(requests, device, row, REQUESTS_KEPT);
      counts.set(device, (counts.get(device) ?? 0) + 1);
      fresh = [...fresh.slice(-REQUESTS_KEPT * 10), row];
    },
    logOf: (device) => (logs.get(device) ?? []).slice(-LINES_SHOWN),
    requestsOf: (device) => (requests.get(device) ?? []).slice(-REQUESTS_SHOWN),
    countOf: (device) => counts.get(device) ?? 0,
    takeRequests() {
      const taken = fresh;
      fresh = [];
      return taken;
    },
  };
}
