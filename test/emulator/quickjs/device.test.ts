import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bootFirmware, type FirmwareProcess } from '../../../emulator/quickjs/device.ts';
import type { Limits } from '../../../emulator/quickjs/machine.ts';
import type { Executed, InputEvent, Ports, StateView } from '../../../runtime/ports/index.ts';
import { root } from '../../support/need.ts';
import { noContainers, someConfig, stubPorts } from '../support.ts';

const test = suite('emulator/quickjs/device');
const bridge = readFileSync(join(root, 'build/inside.js'), 'utf8');
const limits: Limits = { memoryBytes: 24 * 1024 * 1024, stackBytes: 256 * 1024, budget: 300 };

interface Booted {
  readonly device: FirmwareProcess;
  readonly faults: string[];
}

/** Boots a firmware whose node answers an RPC request with what the given expression (of `ports` and `request`) says. */
async function boot(expression: string, ports: Partial<Ports> = {}): Promise<Booted> {
  const firmware = `var classpad = { boot: (ports, config) => ({
    rpc: async (request) => String(await (${expression})),
    status: () => ({ name: ports.device.name }),
    stop: () => ports.log.write('info', 'stopped'),
  }) };`;
  const faults: string[] = [];
  const options = { scripts: { bridge, firmware }, config: someConfig, ports: stubPorts(ports), limits };
  const device = await bootFirmware({ ...options, onFault: (sentence) => faults.push(sentence) });
  await device.booted;
  return { device, faults };
}

const address = '0x00000000000000000000000000000000000000aa';
const executed: Executed = {
  kind: 'executed',
  status: 'Stop',
  succeeded: true,
  gasUsed: 21000n,
  gasRefunded: 0n,
  gasPrice: 0n,
  output: Uint8Array.of(1, 2),
  logs: [{ address, topics: [], data: Uint8Array.of(3) }],
  diff: [],
};
/** A block and a message as a firmware has them, in its own language. */
const block = `{ number: 1n, timestamp: 2n, gasLimit: 3n, coinbase: '${address}', baseFee: 0n, prevRandao: '0x', excessBlobGas: 0n, chainId: 1n }`;
const message = (data: string) =>
  `{ type: 2, sender: '${address}', nonce: 0n, gasLimit: 1n, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n, value: 0n, data: ${data} }`;
const canvas: number[] = [];
const written: string[] = [];

const soon: Ports['clock']['after'] = (_, callback) => {
  queueMicrotask(callback);
  return () => {};
};

/** A trace that asks the state and answers something of every kind. */
const traceOf: NonNullable<Ports['vm']['trace']> = (_block, _message, state) => {
  assert.is(state.account(address), undefined);
  const frame = { opcode: 0xf1, from: address, to: address, value: 7n, gas: 1n, gasLeft: 0n, depth: 0 } as const;
  const frames = [{ ...frame, input: Uint8Array.of(1, 2), output: new Uint8Array(0) }];
  return { outcome: { kind: 'refused', reason: 'NonceTooLow' }, recording: { steps: [], frames, isCut: false } };
};

const answers: [name: string, expression: string, answer: string, ports?: Partial<Ports>][] = [
  ['the request', 'request', 'echo'],
  ['a stored value', `(ports.store.write([['a', new Uint8Array([5, 6])]]), ports.store.get('a').join())`, '5,6'],
  [
    'nothing for what was deleted',
    `(ports.store.write([['a', new Uint8Array([5])], ['a', undefined]]), ports.store.get('a'))`,
    'undefined',
  ],
  [
    'keys by prefix',
    `(ports.store.write([['a1', new Uint8Array(1)], ['b', new Uint8Array(1)]]), ports.store.keys('a', 9))`,
    'a1',
  ],
  ['the time', 'ports.clock.nowMs()', '1000'],
  ['a hash', 'ports.vm.keccak256(new Uint8Array(64).subarray(1, 33)).join()', `32${',0'.repeat(31)}`],
  [
    'what was seen of a transaction',
    `JSON.stringify([(({ outcome, recording }) => [outcome.reason, recording.frames[0].value === 7n, recording.frames[0].input.join()])
      (ports.vm.trace({}, {}, { account: () => undefined }, { steps: false }))])`,
    '[["NonceTooLow",true,"1,2"]]',
    { vm: { ...stubPorts().vm, trace: traceOf } },
  ],
  ['no signer', 'ports.vm.recover(new Uint8Array(32), 0, 1n, 2n)', 'undefined'],
  ['a signature', 'ports.device.sign(new Uint8Array(32)).r === 2n ** 255n', 'true'],
  ['its name', 'ports.device.name', 'pad-01'],
  ['no battery', 'ports.device.batteryPercent()', 'undefined'],
  [
    'drawn pixels',
    'ports.display.draw({ x: 1, y: 2, width: 1, height: 2, pixels: new Uint16Array([7, 65535]) })',
    'undefined',
    {
      display: { draw: ({ x, y, width, height, pixels }) => canvas.push(x, y, width, height, ...pixels) },
    },
  ],
  [
    'a log line',
    `ports.log.write('warn', 'careful')`,
    'undefined',
    { log: { write: (level, message) => written.push(level, message) } },
  ],
  [
    'what a container call resolves to',
    'ports.containers.describe()',
    'an engine',
    {
      containers: { ...noContainers, describe: async () => 'an engine' },
    },
  ],
  ['why a container call fails', `ports.containers.pull('x').catch((error) => error.message)`, 'not in this test'],
  [
    'what the time brings',
    'new Promise((done) => ports.clock.after(5, () => done("later")))',
    'later',
    {
      clock: { nowMs: () => 0, after: soon },
    },
  ],
  [
    'what a message brings',
    'new Promise((done) => { ports.network.receive((peer, bytes) => done(peer + bytes)); ports.network.send("x", new Uint8Array([4])); })',
    'pad-024',
    loopback(),
  ],
  [
    'what a hand does',
    'new Promise((done) => { ports.input.receive(({ kind, phase, x, y }) => done([kind, phase, x, y].join())); ports.log.write("info", ""); })',
    'touch,down,7,500',
    touched(),
  ],
  [
    'the state that the VM asks for',
    `(() => {
    const state = {
      account: (a) => ({ nonce: 3n, balance: 4n, codeHash: '0xcc', hasStorage: true }),
      slot: (a, s) => a + s, code: () => new Uint8Array([9, 9]), blockHash: (n) => '0x' + n,
    };
    const result = ports.vm.execute(${block}, ${message('new Uint8Array([8])')}, state, { simulate: true });
    return result.status + result.gasUsed + result.output + result.logs[0].data;
  })()`,
    'Stop210001,23',
    { vm: { ...stubPorts().vm, execute: askEverything } },
  ],
  [
    'no clock, no chance',
    '[typeof Date, typeof Math.random, typeof performance, typeof WeakRef, typeof FinalizationRegistry]',
    'undefined,undefined,undefined,undefined,undefined',
  ],
];

function loopback(): Partial<Ports> {
  let handler: (peer: string, message: Uint8Array) => void = () => {};
  return {
    network: {
      ...stubPorts().network,
      receive: (given) => {
        handler = given;
      },
      send: (_, message) => queueMicrotask(() => handler('pad-02', message)),
    },
  };
}

/** A finger that comes down as soon as the firmware has written to its log. */
function touched(): Partial<Ports> {
  let handler: (event: InputEvent) => void = () => {};
  return {
    input: {
      receive: (given) => {
        handler = given;
      },
    },
    log: { write: () => queueMicrotask(() => handler({ kind: 'touch', phase: 'down', x: 7, y: 500 })) },
  };
}

function askEverything(_: unknown, message: { data: Uint8Array }, state: StateView, options?: { simulate?: boolean }): Executed {
  assert.equal(message.data, Uint8Array.of(8));
  assert.equal(options, { simulate: true });
  assert.equal(state.account(address), { nonce: 3n, balance: 4n, codeHash: '0xcc', hasStorage: true });
  assert.is(state.slot('0xaa', '0x01'), '0xaa0x01');
  assert.equal(state.code('0xcc'), Uint8Array.of(9, 9));
  assert.is(state.blockHash(7n), '0x7');
  return executed;
}

for (const [name, expression, answer, ports] of answers) {
  test(`the firmware gets ${name}`, async () => {
    const { device, faults } = await boot(expression, ports);
    assert.is(await device.rpc('echo'), answer);
    assert.equal(faults, []);
    device.kill();
  });
}

test('what was drawn and logged reached the ports', () => {
  assert.equal(canvas, [1, 2, 1, 2, 7, 65535]);
  assert.equal(written, ['warn', 'careful']);
});

const rogues: [name: string, expression: string, sentence: RegExp][] = [
  ['spins', '(() => { for (;;); })()', /ran on without coming to an end/],
  [
    'spins in promise jobs',
    'new Promise(() => { const again = () => { Promise.resolve().then(again); }; again(); })',
    /without coming to an end/,
  ],
  ['spins and catches what stops it', '(() => { for (;;) { try { for (;;); } catch {} } })()', /without coming to an end/],
  [
    'leaks in promise jobs',
    'new Promise(() => { const again = () => Promise.resolve().then(again); again(); })',
    /24 MiB of memory/,
  ],
  ['floods the host with calls', '(() => { for (;;) ports.clock.nowMs(); })()', /without coming to an end/],
  [
    'spins while the VM reads its state',
    `ports.vm.execute(${block}, ${message('new Uint8Array(0)')}, { account() { for (;;); } })`,
    /without coming to an end/,
  ],
];

for (const [name, expression, sentence] of rogues) {
  test(`a firmware that ${name} is stopped`, async () => {
    const execute: Ports['vm']['execute'] = (_block, _message, state) => {
      state.account(address);
      return executed;
    };
    const { device, faults } = await boot(expression, { vm: { ...stubPorts().vm, execute } });
    const answer = JSON.parse(await device.rpc('go'));
    assert.is(answer.error.message, 'pad-01 is not running');
    assert.is(faults.length, 1);
    assert.match(faults[0]!, sentence);
    assert.is(device.status(), undefined);
    assert.is(JSON.parse(await device.rpc('again')).error.code, -32002);
  });
}

const crashes: [name: string, body: string, sentence: RegExp][] = [
  ['throws', `throw new TypeError('no such thing')`, /an error of its own, TypeError: no such thing/],
  ['leaks', 'const all = []; for (;;) all.push(new Uint8Array(65536))', /more than its 24 MiB of memory/],
  ['leaks small things', 'let all; for (;;) all = { all }', /more than its 24 MiB of memory/],
  [
    'leaks and catches what stops it',
    'const all = []; for (;;) { try { all.push(new Uint8Array(65536)); } catch { break; } }',
    /24 MiB of memory/,
  ],
  ['calls itself without end', 'const deep = () => deep() + 1; deep()', /deeper than its 256 KiB of stack/],
];

for (const [name, body, sentence] of crashes) {
  test(`a firmware that ${name} in a timer is stopped, and a new one boots`, async () => {
    let ring: () => void = () => {};
    const after = (_: number, callback: () => void) => {
      ring = callback;
      return () => {};
    };
    const clock = { nowMs: () => 0, after };
    const { device, faults } = await boot(`ports.clock.after(1, () => { ${body} })`, { clock });
    await device.rpc('arm');
    ring();
    assert.is(faults.length, 1);
    assert.match(faults[0]!, sentence);
    assert.is(device.fault, faults[0]);
    const next = await boot('"alive"');
    assert.is(await next.device.rpc('?'), 'alive');
  });
}

test('a firmware that does not boot says why', async () => {
  const scripts = { bridge, firmware: `var classpad = { boot() { throw new Error('bad genesis'); } };` };
  const device = await bootFirmware({ scripts, config: someConfig, ports: stubPorts(), limits });
  await device.booted.then(
    () => assert.unreachable(),
    (error: Error) => assert.match(error.message, /bad genesis/),
  );
});

test('an error of the node itself becomes a JSON-RPC error', async () => {
  const { device } = await boot('Promise.reject(new Error("oh"))');
  assert.equal(JSON.parse(await device.rpc('?')).error, { code: -32603, message: 'oh' });
});

test('a stopped firmware is asked first, and its timers are cancelled', async () => {
  const lines: string[] = [];
  let cancelled = 0;
  const { device } = await boot('ports.clock.after(1, () => {})', {
    clock: { nowMs: () => 0, after: () => () => cancelled++ },
    log: { write: (_, message) => lines.push(message) },
  });
  await device.rpc('arm');
  assert.is(device.status()?.name, 'pad-01');
  device.stop();
  assert.equal(lines, ['stopped']);
  assert.is(cancelled, 1);
  assert.is(device.status(), undefined);
});

test.run();
