import { keccak256 } from 'viem';
import { bytesToHex } from '../runtime/bytes.ts';
import type { Address } from '../runtime/ports/index.ts';
import { outputOrderHash } from '../runtime/service/order.ts';
import type { ContainerOutput } from '../runtime/service/output.ts';
import { Exit, Failure, type Input, type Io } from './command.ts';
import { askStanding, type Connection, readFleet } from './fleet/connection.ts';
import { type DeviceRecord, findDevice } from './fleet/devices.ts';
import { isAway } from './fleet/follow.ts';
import { operatorKeys } from './fleet/keys.ts';
import { anOnce } from './once.ts';
import { sleep } from './progress.ts';
import { endingSignal } from './signals.ts';
import { printJson } from './tell.ts';

const LOOK_EVERY_MS = 1_000;
/** While following: more than a container prints between two looks. */
const FOLLOWED_LINES = 2_000;
/** Fewer characters tell nothing about the line whose end they are. */
const SHORTEST_END = 4;

export interface OutputWish {
  readonly app: string;
  /** Empty: of all its services. */
  readonly service: string;
  readonly lines: number;
}

/** Prints what the containers of an app print, as their own device tells it to an operator. Answers the exit code. */
export async function showOutput(connection: Connection, wish: OutputWish, input: Input, io: Io): Promise<number> {
  const isJson = input.has('json');
  const ask = await askerOf(connection, wish, input, io);
  const show = (output: ContainerOutput, lines: readonly string[]) => print(output, lines, isJson, io);
  if (input.has('follow')) {
    await followOutput(ask, wish.lines, { show, say: (text) => io.err(text), ending: endingSignal(), of: connection.rpc });
    return Exit.ok;
  }
  const outputs = await ask(wish.lines);
  if (outputs.length === 0) throw new Failure(`no container of ${nameOf(wish)} is on this device`);
  if (isJson) printJson(io, outputs);
  else for (const output of outputs) show(output, linesOf(output.text));
  return Exit.ok;
}

export type Ask = (lines: number) => Promise<ContainerOutput[]>;

async function askerOf(connection: Connection, { app, service }: OutputWish, input: Input, io: Io): Promise<Ask> {
  const device = await deviceOf(connection, input.text('device'));
  await demandOwnNode(connection, device);
  const [operator] = operatorKeys(input, io, connection);
  const to = { chainId: BigInt(connection.chain.id), device: device.account.toLowerCase() as Address };
  const request = connection.client.request as unknown as (call: object) => Promise<ContainerOutput[]>;
  return async (lines) => {
    const once = anOnce();
    const order = outputOrderHash({ app, service, ...once }, to, (data) => keccak256(data, 'bytes'));
    const signature = await operator!.signMessage({ message: { raw: bytesToHex(order) } });
    return request({ method: 'classpad_output', params: [app, service, lines, once.until, once.nonce, signature] });
  };
}

/** Only the device itself knows what its containers print. */
async function demandOwnNode({ client, rpc }: Connection, { name, account }: DeviceRecord): Promise<void> {
  const node = await askStanding(client);
  if (!node || node.address === account.toLowerCase()) return;
  throw new Failure(`${rpc} is ${node.name}; give --rpc of the node ${name}`, Exit.badInput);
}

async function deviceOf(connection: Connection, name: string | undefined): Promise<DeviceRecord> {
  if (name !== undefined) return findDevice(connection, name);
  const devices = await readFleet(connection).devices();
  if (devices.length === 1) return devices[0]!;
  throw new Failure('--device NAME is missing: whose containers? --rpc must lead to its own node', Exit.badInput);
}

/** Where what is followed goes. */
export interface Following {
  show(output: ContainerOutput, lines: readonly string[]): void;
  /** Remarks for people. */
  say(text: string): void;
  readonly ending: Pick<AbortSignal, 'aborted'>;
  /** Whom it asks, in words. */
  readonly of: string;
  readonly pollMs?: number;
}

/** Shows the last lines of each container and then what comes, until it is to end; a node or an engine that is away is waited for. */
export async function followOutput(
  ask: Ask,
  tail: number,
  { show, say, ending, of, pollMs = LOOK_EVERY_MS }: Following,
): Promise<void> {
  const seen = new Map<string, readonly string[]>();
  for (let isFirst = true, isAwaited = false; !ending.aborted; ) {
    try {
      const outputs = await ask(FOLLOWED_LINES);
      if (isAwaited) say(`${of} answers again`);
      for (const output of outputs) {
        const lines = linesOf(output.text);
        const before = seen.get(output.container);
        show(output, before ? linesAfter(before, lines) : isFirst ? lines.slice(-tail) : lines);
        seen.set(output.container, lines);
      }
      isFirst = isAwaited = false;
    } catch (error) {
      const reason = absence(error);
      if (isFirst || reason === undefined) throw error;
      if (!isAwaited) say(`${of} ${reason}; waiting for it, Ctrl-C ends`);
      isAwaited = true;
    }
    await sleep(pollMs);
  }
}

/** Why nothing can be told just now; `undefined` for an answer that stays. */
function absence(error: unknown): string | undefined {
  if (isAway(error)) return 'does not answer now';
  const { details } = error as { details?: string };
  return /^the engine of this device: /.test(details ?? '') ? `says: ${details}` : undefined;
}

/**
 * The lines of `now` that came after those of `before`: both are ends of one output, and where it is long the first line of `now` may be
 * the end of one. Where it only repeats itself and is too long to be asked for as a whole, less is shown than came.
 */
export function linesAfter(before: readonly string[], now: readonly string[]): readonly string[] {
  if (before.length <= now.length && isSame(before, now, true)) return now.slice(before.length);
  for (let end = now.length; end > 0; end--) {
    const common = Math.min(before.length, end);
    if (isSame(before.slice(before.length - common), now.slice(end - common, end), end === common)) return now.slice(end);
  }
  return now;
}

/** Line by line; where `b` may have been cut, the end of its first line is enough. */
function isSame(a: readonly string[], b: readonly string[], isCut: boolean): boolean {
  return a.length > 0 && a.every((line, index) => line === b[index] || (index === 0 && isCut && isEnd(b[0]!, line)));
}

function isEnd(end: string, line: string): boolean {
  return end.length >= SHORTEST_END && line.endsWith(end);
}

function print({ container, ...rest }: ContainerOutput, lines: readonly string[], isJson: boolean, io: Io): void {
  for (const line of lines) io.out(isJson ? JSON.stringify({ container, service: rest.service, line }) : `${container}  ${line}`);
}

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

function nameOf({ app, service }: OutputWish): string {
  return service === '' ? app : `${service} of ${app}`;
}
