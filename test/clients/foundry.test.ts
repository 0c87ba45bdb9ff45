/** Foundry's cast and forge, unmodified, on nodes of ours. `npm run foundry` installs them (140 MB). */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Address, Hex } from '../../runtime/ports/index.ts';
import { need, root } from '../support/need.ts';
import { type NodeProcess, nodeProcess, OPERATOR, OPERATOR_KEY } from '../support/node-process.ts';
import { BASE_FEES } from './story.ts';

const PROJECT = join(root, 'build/foundry');
const OTHER: Address = `0x${'0b'.repeat(20)}`;
/** A deadline, not a wait: the compiler is the one in JavaScript. */
const COMMAND_MS = 400_000;

const KEY = ['--private-key', OPERATOR_KEY] as const;

type Tool = 'cast' | 'forge';

const canRun = need('Foundry', existsSync(binaryOf('forge')), 'it is not installed; run: npm run foundry');

for (const baseFee of BASE_FEES) {
  const s = suite(`clients: Foundry, base fee ${baseFee}`);
  let node: NodeProcess;
  const done: string[] = [];

  s.before(async () => {
    if (!canRun) return;
    copyProject();
    node = await nodeProcess('unix:///nowhere/docker.sock', { baseFee });
    await node.start();
  });

  s.after(async () => {
    await node?.stop();
    node?.remove();
    if (canRun) console.log(`\n| Foundry, base fee ${baseFee} | ${done.join(', ')} |`);
  });

  if (canRun) {
    s('forge create: an ERC-20; forge script --broadcast: UUPS proxy, ERC-721, AccessControl; cast on them', async () => {
      const run = toolsOn(node, done);
      const created = await run(
        'forge',
        'create',
        'contracts/Coin.sol:Coin',
        '--broadcast',
        ...KEY,
        '--constructor-args',
        OPERATOR,
        '1000',
      );
      await castOnCoin(run, /Deployed to: (0x\w{40})/.exec(created)![1]! as Address, baseFee);
      const script = await run('forge', 'script', 'script/Deploy.s.sol', '--broadcast', '--slow', ...KEY, '--sender', OPERATOR);
      assert.match(script, /ONCHAIN EXECUTION COMPLETE & SUCCESSFUL/);
      await castOnScript(run, script);
    });
  }
  s.run();
}

type Run = (tool: Tool, command: string, ...rest: readonly string[]) => Promise<string>;

async function castOnCoin(run: Run, coin: Address, baseFee: number): Promise<void> {
  const cast = (command: string, ...rest: readonly string[]) => run('cast', command, ...rest);
  const asJson = async (command: string, ...rest: readonly string[]) => JSON.parse(await cast(command, ...rest, '--json'));
  assert.is(await cast('chain-id'), '4401');
  assert.is(await cast('call', coin, 'symbol()(string)'), '"COIN"');
  const sent = await asJson('send', coin, 'transfer(address,uint256)', OTHER, '400', ...KEY);
  assert.equal([sent.status, sent.logs.length], ['0x1', 1]);
  const receipt = await asJson('receipt', sent.transactionHash);
  assert.equal([receipt.blockHash, Number(receipt.effectiveGasPrice) >= baseFee], [sent.blockHash, true]);
  assert.is(await cast('call', coin, 'balanceOf(address)(uint256)', OTHER), '400');
  const block = await asJson('block', String(Number(receipt.blockNumber)));
  assert.equal([block.hash, Number(block.baseFeePerGas)], [receipt.blockHash, baseFee]);
  assert.is(Number(await cast('base-fee')), baseFee);
  const transfers = await asJson('logs', '--from-block', '0', '--address', coin, 'Transfer(address,address,uint256)');
  assert.equal(
    transfers.map(({ data }: { data: Hex }) => Number(data)),
    [1000, 400],
  );
  const transaction = await asJson('tx', sent.transactionHash);
  assert.equal([transaction.from, Number(transaction.nonce)], [OPERATOR, 1]);
  assert.is(Number(await cast('nonce', OPERATOR)), 2);
  assert.ok(Number(await cast('estimate', coin, 'transfer(address,uint256)', OTHER, '1', '--from', OPERATOR)) > 21_000);
  assert.is(await cast('code', coin), JSON.parse(await cast('rpc', 'eth_getCode', coin, 'latest')));
  assert.is(BigInt(await cast('storage', coin, '2')), 1000n);
  const proof = await asJson('proof', coin, '0x2');
  assert.equal([proof.address, Number(proof.storageProof[0].value)], [coin.toLowerCase(), 1000]);
  assert.match(await cast('access-list', coin, 'balanceOf(address)', OTHER), new RegExp(coin, 'i'));
  const refused = await run('cast', 'call', coin, 'transfer(address,uint256)', OTHER, '601', '--from', OPERATOR).catch(String);
  // ERC20InsufficientBalance(operator, 600, 601)
  assert.match(refused, /execution reverted/);
  assert.match(refused, /0xe450d38c\w{64}0{61}2580{61}259/);
  assert.match(await cast('run', sent.transactionHash, '--quick'), /Transaction successfully executed/);
}

async function castOnScript(run: Run, script: string): Promise<void> {
  const at = (type: string) => new RegExp(`contract ${type} (0x\\w{40})`).exec(script)![1]!;
  assert.is(await run('cast', 'call', at('Counter'), 'count()(uint256)'), '5');
  assert.is((await run('cast', 'call', at('Badge'), 'ownerOf(uint256)(address)', '42')).toLowerCase(), OPERATOR);
  const logs = JSON.parse(
    await run('cast', 'logs', '--from-block', '0', '--address', at('Gate'), 'Opened(address,uint256)', '--json'),
  );
  assert.is(logs.length, 1);
}

/** Runs a tool in the project; the answer is what it printed, and an exit code that is not 0 an error with all it said. */
function toolsOn(node: NodeProcess, done: string[]): Run {
  const env = {
    ...process.env,
    ETH_RPC_URL: `http://127.0.0.1:${node.ports.rpc}`,
    FOUNDRY_SOLC: join(PROJECT, 'solc.mjs'),
    NO_COLOR: '1',
  };
  return async (tool, command, ...rest) => {
    const args = [command, ...(tool === 'forge' ? ['--rpc-url', env.ETH_RPC_URL] : []), ...rest];
    const child: ChildProcess = spawn(binaryOf(tool), args, { cwd: PROJECT, env, timeout: COMMAND_MS });
    const [out, said] = [textOf(child.stdout!), textOf(child.stderr!)];
    const exitCode = await new Promise((resolve) => child.on('close', resolve));
    if (exitCode !== 0) throw new Error(`${tool} ${args.join(' ')}: exit code ${exitCode}\n${out()}${said()}`);
    const name = `${tool} ${command}`;
    if (!done.includes(name)) done.push(name);
    return out().trim();
  };
}

function textOf(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return () => text;
}

function binaryOf(tool: Tool): string {
  const cpu = process.arch === 'x64' ? 'amd64' : process.arch;
  return join(PROJECT, `node_modules/@foundry-rs/${tool}-${process.platform}-${cpu}/bin/${tool}`);
}

/** The project as it stands in the sources, into the folder in which the tools are installed; what an earlier run deployed goes. */
function copyProject(): void {
  for (const made of ['broadcast', 'contracts', 'script']) rmSync(join(PROJECT, made), { recursive: true, force: true });
  cpSync(join(root, 'test/clients/foundry'), PROJECT, { recursive: true });
  cpSync(join(root, 'test/clients/contracts'), join(PROJECT, 'contracts'), { recursive: true });
  // Inside the project: forge gives the compiler relative paths that leave it for what lies outside.
  cpSync(join(root, 'node_modules/@openzeppelin/contracts'), join(PROJECT, 'lib/openzeppelin'), { recursive: true });
  chmodSync(join(PROJECT, 'solc.mjs'), 0o755);
}
