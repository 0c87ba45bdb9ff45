import { hexToBytes } from '../../runtime/bytes.ts';
import { engineChainId } from '../../runtime/consensus/cometbft.ts';
import {
  askStanding,
  type Call,
  createLightClient,
  heightOfHead,
  type LightBlock,
  type LightClient,
  nameOf,
  type ProvenStanding,
  rpcProvider,
} from '../../runtime/light/index.ts';
import { type Command, Exit, Failure, type Input } from '../command.ts';
import { progress } from '../progress.ts';
import { printJson } from '../tell.ts';
import { accountAddress, appName, durationSeconds, httpUrl, timeText, wholeNumber } from '../values.ts';

const DEADLINE_MS = 10_000;
const LONGEST_ANSWER = 16 * 1024 * 1024;
/** The block after the head may be still on its way. */
const ATTEMPTS = 20;
const PAUSE_MS = 500;

export const verify: Command = {
  name: 'verify',
  summary: 'check by headers, votes and proofs which revision is active, without believing a node',
  operands: [{ name: 'APP', help: 'the app; without it the newest block alone is checked', optional: true }],
  options: {
    trust: { value: 'HEIGHT:HASH', env: 'CLASSPAD_TRUST', help: 'a block of CometBFT that is known to be right' },
    rpc: { value: 'URL', env: 'CLASSPAD_RPC', fallback: 'http://127.0.0.1:8545', help: 'JSON-RPC of a node of the cluster' },
    witness: { value: 'URL', many: true, help: 'another node, which must agree' },
    fleet: { value: 'ADDRESS', env: 'CLASSPAD_FLEET', help: 'the Fleet contract; without it the node is asked, and believed' },
    chain: { value: 'ID', help: 'number of the ledger; without it the node is asked, and believed' },
    height: { value: 'N', help: 'check this height of CometBFT instead of the newest' },
    'trusting-period': { value: 'TIME', fallback: '7d', help: 'how long validators can be held to their votes' },
    'clock-drift': { value: 'TIME', fallback: '10s', help: 'how far their clocks may be ahead of this one' },
    sequential: { help: 'check every block instead of skipping' },
    json: { help: 'print the outcome as JSON' },
  },
  examples: [
    ['classpad verify hello --trust 1:0x…', 'which revision of hello is active, proven'],
    ['classpad verify hello --trust 1:0x… --witness http://10.0.0.2:8545', 'and another node must show the same'],
  ],
  notes: [
    'Take HEIGHT:HASH from somebody you trust, not from the node that you check: "curl NODE/cometbft/commit" shows it as height and block_id.hash.',
  ],
  async run(input, io) {
    const app = input.operands[0] === undefined ? undefined : appName(input.operands[0], 'APP');
    const rpc = httpUrl(input.text('rpc')!, '--rpc');
    const call = caller(rpc);
    const line = progress(io);
    line.say('asking for headers and votes');
    const config = (await call('classpad_config', [])) as { chainId?: unknown; fleet?: unknown };
    const chainId = wholeNumber(input.text('chain') ?? String(config.chainId), '--chain', 1, 999_999_999);
    const client = clientOf(input, rpc, chainId);
    const block = await newest(client, call, input);
    const fleet = accountAddress(input.text('fleet') ?? String(config.fleet), '--fleet');
    const standing = app === undefined ? undefined : await askStanding(block, call, fleet, app);
    line.end();
    if (input.has('json')) printJson(io, outcomeOf(client, block, standing));
    else for (const text of sentences(client, block, standing)) io.out(text);
    return standing === undefined || standing.active > 0 ? Exit.ok : Exit.failed;
  },
};

function clientOf(input: Input, rpc: string, chainId: number): LightClient {
  const match = /^(\d{1,15}):(?:0x)?([0-9a-f]{64})$/i.exec(input.text('trust') ?? '');
  if (!match) {
    throw new Failure(
      '--trust HEIGHT:HASH is missing or has another form: a height of CometBFT, a colon, the 64 digits of its hash',
      Exit.badInput,
    );
  }
  return createLightClient({
    chainId: engineChainId(chainId),
    trust: { height: Number(match[1]), hash: hexToBytes(`0x${match[2]!.toLowerCase()}`) },
    primary: rpcProvider(`${rpc.replace(/\/+$/, '')}/cometbft`, get),
    witnesses: input.list('witness').map((url) => rpcProvider(`${httpUrl(url, '--witness').replace(/\/+$/, '')}/cometbft`, get)),
    trustingPeriodMs: durationSeconds(input.text('trusting-period')!, '--trusting-period') * 1000,
    clockDriftMs: durationSeconds(input.text('clock-drift')!, '--clock-drift') * 1000,
    mode: input.has('sequential') ? 'sequential' : 'skipping',
    nowMs: () => Date.now(),
  });
}

async function newest(client: LightClient, call: Call, input: Input): Promise<LightBlock> {
  const given = input.text('height');
  if (given !== undefined) return client.verify(wholeNumber(given, '--height', 1, 999_999_999));
  for (let attempt = 1; ; attempt++) {
    const height = await heightOfHead(call);
    try {
      return await client.verify(height);
    } catch (error) {
      const isEarly = /must be less than or equal to the current blockchain height/.test((error as Error).message);
      if (!isEarly || attempt === ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

function sentences(client: LightClient, { header, commit }: LightBlock, standing: ProvenStanding | undefined): string[] {
  const votes = commit.signatures.filter(({ flag }) => flag === 2).length;
  const at = `height ${header.height} of ${timeText(header.time.seconds)}, signed by ${votes} of ${commit.signatures.length} validators`;
  const rejected = client.rejected.length > 0 ? `; false witnesses: ${client.rejected.join(', ')}` : '';
  if (!standing) return [`${at}${rejected}`, nameOf(header)];
  const { app, active, rollingOut, block } = standing;
  const says = active > 0 ? `${app}: revision ${active} is active` : `${app}: no revision is active`;
  const rolls = rollingOut > 0 ? `, revision ${rollingOut} rolls out` : '';
  return [`${says}${rolls}`, `proven in block ${block.header.number}, ${at}${rejected}`];
}

function outcomeOf(client: LightClient, { header }: LightBlock, standing: ProvenStanding | undefined) {
  return {
    height: header.height,
    trust: nameOf(header),
    time: Number(header.time.seconds),
    fetched: client.fetched,
    rejected: client.rejected,
    ...(standing && {
      app: standing.app,
      active: standing.active,
      rollingOut: standing.rollingOut,
      latest: standing.latest,
      manifestHash: standing.manifestHash,
      block: standing.block.header.number,
      blockHash: standing.block.hash,
    }),
  };
}

function caller(url: string): Call {
  return async (method, params) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      signal: AbortSignal.timeout(DEADLINE_MS),
    }).catch(() => {
      throw new Failure(`${url} does not answer; is the node running?`);
    });
    const { result, error } = JSON.parse(await bounded(response)) as { result?: unknown; error?: { message: string } };
    if (error) throw new Failure(`${url} answers ${method}: ${error.message}`);
    return result;
  };
}

async function get(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(DEADLINE_MS) }).catch(() => {
    throw new Failure(`${url} does not answer; is the node running?`);
  });
  return bounded(response);
}

async function bounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > LONGEST_ANSWER) throw new Failure(`${response.url} answers without end`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
