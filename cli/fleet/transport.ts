import { type HttpTransport, http } from 'viem';

const TIMEOUT_MS = 10_000;
/** The largest answer that is read: a full block is far below it. */
const ANSWER_LIMIT_BYTES = 64 * 1024 * 1024;

/** JSON-RPC over HTTP, each request once; answers are bounded before they are parsed. */
export function boundedHttp(rpc: string): HttpTransport {
  return http(rpc, { retryCount: 0, timeout: TIMEOUT_MS, fetchFn: boundedFetch });
}

const boundedFetch: typeof fetch = async (input, init) => {
  await noticeClosed();
  const response = await fetch(input, init);
  const { status, statusText, headers } = response;
  const body = await readBounded(response);
  if (response.ok) demandJsonRpc(body);
  return new Response(body, { status, statusText, headers });
};

/**
 * After seconds of computing, a kept connection may have been closed without this process having noticed. The first turn ends
 * the event loop's round that is on; in the second the sockets are looked at.
 */
async function noticeClosed(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** viem takes any JSON for an answer. */
function demandJsonRpc(body: Uint8Array): void {
  const answer = parse(new TextDecoder().decode(body)) as { result?: unknown; error?: { message?: unknown } } | null | undefined;
  if (typeof answer !== 'object' || answer === null) throw new Error('the answer is something else');
  const { result, error } = answer;
  if (result === undefined && typeof error?.message !== 'string') throw new Error('the answer has neither a result nor an error');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function readBounded({ body }: Response): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > ANSWER_LIMIT_BYTES) throw new Error(`the answer is larger than ${ANSWER_LIMIT_BYTES} bytes`);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
