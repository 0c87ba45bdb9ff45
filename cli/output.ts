import { keccak256 } from 'viem';
import { bytesToHex } from '../runtime/bytes.ts';
import type { Address } from '../runtime/ports/index.ts';
import { outputOrderHash } from '../runtime/service/order.ts';
import type { ContainerOutput } from '../runtime/service/output.ts';
import { Exit, Failure, type Input, type Io } from './command.ts';
import { type Connection, readFleet } from './fleet/connection.ts';
import { type DeviceRecord, findDevice } from './fleet/devices.ts';
import { operatorKeys } from './fleet/keys.ts';
import { sleep } from './progress.ts';
import { endingSignal } from './signals.ts';
import { printJson } from './tell.ts';

/** An order counts for so long. */
const VALID_SECONDS = 300;
const LOOK_EVERY_MS = 1_000;
/** While following: more than a container prints between two looks. */
const FOLLOWED_LINES = 2_000;

export interface OutputWish {
  readonly app: string;
  /** Empty: of all its services. */
  readonly service: string;
  readonly lines: number;
}

/** Prints what the containers of an app print, as their own device tells it to an operator. Answers the exit code. */
export async function showOutput(connection: Connection, wish: OutputWish, input: Input, io: Io): Promise<number> {
  const ask = await askerOf(connection, wish, input, io);
  const outputs = await ask(wish.lines);
  if (outputs.length === 0 && !input.has('follow')) throw new Failure(`no container of ${nameOf(wish)} is on this device`);
  if (input.has('json') && !input.has('follow')) printJson(io, outputs);
  else for (const output of outputs) print(output, linesOf(output.text), input, io);
  if (input.has('follow')) await follow(ask, outputs, input, io);
  return Exit.ok;
}

type Ask = (lines: number) => Promise<ContainerOutput[]>;

async function askerOf(connection: Connection, { app, service }: OutputWish, input: Input, io: Io): Promise<Ask> {
  const device = await deviceOf(connection, input.text('device'));
  const [operator] = operatorKeys(input, io, connection);
  const to = { chainId: BigInt(connection.chain.id), device: device.account.toLowerCase() as Address };
  const request = connection.client.request as unknown as (call: object) => Promise<ContainerOutput[]>;
  return async (lines) => {
    const until = Math.floor(Date.now() / 1000) + VALID_SECONDS;
    const order = outputOrderHash({ app, service, until }, to, (data) => keccak256(data, 'bytes'));
    const signature = await operator!.signMessage({ message: { raw: bytesToHex(order) } });
    return request({ method: 'classpad_output', params: [app, service, lines, until, signature] });
  };
}

async function deviceOf(connection: Connection, name: string | undefined): Promise<DeviceRecord> {
  if (name !== undefined) return findDevice(connection, name);
  const devices = await readFleet(connection).devices();
  if (devices.length === 1) return devices[0]!;
  throw new Failure('--device NAME is missing: whose containers? --rpc must lead to its own node', Exit.badInput);
}

async function follow(ask: Ask, first: readonly ContainerOutput[], input: Input, io: Io): Promise<void> {
  const ending = endingSignal();
  const seen = new Map(first.map(({ container, text }) => [container, linesOf(text)] as const));
  while (!ending.aborted) {
    await sleep(LOOK_EVERY_MS);
    for (const output of await ask(FOLLOWED_LINES)) {
      const lines = linesOf(output.text);
      print(output, linesAfter(seen.get(output.container) ?? [], lines), input, io);
      seen.set(output.container, lines);
    }
  }
}

/**
 * The lines of `now` that came after those of `before`: both are ends of one output. Where it is too long to be asked for as a whole and
 * only repeats itself, that cannot be told, and less is shown than came.
 */
export function linesAfter(before: readonly string[], now: readonly string[]): readonly string[] {
  if (before.length <= now.length && isSame(before, now)) return now.slice(before.length);
  for (let end = now.length; end > 0; end--) {
    const common = Math.min(before.length, end);
    if (isSame(before.slice(before.length - common), now.slice(end - common, end))) return now.slice(end);
  }
  return now;
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length > 0 && a.every((line, index) => line === b[index]);
}

function print({ container, ...rest }: ContainerOutput, lines: readonly string[], input: Input, io: Io): void {
  for (const line of lines)
    io.out(input.has('json') ? JSON.stringify({ container, service: rest.service, line }) : `${container}  ${line}`);
}

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

function nameOf({ app, service }: OutputWish): string {
  return service === '' ? app : `${service} of ${app}`;
}
