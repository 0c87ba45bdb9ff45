import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { artifacts, network } from 'hardhat';
import {
  type Abi,
  type Address,
  type BaseError,
  ContractFunctionRevertedError,
  createPublicClient,
  encodeFunctionData,
  keccak256,
  toHex,
  webSocket,
  zeroAddress,
} from 'viem';

const OTHER = '0x0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b';
const KEEPER = keccak256(toHex('KEEPER'));
const SEEN_WITHIN_MS = 60_000;

describe('OpenZeppelin', async () => {
  const { viem } = await network.create();
  const [owner] = await viem.getWalletClients();
  // Blocks are there in a tenth of a second; on a network that is not Hardhat's own it would ask every four.
  const reader = await viem.getPublicClient({ pollingInterval: 100 });
  const client = { client: { public: reader } };
  const me = owner.account.address;
  const done = async (hash: Promise<`0x${string}`>) => reader.waitForTransactionReceipt({ hash: await hash });

  it('ERC-721: mint, owner, a token that is not', async () => {
    const badge = await viem.deployContract('Badge', [], client);
    await refused(badge.read.ownerOf([42n]), 'ERC721NonexistentToken', [42n]);
    await done(badge.write.take([42n]));
    assert.equal((await badge.read.ownerOf([42n])).toLowerCase(), me);
    const [{ args }] = await badge.getEvents.Transfer({}, { fromBlock: 0n });
    assert.deepEqual([args.from, args.to?.toLowerCase(), args.tokenId], [zeroAddress, me, 42n]);
  });

  it('AccessControl: refused, granted, let in', async () => {
    const gate = await viem.deployContract('Gate', [me], client);
    await refused(gate.simulate.open({ account: owner.account }), 'AccessControlUnauthorizedAccount', [me, KEEPER]);
    await done(gate.write.grantRole([KEEPER, me]));
    await done(gate.write.open());
    const [{ args }] = await gate.getEvents.Opened({}, { fromBlock: 0n });
    assert.deepEqual(Object.values(args).map(lower), [me, 1n]);
  });

  it('UUPS proxy: initialise, count, upgrade, count on', async () => {
    const counter = await deployCounter();
    assert.equal(await counter.read.version(), 1n);
    await done(counter.write.add([5n]));
    await refused(counter.simulate.initialize([OTHER], { account: owner.account }), 'InvalidInitialization', []);
    const itself = counter.simulate.upgradeToAndCall([counter.address, '0x'], { account: owner.account });
    await refused(itself, 'ERC1967InvalidImplementation', [counter.address.toLowerCase()]);
    const second = await viem.deployContract('CounterTwo', [], client);
    await done(counter.write.upgradeToAndCall([second.address, '0x']));
    assert.equal(await counter.read.version(), 2n);
    await done(counter.write.add([1n]));
    assert.equal((await counter.getEvents.Counted({ count: undefined } as never, { fromBlock: 0n })).length, 2);
  });

  it('events over WebSocket, across a restart of the node', async () => {
    const counter = await deployCounter();
    const { abi } = await artifacts.readArtifact('Counter');
    const transport = webSocket(process.env['CLASSPAD_WS'], {
      reconnect: { attempts: 100, delay: 500 },
      keepAlive: { interval: 1_000 },
    });
    const watcher = createPublicClient({ transport });
    const seen: bigint[] = [];
    const stop = watcher.watchContractEvent({
      address: counter.address as Address,
      abi: abi as Abi,
      eventName: 'Counted',
      onLogs: (logs) => seen.push(...logs.map((log) => Object.values((log as unknown as { args: object }).args)[0] as bigint)),
      onError: () => {},
    });
    await watcher.getBlockNumber();
    await done(counter.write.add([1n]));
    await until(() => seen.includes(1n), 'the event before the restart');
    assert.equal((await fetch(process.env['CLASSPAD_RESTART'] ?? '', { method: 'POST' })).status, 200);
    await until(async () => {
      await done(counter.write.add([1n]));
      return seen.some((count) => count > 1n);
    }, 'an event after the restart');
    assert.equal(new Set(seen).size, seen.length, 'an event came twice');
    stop();
    (await (transport({}) as unknown as { value: { getRpcClient(): Promise<{ close(): void }> } }).value.getRpcClient()).close();
  });

  async function deployCounter() {
    const target = await viem.deployContract('Counter', [], client);
    const call = encodeFunctionData({ abi: target.abi, functionName: 'initialize', args: [me] });
    const proxy = await viem.deployContract('CounterProxy', [target.address, call], client);
    return viem.getContractAt('Counter', proxy.address);
  }
});

/** The custom error and its arguments, as viem decodes them. */
async function refused(attempt: Promise<unknown>, name: string, args: readonly unknown[]): Promise<void> {
  await assert.rejects(attempt, (error: BaseError) => {
    const { data } = error.walk((cause) => cause instanceof ContractFunctionRevertedError) as ContractFunctionRevertedError;
    assert.deepEqual([data?.errorName, (data?.args ?? []).map(lower)], [name, args]);
    return true;
  });
}

function lower(value: unknown): unknown {
  return typeof value === 'string' ? value.toLowerCase() : value;
}

async function until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const endMs = Date.now() + SEEN_WITHIN_MS;
  while (!(await isSo())) {
    assert.ok(Date.now() < endMs, `${what} did not come`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
