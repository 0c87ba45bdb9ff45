import { keepHeapSmall } from '../../firmware-bridge/system/heap.ts';
import { type Command, Exit, Failure } from '../command.ts';
import { version } from '../root.ts';

export const node: Command = {
  name: 'node',
  summary: 'run this machine as a device of a fleet',
  operands: [],
  options: {
    config: { value: 'FILE', env: 'CLASSPAD_CONFIG', help: 'what this node is, in YAML or JSON' },
    join: { value: 'FILE', env: 'CLASSPAD_JOIN', help: 'a one-time token: the device enrols itself by it, once' },
    swarm: { help: "run the site's releases as services of Docker's Swarm mode, of which this engine is a manager" },
    'swarm-init': { value: 'ADDRESS', help: 'begin a Swarm at this address of the machine, if its engine is in none' },
    'low-memory': { help: 'take some megabytes less memory and collect garbage more often: for small boards' },
    archive: { help: 'keep the states of all blocks, and not only those of the last 128' },
    'trust-clock': {
      help: 'the clock of this machine is right, although it is far ahead of all that was seen before: make blocks',
    },
    cometbft: { value: 'PATH', env: 'CLASSPAD_COMETBFT', help: 'where CometBFT is, for a node of a cluster' },
  },
  examples: [
    ['classpad node --config examples/node.yaml', 'a node on plain Linux; the file explains itself'],
    ['classpad node --config node.yaml --join pad-5.token', 'the first start of an invited device'],
    ['classpad node --config node.yaml --swarm', "one of a site's machines; its managers elect the one that acts"],
    ['classpad node --config node.yaml 2>> node.log', 'one line of log per happening'],
  ],
  notes: [
    'It follows the ledger, runs what the fleet wants on the Docker Engine, and serves it. SIGTERM ends it; containers keep running.',
  ],
  async run(input, io) {
    const config = input.text('config');
    if (!config) throw new Failure('--config FILE is missing; examples/node.yaml is one to begin with', Exit.badInput);
    // First: what is loaded after it makes the heap grow.
    const onServing = keepHeapSmall(input.has('low-memory'));
    const { ConfigError, runUntilSignal } = await import('../../firmware-bridge/main.ts');
    const { openEngine } = await import('../engine.ts');
    try {
      const binary = input.text('cometbft');
      const swarm = await swarmOf(input.has('swarm'), input.text('swarm-init'));
      const join = input.text('join');
      const token = join === undefined ? undefined : (await import('../fleet/keys.ts')).readToken(join, io);
      return await runUntilSignal(config, version, (line) => io.err(line), {
        openEngine,
        onServing,
        ...(swarm && { swarm }),
        ...(input.has('archive') && { archive: true }),
        ...(input.has('trust-clock') && { trustClock: true }),
        ...(binary && { binary }),
        ...(token && { token }),
      });
    } catch (error) {
      throw error instanceof ConfigError ? new Failure(error.message, Exit.badInput) : error;
    }
  },
};

async function swarmOf(isOn: boolean, init: string | undefined): Promise<{ readonly init?: string } | undefined> {
  if (init === undefined) return isOn ? {} : undefined;
  const { SWARM_ADDRESS } = await import('../../firmware-bridge/config.ts');
  if (SWARM_ADDRESS.test(init)) return { init };
  throw new Failure(`--swarm-init: "${init}" is no address of this machine; write one such as 10.0.0.1`, Exit.badInput);
}
