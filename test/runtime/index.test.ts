import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import variant from '@jitl/quickjs-wasmfile-release-sync';
import { newQuickJSWASMModuleFromVariant, type QuickJSSyncVariant } from 'quickjs-emscripten';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { virtualClock } from '../../emulator/clock.ts';
import { virtualContainers } from '../../emulator/containers.ts';
import { deviceOf, identityOf } from '../../emulator/identity.ts';
import type { NodeConfig } from '../../runtime/config.ts';
import type { Node } from '../../runtime/node.ts';
import type { Ports } from '../../runtime/ports/index.ts';
import { nobleVm } from '../support/fake-ledger.ts';
import { need, root } from '../support/need.ts';
import { quietNetwork } from '../support/network.ts';
import { soleConfig } from '../support/node-config.ts';

const s = suite('firmware bundle');
const file = join(root, 'build/firmware.js');
const START_MS = 1_767_225_600_000;
const identity = identityOf('seed', 'tablet');

const config = soleConfig(identity.address, START_MS);

function ports(clock = virtualClock(START_MS)): Ports {
  const stored = new Map<string, Uint8Array>();
  return {
    vm: nobleVm,
    store: {
      get: (key) => stored.get(key),
      keys: (prefix, limit) =>
        [...stored.keys()]
          .filter((key) => key.startsWith(prefix))
          .sort()
          .slice(0, limit),
      write(entries) {
        for (const [key, value] of entries) value ? stored.set(key, value) : stored.delete(key);
      },
    },
    clock,
    containers: virtualContainers({ device: 'tablet', clock, random: () => 0.5 }),
    network: quietNetwork,
    display: { draw: () => {} },
    device: deviceOf(identity),
    log: { write: () => {} },
  };
}

/** What a device's interpreter does not have, or must not use. */
const ABSENT = [
  'Date',
  'Intl',
  'WebAssembly',
  'WeakRef',
  'FinalizationRegistry',
  'SharedArrayBuffer',
  'Atomics',
  'console',
  'eval',
];

if (need('the firmware bundle', existsSync(file), 'build it: npx tsx build.ts firmware')) {
  const source = readFileSync(file, 'utf8');

  s('is small', () => {
    console.log(`build/firmware.js: ${(source.length / 1024).toFixed(0)} KiB`);
    // With the LCD’s pages, CometBFT’s adapter, Swarm, updates, secrets, service events and healing; a device reads it at every start.
    assert.ok(source.length < 300 * 1024);
  });

  s('asks nothing for the time but its port, in what is seldom said, too', () => {
    assert.not.match(source, /\b(?:new Date|Date\.now|Date\.UTC|Math\.random|performance\.now)\b/);
  });

  s('boots, answers and follows its clock with the language alone around it', async () => {
    const clock = virtualClock(START_MS);
    const context = createContext(Object.create(null), { codeGeneration: { strings: false, wasm: false } });
    runInContext(`for (const name of ${JSON.stringify(ABSENT)}) delete globalThis[name]; delete Math.random;`, context);
    runInContext(source, context);
    const { boot } = runInContext('classpad', context) as { boot: (ports: Ports, config: NodeConfig) => Node };
    const node = boot(ports(clock), config);
    await clock.advanceTo(START_MS + 20_000);
    const { state, head, screen } = node.status();
    assert.equal([state, head.number], ['healthy', 0]);
    assert.ok(screen.length > 0);
    const answer = JSON.parse(await node.rpc('{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}'));
    assert.is(answer.result, '0x1130');
    node.stop();
  });

  s('names nothing that only a host has', () => {
    const names = [
      'setTimeout',
      'setInterval',
      'queueMicrotask',
      'TextEncoder',
      'TextDecoder',
      'structuredClone',
      'Buffer',
      'process',
      'require',
      'globalThis',
      'URL',
      'performance',
      'Date',
      'WebAssembly',
      'Intl',
    ];
    const used = names.filter((name) =>
      new RegExp(`(?<![\\w$.'"\`])${name}(?=[.(\\[])`).test(source.replace(/"(?:[^"\\]|\\.)*"/g, '""')),
    );
    assert.equal(used, []);
  });

  s('is read by QuickJS', async () => {
    const quickjs = await newQuickJSWASMModuleFromVariant(variant as unknown as QuickJSSyncVariant);
    const context = quickjs.newContext();
    context.unwrapResult(context.evalCode(source, 'firmware.js')).dispose();
    const kind = context.unwrapResult(context.evalCode('typeof classpad.boot + typeof classpad.EngineError'));
    assert.is(context.getString(kind), 'functionfunction');
    kind.dispose();
    context.dispose();
  });
}

s.run();
