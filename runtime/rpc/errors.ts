/** Codes of JSON-RPC 2.0, of EIP-1474, and 3 for a revert as Ethereum's clients agree on it. */
export const ErrorCode = {
  Parse: -32700,
  InvalidRequest: -32600,
  MethodNotFound: -32601,
  InvalidParams: -32602,
  Internal: -32603,
  Server: -32000,
  LimitExceeded: -32005,
  Revert: 3,
  /** EIP-7966. */
  Timeout: 4,
} as const;

/** An answer that is an error. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: number;
  readonly data: unknown;
  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

export function invalidParams(message: string): RpcError {
  return new RpcError(ErrorCode.InvalidParams, message);
}
