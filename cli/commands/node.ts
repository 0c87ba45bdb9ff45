import { ConfigError, runUntilSignal } from '../../firmware-bridge/main.ts';
import { type Command, Exit, Failure } from '../command.ts';
import { openEngine } from '../engine.ts';
import { readToken } from '../fleet/keys.ts';
import { version } from '../root.ts';

export const node: Command = {
  name: 'node',
  summary: 'run this machine as a device of a fleet',
  operands: [],
  options: {
    config: { value: 'FILE', env: 'CLASSPAD_CONFIG', help: 'what this node is, in YAML or JSON' },
    join: { value: 'FILE', env: 'CLASSPAD_JOIN', help: 'a one-time token: the device enrols itself by it, once' },
    cometbft: { value: 'PATH', env: 'CLASSPAD_COMETBFT', help: 'where CometBFT is, for a node of a cluster' },
  },
  examples: [
    ['classpad node --config examples/node.yaml', 'a node on plain Linux; the file explains itself'],
    ['classpad node --config node.yaml --join pad-5.token', 'the first start of an invited device'],
    ['classpad node --config node.yaml 2>> node.log', 'one line of log per happening'],
  ],
  notes: [
    'It follows the ledger, runs what the fleet wants on the Docker Engine, and serves it. SIGTERM ends it; containers keep running.',
  ],
  async run(input, io) {
    const config = input.text('config');
    if (!config) throw new Failure('--config FILE is missing; examples/node.yaml is one to begin with', Exit.badInput);
    try {
      const binary = input.text('cometbft');
      const join = input.text('join');
      const token = join === undefined ? undefined : readToken(join, io);
      return await runUntilSignal(config, version, (line) => io.err(line), {
        openEngine,
        ...(binary && { binary }),
        ...(token && { token }),
      });
    } catch (error) {
      throw error instanceof ConfigError ? new Failure(error.message, Exit.badInput) : error;
    }
  },
};
