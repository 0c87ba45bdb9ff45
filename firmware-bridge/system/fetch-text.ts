const DEADLINE_MS = 10_000;
const LONGEST_ANSWER = 16 * 1024 * 1024;

/** What another node answers over HTTP, as text, as far as anybody reads. Rejects with a sentence. */
export async function fetchText(url: string, request: RequestInit = {}, deadlineMs = DEADLINE_MS): Promise<string> {
  const response = await fetch(url, { ...request, signal: AbortSignal.timeout(deadlineMs) }).catch(() => {
    throw new Error(`${new URL(url).origin} does not answer`);
  });
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > LONGEST_ANSWER) throw new Error(`${new URL(url).origin} answers without end`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
