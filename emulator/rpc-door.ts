import type { Server } from 'node:http';
import type { Session } from '../runtime/node.ts';
import type { World } from './world.ts';

/** Makes the server of JSON-RPC that devices have, over HTTP and WebSocket. It is given from outside, as all that is real. */
export type MakeRpcServer = (options: {
  readonly rpc: (request: string) => Promise<string>;
  readonly session: (send: (text: string) => void, ended: () => void) => Session | undefined;
  readonly title: string;
  readonly cors: readonly string[];
  readonly hosts: readonly string[];
}) => Server;

const ANSWER_DEADLINE_MS = 30_000;

/** JSON-RPC of the emulated sequencer, for programs of this machine. */
export function sequencerRpc(world: World, make: MakeRpcServer): Server {
  return make({
    rpc: (request) => Promise.race([world.sequencer.rpc(request), late()]),
    session: (send, ended) => world.sequencer.session(send, ended),
    title: 'This is a virtual ClassPad.',
    cors: [],
    hosts: [],
  });
}

/** A world that is paused answers nothing. */
function late(): Promise<string> {
  const message = `the node did not answer within ${ANSWER_DEADLINE_MS / 1000} seconds`;
  return new Promise((resolve) => {
    const answer = () => resolve(JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32_002, message } }));
    setTimeout(answer, ANSWER_DEADLINE_MS).unref();
  });
}
