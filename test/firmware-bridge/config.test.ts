import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readConfig } from '../../firmware-bridge/config.ts';
import { root } from '../support/need.ts';

const config = suite('firmware-bridge: config');
const folder = mkdtempSync(join(tmpdir(), 'classpad-config-'));
config.after(() => rmSync(folder, { recursive: true, force: true }));

const FLEET = '0x5FbDB2315678afecb367f032d93F642f64180aa3';
const GENESIS = `genesis:
  chainId: 4400
  timestamp: 1767225600
  gasLimit: 60000000
  baseFee: 0
  sequencer: self
  alloc: {}
`;
const LEAST = `name: pad-1
data: data
fleet: ${FLEET}
${GENESIS}`;

function read(text: string) {
  const path = join(folder, 'node.yaml');
  writeFileSync(path, text);
  return readConfig(path);
}

config('the least that is needed, and what the rest is then', () => {
  const { genesis, ...rest } = read(LEAST);
  assert.equal(rest, {
    name: 'pad-1',
    data: join(folder, 'data'),
    engine: 'unix:///var/run/docker.sock',
    rpc: { listen: { host: '127.0.0.1', port: 8545 }, cors: [], hosts: [] },
    proxy: { listen: { host: '0.0.0.0', port: 8080 } },
    peers: { connect: [] },
    fleet: FLEET.toLowerCase(),
    consensus: 'solo',
    follow: [],
    blockIntervalMs: 1000,
    trailingBlocks: 5,
    archive: false,
    unprotectedTransactions: false,
    trafficIntervalSeconds: 300,
    reconcileIntervalMs: 10_000,
    keepRevisions: 2,
    engineTimeoutMs: 30_000,
    log: 'info',
  });
  assert.equal(genesis, {
    chainId: 4400,
    timestamp: 1_767_225_600,
    gasLimit: 60_000_000,
    baseFee: 0,
    sequencer: 'self',
    alloc: {},
  });
});

config('the example is good', () => {
  const { name, peers, genesis } = readConfig(join(root, 'examples/node.yaml'));
  assert.equal([name, peers.listen, genesis.chainId], ['pad-1', { host: '0.0.0.0', port: 4401 }, 4401]);
  assert.equal(genesis.alloc, { '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266': { balance: '1000000000000000000000' } });
});

config('JSON, and the genesis in a file of its own', () => {
  writeFileSync(
    join(folder, 'genesis.json'),
    JSON.stringify({
      chainId: 1,
      timestamp: 2,
      gasLimit: 3,
      baseFee: 4,
      sequencer: FLEET,
      alloc: { [FLEET]: { nonce: 5, balance: '0x6' } },
    }),
  );
  const { genesis } = read(JSON.stringify({ name: 'pad-1', data: '/d', fleet: FLEET, genesis: 'genesis.json' }));
  assert.equal(genesis, {
    chainId: 1,
    timestamp: 2,
    gasLimit: 3,
    baseFee: 4,
    sequencer: FLEET,
    alloc: { [FLEET]: { nonce: 5, balance: '0x6' } },
  });
});

const with_ = (field: string) => LEAST + field;
const WRONG: readonly [what: string, text: string, sentence: RegExp][] = [
  ['nothing', '', /node\.yaml:1: the file is empty$/],
  ['a list', '- a', /node\.yaml:1: the file must be a table of fields$/],
  ['no YAML', 'name: [', /node\.yaml:1: /],
  ['a field twice', with_('name: pad-2\n'), /node\.yaml:11: .*unique/],
  ['a field nobody knows', with_('privileged: true\n'), /node\.yaml:11: privileged is no field here; there are name, data, /],
  [
    'an inner field nobody knows',
    with_('rpc:\n  port: 1\n'),
    /node\.yaml:12: rpc\.port is no field here; there are listen, cors, hosts$/,
  ],
  ['a missing field', LEAST.replace('name: pad-1\n', ''), /node\.yaml:1: name is missing$/],
  ['a field without a value', LEAST.replace('pad-1', ''), /node\.yaml:1: name must be up to 32|name has no value/],
  ['a bad name', LEAST.replace('pad-1', 'Pad 1'), /node\.yaml:1: name must be up to 32 lower-case letters/],
  ['a bad address', LEAST.replace(FLEET, '0x12'), /node\.yaml:3: fleet must be an address: 0x and 40/],
  [
    'a proxy that is advertised as no address',
    with_('proxy:\n  advertise: pad-1\n'),
    /node\.yaml:12: proxy\.advertise must be an address such as/,
  ],
  [
    'a peer at a port that there is not',
    with_('peers:\n  connect: ["ws://10.0.0.2:99999"]\n'),
    /node\.yaml:12: peers\.connect\[0\] must be an address such as "ws/,
  ],
  [
    'a proxy that is advertised at a port that there is not',
    with_('proxy:\n  advertise: http://10.0.0.2:80800\n'),
    /node\.yaml:12: proxy\.advertise must be an address such as/,
  ],
  ['a bad endpoint', with_('proxy:\n  listen: 8080\n'), /node\.yaml:12: proxy\.listen must be host:port, such as/],
  [
    'a bad engine',
    with_('engine: ssh://host\n'),
    /node\.yaml:11: engine "ssh:\/\/host" is no address of a Docker Engine; write unix:/,
  ],
  ['a Swarm at no address', with_('swarm:\n  init: home\n'), /node\.yaml:12: swarm\.init must be an address of this machine/],
  ['a list that is none', with_('peers:\n  connect: ws://a:1\n'), /node\.yaml:12: peers\.connect must be a list$/],
  [
    'a bad peer',
    with_('peers:\n  connect:\n    - ws://a:1\n    - http://b\n'),
    /node\.yaml:14: peers\.connect\[1\] must be an address such as "ws:/,
  ],
  ['a short secret', with_('peers:\n  secret: abc\n'), /node\.yaml:12: peers\.secret must be at least 16 characters$/],
  ['a bad number', with_('blockIntervalMs: 1s\n'), /node\.yaml:11: blockIntervalMs must be a whole number from 0 to 600000 ms$/],
  ['a bad consensus', with_('consensus: raft\n'), /node\.yaml:11: consensus must be solo, cometbft or follow$/],
  [
    'nobody who decides',
    with_('consensus: follow\n'),
    /node\.yaml:1: genesis\.validators is missing: with consensus follow somebody must/,
  ],
  [
    'a node to follow, by a device that does not',
    with_('follow: ["http://10.0.0.1:8545"]\n'),
    /follow is for devices with consensus: follow$/,
  ],
  [
    'a node to follow that is no address',
    with_('follow: ["ws://a:1"]\n'),
    /node\.yaml:11: follow\[0\] must be the JSON-RPC of a node/,
  ],
  ['a bad level', with_('log: loud\n'), /node\.yaml:11: log must be one of debug, info, warn, error$/],
  ['a bad origin', with_('rpc:\n  cors: [app]\n'), /node\.yaml:12: rpc\.cors\[0\] must be "\*" or an origin/],
  ['no genesis', LEAST.replace(GENESIS, ''), /node\.yaml:1: genesis is missing: the first block/],
  ['a genesis that is incomplete', LEAST.replace('  chainId: 4400\n', ''), /node\.yaml:5: genesis\.chainId is missing$/],
  ['a genesis with too much', LEAST.replace('  alloc', '  miner: x\n  alloc'), /node\.yaml:10: genesis\.miner is no field here/],
  ['a genesis of words', LEAST.replace('4400', 'mainnet'), /node\.yaml:5: genesis\.chainId must be a whole number/],
  [
    'a genesis that is not there',
    LEAST.replace(GENESIS, 'genesis: nowhere.json\n'),
    /node\.yaml:4: genesis cannot be read: .*nowhere\.json: there is no such file$/,
  ],
];
for (const [what, text, sentence] of WRONG) {
  config(`refused: ${what}`, () => {
    assert.throws(
      () => read(text),
      (error: Error) => {
        assert.match(error.message, sentence);
        return error.name === 'ConfigError';
      },
    );
  });
}

config('a file that is not there', () => {
  assert.throws(() => readConfig(join(folder, 'nowhere.yaml')), /nowhere\.yaml: there is no such file$/);
});

config.run();
