import type { EngineRpc } from './engine-rpc.ts';

/** Where light clients find what they check: beside the node's JSON-RPC, and below what its proxy says of itself. */
const DOORS = ['/cometbft/', '/.well-known/classpad/cometbft/'];
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  commit: ['height'],
  validators: ['height', 'page', 'per_page'],
};

/**
 * Headers, votes and validators for light clients, read from the engine: nothing that could change anything. Answers `undefined` for
 * another path, else a text of JSON as CometBFT's own RPC has it.
 */
export async function lightDocument(rpc: EngineRpc, target: string): Promise<string | undefined> {
  const [pathname = '', query] = target.split('?', 2);
  const searchParams = new URLSearchParams(query);
  const door = DOORS.find((each) => pathname.startsWith(each));
  const method = door ? pathname.slice(door.length) : '';
  const names = Object.hasOwn(ALLOWED, method) ? ALLOWED[method] : undefined;
  if (!names) return undefined;
  const params = Object.fromEntries(names.flatMap((name) => (searchParams.has(name) ? [[name, searchParams.get(name)!]] : [])));
  const isRight = Object.values(params).every((value) => /^\d{1,15}$/.test(value));
  if (!isRight) return failure('numbers are expected');
  try {
    return JSON.stringify({ jsonrpc: '2.0', id: -1, result: await rpc.call(method, params) });
  } catch (error) {
    return failure((error as Error).message);
  }
}

function failure(message: string): string {
  return JSON.stringify({ jsonrpc: '2.0', id: -1, error: { code: -32_603, message } });
}
