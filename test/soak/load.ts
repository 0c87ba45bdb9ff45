import autocannon, { type Result } from 'autocannon';

/** What load did to a server. */
export interface Load {
  readonly seconds: number;
  /** Answers with status 200. */
  readonly answered: number;
  /** Every other end of a request: another status, an error of the connection, no answer in time. */
  readonly failed: number;
  readonly latencyMs: { readonly p50: number; readonly p90: number; readonly p99: number; readonly max: number };
  /** The first few failures, each with how often it happened. */
  readonly complaints: readonly string[];
}

const LONGEST_SECONDS = 3_600;
const ANSWER_SECONDS = 10;

/** Asks a port on this machine all the time until `end` is called. */
export function startLoad(port: number, { connections, rate }: { connections: number; rate: number }): { end(): Promise<Load> } {
  const complaints = new Map<string, number>();
  const complain = (text: string) => complaints.set(text, (complaints.get(text) ?? 0) + 1);
  const options = {
    url: `http://127.0.0.1:${port}/`,
    connections,
    duration: LONGEST_SECONDS,
    timeout: ANSWER_SECONDS,
    ...(rate > 0 && { overallRate: rate }),
  };
  let stop = () => {};
  const result = new Promise<Result>((resolve, reject) => {
    const run = autocannon(options, (error: Error | null, end: Result) => (error ? reject(error) : resolve(end)));
    run.on('response', (_client, status) => void (status === 200 || complain(`status ${status}`)));
    run.on('reqError', (error: Error) => void complain(error.message));
    stop = () => (run as unknown as { stop(): void }).stop();
  });
  return {
    end: async () => {
      stop();
      return toLoad(await result, complaints);
    },
  };
}

function toLoad({ duration, latency, errors, timeouts, statusCodeStats }: Result, complaints: ReadonlyMap<string, number>): Load {
  const counts = Object.entries(statusCodeStats as Record<string, { count: number }>);
  const answered = counts.reduce((sum, [status, { count }]) => sum + (status === '200' ? count : 0), 0);
  const others = counts.reduce((sum, [status, { count }]) => sum + (status === '200' ? 0 : count), 0);
  const { p50, p90, p99, max } = latency;
  return {
    seconds: duration,
    answered,
    failed: others + Math.max(errors, timeouts),
    latencyMs: { p50, p90, p99, max },
    complaints: [...complaints].slice(0, 5).map(([text, times]) => `${text} (${times} times)`),
  };
}
