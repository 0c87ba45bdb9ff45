/** What each action costs in gas, printed as a table and held below a bound. Whole transactions, on our own VM. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeFunctionData, keccak256 } from 'viem';
import type { Address } from '../../runtime/ports/index.ts';
import { artifactOf, type Contract, deploy, hex, type Machine } from '../support/contract.ts';
import { ownMachine } from '../support/machine.ts';
import { actor, appName, byQuorum, manifest, releaseHash } from './actors.ts';

const s = suite('Fleet: gas');
/** The most that one transaction may have (EIP-7825). */
const TRANSACTION_LIMIT = 16_777_216;
const TERMS = { healthWindow: 60n, expiresAt: 0n, canary: 0, inPercent: false, labels: [] as string[] };
const APP = appName('hello');

interface Fleet {
  readonly machine: Machine;
  readonly fleet: Contract;
  readonly devices: readonly Address[];
}

function deviceOf(index: number): Address {
  return `0x${(0xd00000 + index).toString(16).padStart(40, '0')}`;
}

async function fleetOf(count: number): Promise<Fleet> {
  const machine = await ownMachine();
  const fleet = await deploy(machine, artifactOf('Fleet'), actor('A'), [[actor('A'), actor('B'), actor('C')], 2]);
  const devices = Array.from({ length: count }, (_, index) => deviceOf(index));
  await byQuorum({ machine, fleet }, 'A', 'setEnrolment', [false]);
  for (let from = 0; from < count; from += 50) {
    const some = devices.slice(from, from + 50);
    await fleet.send(
      actor('A'),
      'enrol',
      some,
      some.map((_, index) => `pad-${from + index}`),
    );
  }
  return { machine, fleet, devices };
}

async function roll({ fleet }: Fleet, revision: bigint, size = 400): Promise<void> {
  await fleet.send(actor('A'), 'propose', APP, manifest(size + Number(revision)), 60n);
  await fleet.send(actor('B'), 'approve', APP, revision, await releaseHash(fleet, 'hello', Number(revision)));
}

const attest = (on: Fleet, device: number, revision = 1n, healthy = true) =>
  on.fleet.send(on.devices[device]!, 'attest', APP, revision, healthy, healthy ? '' : 'web: its health check fails');

/** Action, what it is measured on, and the bound. */
const rows: [action: string, most: number, measure: () => Promise<{ gasUsed: bigint }>][] = [
  ['enrol one device', 200_000, async () => (await fleetOf(0)).fleet.send(actor('A'), 'enrol', [deviceOf(1)], ['pad-1'])],
  [
    'enrol 50 devices',
    6_500_000,
    async () => {
      const accounts = Array.from({ length: 50 }, (_, index) => deviceOf(index));
      const names = accounts.map((_, index) => `pad-${index}`);
      return (await fleetOf(0)).fleet.send(actor('A'), 'enrol', accounts, names);
    },
  ],
  ['propose 400 bytes', 600_000, async () => (await fleetOf(4)).fleet.send(actor('A'), 'propose', APP, manifest(400), 60n)],
  ['propose 4 KiB', 1_500_000, async () => (await fleetOf(4)).fleet.send(actor('A'), 'propose', APP, manifest(4096), 60n)],
  [
    'propose 64 KiB, the limit',
    TRANSACTION_LIMIT,
    async () => (await fleetOf(4)).fleet.send(actor('A'), 'propose', APP, manifest(65_536), 60n),
  ],
  [
    'approve, and so start',
    280_000,
    async () => {
      const { fleet } = await fleetOf(4);
      await fleet.send(actor('A'), 'propose', APP, manifest(400), 60n);
      return fleet.send(actor('B'), 'approve', APP, 1n, await releaseHash(fleet, 'hello', 1));
    },
  ],
  [
    'approve, and draw 50 of 500 devices',
    7_000_000,
    async () => {
      const { fleet } = await fleetOf(500);
      await fleet.send(actor('A'), 'proposeWith', APP, manifest(400), { ...TERMS, canary: 10, inPercent: true }, '');
      return fleet.send(actor('B'), 'approve', APP, 1n, await releaseHash(fleet, 'hello', 1));
    },
  ],
  [
    'approve, and find 500 devices by a label',
    4_000_000,
    async () => {
      const { fleet } = await fleetOf(500);
      await fleet.send(actor('A'), 'proposeWith', APP, manifest(400), { ...TERMS, labels: [appName('site=berlin')] }, '');
      return fleet.send(actor('B'), 'approve', APP, 1n, await releaseHash(fleet, 'hello', 1));
    },
  ],
  [
    'attest, the first vote',
    100_000,
    async () => {
      const on = await fleetOf(4);
      await roll(on, 1n);
      return attest(on, 0);
    },
  ],
  [
    'attest, and so promote',
    140_000,
    async () => {
      const on = await fleetOf(4);
      await roll(on, 1n);
      for (const device of [0, 1]) await attest(on, device);
      return attest(on, 2);
    },
  ],
  [
    'attest, and so promote over another',
    160_000,
    async () => {
      const on = await fleetOf(4);
      await roll(on, 1n);
      for (const device of [0, 1, 2]) await attest(on, device);
      await roll(on, 2n);
      for (const device of [0, 1]) await attest(on, device, 2n);
      return attest(on, 2, 2n);
    },
  ],
  [
    'attest unhealthy, and so roll back',
    140_000,
    async () => {
      const on = await fleetOf(4);
      await roll(on, 1n);
      await attest(on, 0, 1n, false);
      return attest(on, 1, 1n, false);
    },
  ],
  [
    'attest as one of 500 devices',
    100_000,
    async () => {
      const on = await fleetOf(500);
      await roll(on, 1n);
      return attest(on, 250);
    },
  ],
  [
    'expire',
    100_000,
    async () => {
      const on = await fleetOf(4);
      await roll(on, 1n);
      on.machine.timestamp += 60n;
      return on.fleet.send(actor('X'), 'expire', APP);
    },
  ],
  [
    'approve a revocation during a rollout',
    200_000,
    async () => {
      const on = await fleetOf(4);
      await roll(on, 1n);
      await attest(on, 0);
      const call = encodeFunctionData({ abi: artifactOf('Fleet').abi, functionName: 'revoke', args: [on.devices[0]] });
      await on.fleet.send(actor('A'), 'proposeAction', call);
      return on.fleet.send(actor('B'), 'approveAction', 2n, keccak256(call));
    },
  ],
  [
    'log 1 KiB',
    70_000,
    async () => {
      const on = await fleetOf(4);
      return on.fleet.send(on.devices[0]!, 'log', APP, 1n, 1, hex(new Uint8Array(1024).fill(0x61)));
    },
  ],
  [
    'approve that one makes blocks',
    260_000,
    async () => {
      const on = await fleetOf(4);
      const args = [on.devices[0], appName('key'), 10n];
      const call = encodeFunctionData({ abi: artifactOf('Fleet').abi, functionName: 'setValidator', args });
      await on.fleet.send(actor('A'), 'proposeAction', call);
      return on.fleet.send(actor('B'), 'approveAction', 2n, keccak256(call));
    },
  ],
];

const measured: [action: string, gas: number][] = [];

for (const [action, most, measure] of rows) {
  s(`${action}: at most ${most}`, async () => {
    const gas = Number((await measure()).gasUsed);
    measured.push([action, gas]);
    assert.ok(gas <= most, `${gas}`);
    assert.ok(gas > most / 3, `the bound is far above ${gas}`);
  });
}

s('its code is below 24,576 bytes (EIP-170)', () => {
  for (const name of ['Fleet', 'Membership']) {
    const { deployedBytecode } = artifactOf(name) as unknown as { deployedBytecode: string };
    const bytes = deployedBytecode.length / 2 - 1;
    measured.push([`code of ${name}, bytes`, bytes]);
    assert.ok(bytes <= 24_576, `${name}: ${bytes}`);
  }
});

s.after(() => {
  console.log('\n');
  for (const [action, gas] of measured)
    console.log(`  ${action.padEnd(42)} ${gas.toLocaleString('en').padStart(11)}${action.startsWith('code') ? '' : ' gas'}`);
});

s.run();
