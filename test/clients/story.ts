/** What every client library is asked to do on a node of its own, over HTTP and over WebSocket. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeFunctionData, keccak256, toHex } from 'viem';
import type { Address } from '../../runtime/ports/index.ts';
import { isBuilt, type NodeProcess, nodeProcess, OPERATOR } from '../support/node-process.ts';
import { artifactOf, type Client, type Library, type Told } from './client.ts';
import { Matrix } from './matrix.ts';

const OTHER: Address = `0x${'0b'.repeat(20)}`;
const KEEPER = keccak256(toHex('KEEPER'));
const NO_ENGINE = 'unix:///nowhere/docker.sock';
const SEEN_WITHIN_MS = 30_000;

type Chapter = readonly [name: string, what: string, tell: (client: Client) => Promise<void>];

const chapters: readonly Chapter[] = [
  ['ERC-20', 'deploy, read, transfer, too much', tellCoin],
  ['ERC-721', 'mint, owner, a token that is not', tellBadge],
  ['AccessControl', 'refused, granted, let in', tellGate],
  ['UUPS proxy', 'initialise, count, upgrade, count on', tellCounter],
];
/** Wei per gas: of a ledger that is free, and of one on which gas has its price (EIP-1559). */
export const BASE_FEES = [0, 1_000_000_000] as const;
const EVENTS = 'events, restart';

/** Runs the story as one suite. */
export function story(library: Library): void {
  const matrix = new Matrix(library.name);
  for (const baseFee of BASE_FEES) storyAt(library, baseFee, matrix);
}

/** One ledger's part. The table is printed after the last. */
function storyAt(library: Library, baseFee: number, matrix: Matrix): void {
  const s = suite(`clients: ${library.name}, base fee ${baseFee}`);
  let node: NodeProcess;
  s.before(async () => {
    if (!isBuilt) throw new Error('the node is not built; run: npm run build');
    node = await nodeProcess(NO_ENGINE, { baseFee });
    await node.start();
  });
  s.after(async () => {
    await node.stop();
    node.remove();
    if (baseFee === BASE_FEES.at(-1)) matrix.print();
  });
  for (const scheme of ['http', 'ws']) {
    const row = `${scheme}, base fee ${baseFee}`;
    for (const [name, what, tell] of chapters) {
      s(`${scheme}: ${name}: ${what}`, async () => {
        const client = library.connect(`${scheme}://127.0.0.1:${node.ports.rpc}`);
        await tell(matrix.counting(client, row, name)).finally(() => client.close());
      });
    }
  }
  s('ws: events, across a restart of the node', async () => {
    await watchAcrossRestart(library, node);
    matrix.note(`ws, base fee ${baseFee}`, EVENTS, 'seen before and after');
  });
  s('gas was paid for, and what it cost beyond the tips is gone', () => checkFees(node, baseFee));
  s.run();
}

/** EIP-1559: who sends pays; the sequencer gets the tips; the base fee is burnt. */
async function checkFees(node: NodeProcess, baseFee: number): Promise<void> {
  const head = Number(await node.call('eth_blockNumber'));
  let [burnt, used] = [0n, 0n];
  let miner = '';
  for (let number = 1; number <= head; number++) {
    const block = (await node.call('eth_getBlockByNumber', [toHex(number), false])) as Record<string, string>;
    assert.is(Number(block['baseFeePerGas']), baseFee);
    used += BigInt(block['gasUsed']!);
    burnt += BigInt(block['gasUsed']!) * BigInt(baseFee);
    miner = block['miner']!;
  }
  assert.ok(used > 1_000_000n);
  const balance = async (of: string) => BigInt((await node.call('eth_getBalance', [of, 'latest'])) as string);
  assert.is((await balance(OPERATOR)) + (await balance(miner)) + burnt, 10n ** 21n);
}

async function tellCoin(client: Client): Promise<void> {
  const artifact = artifactOf('Coin');
  const at = await client.deploy(artifact, [OPERATOR, 1000n]);
  const read = (name: string, ...args: unknown[]) => client.read(artifact, at, name, args);
  assert.is(await read('name'), 'Coin');
  assert.is(Number(await read('decimals')), 18);
  assert.is(await read('balanceOf', OPERATOR), 1000n);
  told(await client.send(artifact, at, 'transfer', [OTHER, 400n]), 'Transfer', [OPERATOR, OTHER, 400n]);
  assert.is(await read('balanceOf', OTHER), 400n);
  const refused = await client.refusal(artifact, at, 'transfer', [OTHER, 601n]);
  told([refused], 'ERC20InsufficientBalance', [OPERATOR, 600n, 601n]);
}

async function tellBadge(client: Client): Promise<void> {
  const artifact = artifactOf('Badge');
  const at = await client.deploy(artifact, []);
  told([await client.refusal(artifact, at, 'ownerOf', [42n])], 'ERC721NonexistentToken', [42n]);
  told(await client.send(artifact, at, 'take', [42n]), 'Transfer', [`0x${'00'.repeat(20)}`, OPERATOR, 42n]);
  assert.is(lower(await client.read(artifact, at, 'ownerOf', [42n])), OPERATOR);
}

async function tellGate(client: Client): Promise<void> {
  const artifact = artifactOf('Gate');
  const at = await client.deploy(artifact, [OPERATOR]);
  assert.is(await client.read(artifact, at, 'KEEPER', []), KEEPER);
  told([await client.refusal(artifact, at, 'open', [])], 'AccessControlUnauthorizedAccount', [OPERATOR, KEEPER]);
  told(await client.send(artifact, at, 'grantRole', [KEEPER, OPERATOR]), 'RoleGranted', [KEEPER, OPERATOR, OPERATOR]);
  told(await client.send(artifact, at, 'open', []), 'Opened', [OPERATOR, 1n]);
}

async function tellCounter(client: Client): Promise<void> {
  const artifact = artifactOf('Counter');
  const at = await deployCounter(client);
  const read = (name: string) => client.read(artifact, at, name, []);
  assert.is(await read('version'), 1n);
  told(await client.send(artifact, at, 'add', [5n]), 'Counted', [5n]);
  told([await client.refusal(artifact, at, 'initialize', [OTHER])], 'InvalidInitialization', []);
  told([await client.refusal(artifact, at, 'upgradeToAndCall', [at, '0x'])], 'ERC1967InvalidImplementation', [at.toLowerCase()]);
  const second = await client.deploy(artifactOf('CounterTwo'), []);
  told(await client.send(artifact, at, 'upgradeToAndCall', [second, '0x']), 'Upgraded', [second]);
  assert.is(await read('version'), 2n);
  told(await client.send(artifact, at, 'add', [1n]), 'Counted', [6n]);
}

async function watchAcrossRestart(library: Library, node: NodeProcess): Promise<void> {
  const artifact = artifactOf('Counter');
  const writer = library.connect(`http://127.0.0.1:${node.ports.rpc}`);
  const watcher = library.connect(`ws://127.0.0.1:${node.ports.rpc}`);
  const at = await deployCounter(writer);
  const seen: unknown[] = [];
  await watcher.watch(artifact, at, 'Counted', ([count]) => seen.push(count));
  await writer.send(artifact, at, 'add', [1n]);
  await until(() => seen.includes(1n), 'the event before the restart');
  await node.kill();
  await node.start();
  // A client comes back in its own time; what was counted meanwhile does not matter, what is counted then does.
  let count = 1n;
  await until(async () => {
    await writer.send(artifact, at, 'add', [1n]);
    count += 1n;
    return seen.some((value) => (value as bigint) > 1n);
  }, 'an event after the restart');
  assert.ok(seen.every((value) => (value as bigint) <= count));
  assert.is(new Set(seen).size, seen.length, 'an event came twice');
  await Promise.all([writer.close(), watcher.close()]);
}

async function deployCounter(client: Client): Promise<Address> {
  const artifact = artifactOf('Counter');
  const target = await client.deploy(artifact, []);
  const call = encodeFunctionData({ abi: artifact.abi, functionName: 'initialize', args: [OPERATOR] });
  return client.deploy(artifactOf('CounterProxy'), [target, call]);
}

function told(events: readonly Told[], name: string, args: readonly unknown[]): void {
  const found = events.find((event) => event.name === name);
  assert.ok(found, `${name} was not told; there were: ${events.map((event) => event.name).join(', ') || 'none'}`);
  assert.equal([...found.args].map(lower), args);
}

/** Libraries write addresses in mixed case. */
function lower(value: unknown): unknown {
  return typeof value === 'string' ? value.toLowerCase() : value;
}

async function until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const endMs = Date.now() + SEEN_WITHIN_MS;
  while (!(await isSo())) {
    if (Date.now() > endMs) throw new Error(`${what} did not come within ${SEEN_WITHIN_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
