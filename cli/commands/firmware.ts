import { hexToString, stringToHex, toHex } from 'viem';
import { hexToBytes } from '../../runtime/bytes.ts';
import type { Terms } from '../../runtime/contracts/proposal.ts';
import {
  encodeSoftware,
  isSoftware,
  parseSoftware,
  SOFTWARE_APPS,
  type SoftwareManifest,
} from '../../runtime/manifest/firmware.ts';
import { compareVersions } from '../../runtime/update/version.ts';
import { type Command, Exit, Failure, type Input, type Io } from '../command.ts';
import { termOptions, termsOf } from '../draft.ts';
import { fleetAbi } from '../fleet/abi.ts';
import { type Connection, connect, connectionOptions, demandFleet, readFleet } from '../fleet/connection.ts';
import { keyOptions, operatorKeys } from '../fleet/keys.ts';
import { propose } from '../fleet/transactions.ts';
import { type Progress, progress } from '../progress.ts';
import { type Bundle, bring, readBundle } from '../software.ts';
import { tell } from '../tell.ts';
import { labelText } from '../values.ts';
import { approveAndFollow } from './deploy.ts';

/** Who carries such a label has slots that take software (contracts/fleet/Targets.sol). */
const BOARD = 'board=';

export const firmware: Command = {
  name: 'firmware',
  summary: "release the devices' own software: firmware, or a system with its kernel",
  operands: [
    { name: 'ACTION', help: 'propose, or check: what a bundle says of itself' },
    { name: 'BUNDLE', help: 'a file .firmware or .raucb that "npm run image" made' },
  ],
  options: {
    with: { value: 'BUNDLE', many: true, help: 'bundles of the same version for further boards' },
    to: { value: 'URL', many: true, help: 'nodes that are given the bundle, by the port of their peers: http://10.0.0.2:4401' },
    ...connectionOptions,
    ...keyOptions,
    ...termOptions,
    'no-wait': { help: 'return as soon as it rolls out' },
    json: { help: 'print the outcome as JSON' },
  },
  examples: [
    [
      'classpad firmware propose classpad-0.2.0.firmware --canary 1 --to http://pad-1:4401 --key alice.key',
      'one device tries it first',
    ],
    ['classpad firmware propose classpad-qemu-x86_64-0.2.0.raucb --to http://pad-1:4401', 'a whole system'],
  ],
  notes: [
    'The ledger names the hash of each bundle and the key that signed it; the devices hold what they fetch against both, and against the ' +
      'keys they trust by themselves. They fetch from one another, or from a stick. Exit code 0 only if the release is active.',
    'Software is for devices that carry a label board=NAME; no other runs it or judges it. A system goes to the boards it is made for.',
  ],
  async run(input, io) {
    const [action, first] = input.operands;
    const bundles = [first!, ...input.list('with')].map(readBundle);
    const manifest = manifestOf(bundles);
    if (action === 'check') return checked(input, io, manifest);
    if (action !== 'propose') throw new Failure(`there is no action "${action}"; there are propose and check`, Exit.badInput);
    const terms = forBoards(termsOf(input), manifest);
    const connection = await connect(input);
    const keys = operatorKeys(input, io, connection);
    await demandFleet(connection);
    const app = stringToHex(SOFTWARE_APPS[manifest.kind], { size: 32 });
    await demandBoard(connection, terms.labels);
    await demandNewer(connection, app, manifest);
    const line = progress(io);
    line.say(`${manifest.kind} ${manifest.version}: proposing as ${keys[0]!.address}`);
    const release = { app, manifest: toHex(encodeSoftware(manifest)), terms, notes: input.text('notes')! };
    const proposed = await propose(connection, keys[0]!, release);
    await bringAll(bundles, input.list('to'), line);
    return approveAndFollow(connection, proposed, keys, line, input, io);
  },
};

/** One release of all the bundles. Throws {@link Failure} if they do not belong together. */
function manifestOf(bundles: readonly Bundle[]): SoftwareManifest {
  const [{ kind, version, signer }] = bundles as readonly [Bundle];
  const other = bundles.find((bundle) => bundle.kind !== kind || bundle.version !== version || bundle.signer !== signer);
  if (other)
    throw new Failure(
      `${other.path} is ${other.kind} ${other.version}; one release has one kind, one version and one key`,
      Exit.badInput,
    );
  const payloads = Object.fromEntries(bundles.map(({ board, sha256, bytes }) => [board, { sha256, bytes }]));
  return { kind, version, signer, payloads };
}

function checked(input: Input, io: Io, manifest: SoftwareManifest): number {
  const boards = Object.entries(manifest.payloads).map(([board, { bytes }]) => `${board} ${bytes} bytes`);
  tell(input, io, `${manifest.kind} ${manifest.version} for ${boards.join(', ')}, signed by ${manifest.signer}`, manifest);
  return Exit.ok;
}

/** A system for one kind of board goes to those alone: all others would vote against what is not for them. */
function forBoards(terms: Terms, { kind, payloads }: SoftwareManifest): Terms {
  const [board, other] = Object.keys(payloads);
  const isSaid = terms.labels.some((label) => label.startsWith(BOARD));
  if (kind !== 'os' || isSaid || board === undefined || other !== undefined) return terms;
  return { ...terms, labels: [...terms.labels, labelText(`${BOARD}${board}`)] };
}

/** The ledger has software judged by boards alone; without any it could only end by its window. */
async function demandBoard({ client, fleet, ...connection }: Connection, wanted: Terms['labels']): Promise<void> {
  for (const { account } of await readFleet({ client, fleet, ...connection }).devices()) {
    const asked = { address: fleet, abi: fleetAbi, functionName: 'labels', args: [account] } as const;
    const labels = (await client.readContract(asked)).map((word) => hexToString(word, { size: 32 }));
    if (labels.some((label) => label.startsWith(BOARD)) && wanted.every((label) => labels.includes(label))) return;
  }
  const also = wanted.join(', ');
  throw new Failure(
    `no enrolled device takes this release: ${also ? `none carries ${also}` : 'none carries a label board=NAME'}; ` +
      'a board says what it is when it is invited: classpad invite NAME --label board=qemu-x86_64',
    Exit.badInput,
  );
}

/** Devices refuse to go back; so it is not even proposed. */
async function demandNewer(connection: Connection, app: `0x${string}`, { kind, version }: SoftwareManifest): Promise<void> {
  const fleet = readFleet(connection);
  const active = await fleet.active(app);
  if (active === 0n) return;
  const asked = { address: connection.fleet, abi: fleetAbi, functionName: 'manifest', args: [app, active] } as const;
  const bytes = hexToBytes(await connection.client.readContract(asked));
  const current = isSoftware(bytes) ? parseSoftware(bytes).version : undefined;
  if (current === undefined || compareVersions(version, current) > 0) return;
  const name = SOFTWARE_APPS[kind];
  throw new Failure(
    current === version
      ? `${kind} ${version} is active already; another content needs another version`
      : `${kind} ${version} is older than ${current}, which is active; go back with: classpad rollback ${name}`,
    Exit.badInput,
  );
}

async function bringAll(bundles: readonly Bundle[], urls: readonly string[], line: Progress): Promise<void> {
  for (const url of urls) {
    for (const bundle of bundles) {
      await bring(bundle, url, (percent) => line.say(`bringing ${bundle.path} to ${url}: ${percent} %`));
    }
  }
}
