/** A door for JSON-RPC requests as text, such as a board's. */
export type RpcDoor = (request: string) => Promise<string>;

/** Asks one method; rejects with the node's own sentence. */
export async function ask<T>(door: RpcDoor, method: string, params: readonly unknown[] = []): Promise<T> {
  const text = await door(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
  const answer = JSON.parse(text) as { result?: T; error?: { code: number; message: string; data?: unknown } };
  if (answer.error) throw new RpcFailure(method, answer.error);
  return answer.result as T;
}

/** A JSON-RPC error; its fields are what viem looks for. */
export class RpcFailure extends Error {
  readonly code: number;
  readonly data: unknown;
  constructor(method: string, { code, message, data }: { code: number; message: string; data?: unknown }) {
    super(`${method}: ${message}`);
    this.name = 'RpcFailure';
    this.code = code;
    this.data = data;
  }
}
