import { fetchText } from '../firmware-bridge/system/fetch-text.ts';
import { hexToBytes } from '../runtime/bytes.ts';
import { engineChainId } from '../runtime/consensus/cometbft.ts';
import {
  askVotesAt,
  type Call,
  createLightClient,
  type LightBlock,
  type LightClient,
  type Provider,
  rpcProvider,
  type Told,
  Undecided,
  whenDecided,
} from '../runtime/light/index.ts';
import { Exit, Failure, type Input, type Option } from './command.ts';
import { sleep } from './progress.ts';
import { durationSeconds, httpUrl, timeText } from './values.ts';

/** Options of every command that checks what validators have agreed on. */
export const lightOptions: Readonly<Record<string, Option>> = {
  trust: { value: 'HEIGHT:HASH', env: 'CLASSPAD_TRUST', help: 'a block of CometBFT that is known to be right' },
  witness: { value: 'URL', many: true, help: 'another node, which must agree' },
  'trusting-period': { value: 'TIME', fallback: '7d', help: 'how long validators can be held to their votes' },
  'clock-drift': { value: 'TIME', fallback: '10s', help: 'how far their clocks may be ahead of this one' },
  sequential: { help: 'check every block instead of skipping' },
};

/** The block after the head may be still on its way. */
const ATTEMPTS = 20;
const PAUSE_MS = 500;

/** A light client of the ledger behind a node's JSON-RPC. Throws {@link Failure}. */
export function lightClient(input: Input, rpc: string, chainId: number): LightClient {
  const { height, hash } = readTrust(input.text('trust'));
  return createLightClient({
    chainId: engineChainId(chainId),
    trust: { height, hash: hexToBytes(`0x${hash}`) },
    primary: providerAt(rpc),
    witnesses: input.list('witness').map((url) => providerAt(httpUrl(url, '--witness'))),
    trustingPeriodMs: durationSeconds(input.text('trusting-period')!, '--trusting-period') * 1000,
    clockDriftMs: durationSeconds(input.text('clock-drift')!, '--clock-drift') * 1000,
    mode: input.has('sequential') ? 'sequential' : 'skipping',
    nowMs: () => Date.now(),
  });
}

/** `HEIGHT:HASH`. Throws {@link Failure}. */
export function readTrust(text: string | undefined): { readonly height: number; readonly hash: string } {
  const match = /^(\d{1,15}):(?:0x)?([0-9a-f]{64})$/i.exec(text ?? '');
  if (match) return { height: Number(match[1]), hash: match[2]!.toLowerCase() };
  throw new Failure(
    '--trust HEIGHT:HASH is missing or has another form: a height of CometBFT, a colon, the 64 digits of its hash',
    Exit.badInput,
  );
}

/** What a node shows of a height, as CometBFT tells it: header, votes and validators. Waits a little where it is not there yet. */
export function askVotes(rpc: string, height: number): Promise<Told> {
  const url = doorOf(rpc);
  return soon(height, rpc, () => askVotesAt(url, height, (target) => answerOf(target)));
}

/** Asks until a height is there. Throws {@link Failure}. */
function soon<T>(height: number | 'latest', name: string, ask: () => Promise<T>): Promise<T> {
  return whenDecided(height, name, ask, { attempts: ATTEMPTS, pause: () => sleep(PAUSE_MS) }).catch((error: Error) => {
    if (!(error instanceof Undecided)) throw error;
    throw new Failure(
      `the validators have not decided height ${height} within ${(ATTEMPTS * PAUSE_MS) / 1000} s, as far as ${name} knows: either it is not there yet, or they stand still, as they do while a third of them is away`,
    );
  });
}

/** Ethereum JSON-RPC of a node. */
export function callerOf(url: string): Call {
  return async (method, params) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    const text = await answerOf(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const { result, error } = JSON.parse(text) as { result?: unknown; error?: { message: string } };
    if (error) throw new Failure(`${url} answers ${method}: ${error.message}`);
    return result;
  };
}

function providerAt(rpc: string): Provider {
  return patient(rpcProvider(doorOf(rpc), (url) => answerOf(url)));
}

/** Where a node shows what its engine tells. */
function doorOf(rpc: string): string {
  return `${rpc.replace(/\/+$/, '')}/cometbft`;
}

/** A height may be on its way, to a witness longer than to the node that told of it. Its failure is a {@link Failure}. */
export function patient(provider: Provider): Provider {
  const { name } = provider;
  return { name, lightBlock: (height) => soon(height, name, () => provider.lightBlock(height)) };
}

/** What a node answers, as text. Throws {@link Failure}, with a hint if it does not. */
export function answerOf(url: string, request: RequestInit = {}, hint = 'is the node running?'): Promise<string> {
  return fetchText(url, request).catch(({ message }: Error) => {
    throw new Failure(message.endsWith('does not answer') ? `${message}; ${hint}` : message);
  });
}

/** Who signed what when, in words. */
export function votesOf({ header, commit }: LightBlock): string {
  const votes = commit.signatures.filter(({ flag }) => flag === 2).length;
  return `height ${header.height} of ${timeText(header.time.seconds)}, signed by ${votes} of ${commit.signatures.length} validators`;
}
