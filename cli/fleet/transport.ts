import { type HttpTransport, http } from 'viem';

const TIMEOUT_MS = 10_000;
/** The largest answer that is read: a full block is far below it. */
const ANSWER_LIMIT_BYTES = 64 * 1024 * 1024;

/** JSON-RPC over HTTP, each request once; answers are bounded before they are parsed. */
export function boundedHttp(rpc: string): HttpTransport {
  return http(rpc, { retryCount: 0, timeout: TIMEOUT_MS, fetchFn: boundedFetch });
}

const boundedFetch: typeof fetch = async (input, init) => {
  const response = await fetch(input, init);
  const { status, statusText, headers } = response;
  return new Response(await readBounded(response), { status, statusText, headers });
};

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
