import {
  askStanding,
  heightOfHead,
  type LightBlock,
  type LightClient,
  nameOf,
  type ProvenStanding,
} from '../../runtime/light/index.ts';
import { type Command, Exit, Failure } from '../command.ts';
import { callerOf, lightClient, lightOptions, readTrust, votesOf } from '../light.ts';
import { progress } from '../progress.ts';
import { printJson } from '../tell.ts';
import { accountAddress, appName, httpUrl, wholeNumber } from '../values.ts';

export const verify: Command = {
  name: 'verify',
  summary: 'check by headers, votes and proofs which revision is active, without believing a node',
  operands: [{ name: 'APP', help: 'the app; without it the newest block alone is checked', optional: true }],
  options: {
    rpc: { value: 'URL', env: 'CLASSPAD_RPC', fallback: 'http://127.0.0.1:8545', help: 'JSON-RPC of a node of the cluster' },
    ...lightOptions,
    fleet: { value: 'ADDRESS', env: 'CLASSPAD_FLEET', help: 'the Fleet contract; without it the node is asked, and believed' },
    chain: { value: 'ID', help: 'number of the ledger; without it the node is asked, and believed' },
    height: { value: 'N', help: 'check this height of CometBFT instead of the newest' },
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
    readTrust(input.text('trust'));
    const call = callerOf(rpc);
    const line = progress(io);
    const config = (await call('classpad_config', [])) as { chainId?: unknown; fleet?: unknown; validators?: unknown };
    if (!config.validators)
      throw new Failure(
        `the blocks of ${rpc} bear one device's seal and no votes; check them with: classpad audit`,
        Exit.badInput,
      );
    line.say('asking for headers and votes');
    const chainId = wholeNumber(input.text('chain') ?? String(config.chainId), '--chain', 1, 999_999_999);
    const client = lightClient(input, rpc, chainId);
    const given = input.text('height');
    const height = given === undefined ? undefined : wholeNumber(given, '--height', 1, 999_999_999);
    const block = await client.verify(height ?? (await heightOfHead(call)));
    const fleet = accountAddress(input.text('fleet') ?? String(config.fleet), '--fleet');
    const standing = app === undefined ? undefined : await askStanding(block, call, fleet, app);
    line.end();
    if (input.has('json')) printJson(io, outcomeOf(client, block, standing));
    else for (const text of sentences(client, block, standing)) io.out(text);
    return standing === undefined || standing.active > 0 ? Exit.ok : Exit.failed;
  },
};

function sentences(client: LightClient, block: LightBlock, standing: ProvenStanding | undefined): string[] {
  const rejected = client.rejected.length > 0 ? `; false witnesses: ${client.rejected.join(', ')}` : '';
  const at = `${votesOf(block)}${rejected}`;
  if (!standing) return [at, nameOf(block.header)];
  const { app, active, rollingOut } = standing;
  const says = active > 0 ? `${app}: revision ${active} is active` : `${app}: no revision is active`;
  const rolls = rollingOut > 0 ? `, revision ${rollingOut} rolls out` : '';
  return [`${says}${rolls}`, `proven in block ${standing.block.header.number}, ${at}`];
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
