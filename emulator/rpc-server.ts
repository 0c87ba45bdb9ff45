import { type Handler, readBody, sendText } from './http.ts';
import type { RpcDoor } from './rpc.ts';

const BODY_LIMIT_BYTES = 2 * 1024 * 1024;
const ANSWER_DEADLINE_MS = 30_000;

/** JSON-RPC over HTTP: what is posted goes to the node as it is, and the node's answer comes back. */
export function rpcOverHttp(door: RpcDoor): Handler {
  return async (request, response) => {
    if (request.method !== 'POST') {
      sendText(response, 405, 'this is Ethereum JSON-RPC; send requests with POST');
      return;
    }
    const body = await readBody(request, BODY_LIMIT_BYTES);
    if (body === undefined) {
      // The rest of the body is not read.
      response.setHeader('connection', 'close');
      sendJson(413, failure(-32600, `a request has at most ${BODY_LIMIT_BYTES} bytes`));
      return;
    }
    sendJson(200, await Promise.race([door(body.toString('utf8')), late()]));

    function sendJson(status: number, text: string): void {
      response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(text);
    }
  };
}

function failure(code: number, message: string): string {
  return JSON.stringify({ jsonrpc: '2.0', id: null, error: { code, message } });
}

function late(): Promise<string> {
  return new Promise((resolve) => {
    const answer = () => resolve(failure(-32002, `the node did not answer within ${ANSWER_DEADLINE_MS / 1000} seconds`));
    setTimeout(answer, ANSWER_DEADLINE_MS).unref();
  });
}
