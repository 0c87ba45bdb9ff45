import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { StateView } from '../../../runtime/ports/index.ts';
import { createVm, type Step } from '../../../vm/embed/index.ts';
import { assembleCode, BLOCK, MESSAGE, OPCODES, SENDER, TARGET, viewOf, vmOf, wordOf } from '../../support/evm.ts';

const embed = suite('embed');

const RECORD = { steps: false, stack: false, memory: false, maxSteps: 0, maxWords: 1000 };
const RICH = { balance: 10n ** 18n };
const touchesAll = assembleCode('PUSH1 1 SLOAD PUSH2 999 BLOCKHASH ADDRESS EXTCODEHASH');
const world = viewOf({ [SENDER]: RICH, [TARGET]: { code: touchesAll, storage: { 1: 1n } } });

const failing = (): never => {
  throw new Error('the disk is gone');
};
const broken: readonly (readonly [name: string, view: Partial<Record<keyof StateView, unknown>>, message: RegExp])[] = [
  ['an account', { account: failing }, /the disk is gone/],
  ['a slot', { slot: failing }, /the disk is gone/],
  ['code', { code: failing }, /the disk is gone/],
  ['a block hash', { blockHash: failing }, /the disk is gone/],
  ['a short slot', { slot: () => '0x12' }, /slot value that is not 32 bytes/],
  ['a long block hash', { blockHash: () => `0x${'00'.repeat(33)}` }, /block hash that is not 32 bytes/],
  ['no slot at all', { slot: () => undefined }, /slot value that is not 32 bytes/],
  ['code that is text', { code: () => '0x00' }, /code that is not a Uint8Array/],
];

for (const [name, view, message] of broken) {
  embed(`a state that fails over ${name} ends the transaction, and the VM goes on`, () => {
    const vm = createVm({ fork: 'Osaka' });
    const run = (state: StateView) => vm.execute(BLOCK, MESSAGE, state);
    assert.throws(() => run({ ...world, ...view } as StateView), message);
    assert.is((run(world) as { status: string }).status, 'Stop');
  });
}

/** What asks whether to go on at all: gas in slices, precompiles of the wasm and of the host, the rounds of one of them. */
const endless: readonly (readonly [name: string, code: string])[] = [
  ['a loop', 'JUMPDEST PUSH0 JUMP'],
  ['a precompile of the wasm', 'JUMPDEST PUSH0 PUSH0 PUSH2 0x0400 PUSH0 PUSH0 PUSH1 2 GAS CALL POP PUSH0 JUMP'],
  ['a precompile of the host', 'JUMPDEST PUSH0 PUSH0 PUSH1 64 PUSH0 PUSH0 PUSH1 16 GAS CALL POP PUSH0 JUMP'],
  // 14,680,064 rounds in one call.
  ['one long precompile', 'PUSH3 0xe00000 PUSH0 MSTORE PUSH1 0 PUSH0 PUSH1 213 PUSH1 28 PUSH0 PUSH1 9 GAS CALL'],
];

for (const [name, code] of endless) {
  embed(`what interrupts ends ${name}, and the VM goes on`, () => {
    const vm = createVm({ fork: 'Osaka' });
    let asked = 0;
    const interrupt = () => {
      if (++asked % 20 === 0) throw new Error('enough');
    };
    const view = viewOf({ [SENDER]: RICH, [TARGET]: { code: assembleCode(code) } });
    const message = { ...MESSAGE, gasLimit: 16_000_000n };
    const block = { ...BLOCK, gasLimit: 30_000_000n };
    assert.throws(() => vm.execute(block, message, view, { interrupt, simulate: true }), /enough/);
    assert.is(asked, 20);
    assert.throws(() => vm.trace!(block, message, view, { ...RECORD, interrupt }), /enough/);
    assert.is((vm.execute(BLOCK, MESSAGE, world) as { status: string }).status, 'Stop');
    assert.is(asked, 40);
  });
}

embed('a VM cannot be entered while it runs', () => {
  const vm = createVm({ fork: 'Osaka' });
  const enter = () => {
    vm.execute(BLOCK, MESSAGE, world);
    return wordOf(0n);
  };
  const view = { ...world, slot: enter };
  assert.throws(() => vm.execute(BLOCK, MESSAGE, view), /execute was called while a transaction/);
});

embed('an unknown fork is named', () => {
  assert.throws(() => createVm({ fork: 'Amsterdam' as never }), /no fork "Amsterdam"; it has Berlin/);
});

embed('a plain transfer runs within 1 MiB', () => {
  const vm = createVm({ fork: 'Osaka', memoryLimitBytes: 1 << 20 });
  const outcome = vm.execute(BLOCK, { ...MESSAGE, value: 1n }, viewOf({ [SENDER]: RICH }));
  assert.is((outcome as { status: string }).status, 'Stop');
});

/** Each takes memory in another way. What is beyond a device's memory must have no outcome: on a larger one it had another. */
const hungry: readonly (readonly [name: string, code: string])[] = [
  ['memory', 'PUSH4 0x01000000 MLOAD'],
  ['memory copied to', 'PUSH4 0x01000000 PUSH0 PUSH0 CALLDATACOPY'],
  ['memory in many frames', 'PUSH2 0xffff MLOAD PUSH0 PUSH0 PUSH0 PUSH0 PUSH0 ADDRESS GAS CALL'],
  ['logs', 'JUMPDEST PUSH2 0xffff PUSH0 LOG0 PUSH0 JUMP'],
  ['transient storage', 'JUMPDEST GAS DUP1 TSTORE PUSH0 JUMP'],
  ['the output of a precompile', 'PUSH3 0x600000 PUSH0 PUSH3 0x600000 PUSH0 PUSH1 4 GAS STATICCALL'],
];
const EVERYTHING = { ...MESSAGE, gasLimit: 10n ** 12n, maxFeePerGas: 0n };

for (const [name, code] of hungry) {
  embed(`beyond the memory limit there is no outcome, and the VM goes on: ${name}`, () => {
    const vm = createVm({ fork: 'Prague', memoryLimitBytes: 8 << 20 });
    const view = viewOf({ [SENDER]: RICH, [TARGET]: { code: assembleCode(code) } });
    assert.throws(() => vm.execute(BLOCK, EVERYTHING, view, { simulate: true }), /reached its memory limit/);
    assert.is((vm.execute(BLOCK, MESSAGE, world) as { status: string }).status, 'Stop');
  });
}

embed('under any memory limit the outcome is the same, or there is none', () => {
  const code = assembleCode('PUSH2 0x2000 MLOAD PUSH0 PUSH0 PUSH0 PUSH0 PUSH0 ADDRESS PUSH3 400000 CALL GAS DUP1 SSTORE');
  const view = viewOf({ [SENDER]: RICH, [TARGET]: { code, balance: 1n } });
  const outcomeWithin = (memoryLimitBytes: number) => {
    try {
      return createVm({ fork: 'Osaka', memoryLimitBytes }).execute(BLOCK, { ...MESSAGE, gasLimit: 1_000_000n }, view);
    } catch (error) {
      assert.match((error as Error).message, /reached its memory limit/, `${memoryLimitBytes} bytes`);
      return undefined;
    }
  };
  const expected = outcomeWithin(1 << 30);
  let without = 0;
  for (let limit = 96 << 10; limit < 2 << 20; limit += 24 << 10) {
    const outcome = outcomeWithin(limit);
    if (outcome) assert.equal(outcome, expected, `${limit} bytes`);
    else without++;
  }
  assert.ok(without > 5, `${without} limits were too low`);
});

/** The memories of all instances that are made until it is released. */
function spyOnMemories() {
  const memories: { readonly buffer: ArrayBuffer }[] = [];
  const api = Reflect.get(globalThis, 'WebAssembly');
  const { Instance } = api;
  api.Instance = function spy(module: object, imports: object) {
    const made = new Instance(module, imports);
    memories.push(made.exports.memory);
    return made;
  };
  const release = () => {
    api.Instance = Instance;
  };
  return { memories, release };
}

embed('code that nothing reaches takes no memory: decoding is paid for', () => {
  const { memories, release } = spyOnMemories();
  const vm = createVm({ fork: 'Osaka' });
  release();
  // As large as contracts may be, each another: a STOP, then what would be much to decode.
  const full = (index: number) =>
    Uint8Array.from({ length: 24_576 }, (_, at) => [0, 0x5b, 0x60, index, 0x5f, 0x5f, 0x5f, 0x09][at < 4 ? at : 4 + (at & 3)]!);
  const addressOf = (index: number) => `0x${(0x5b000000 + index).toString(16).padStart(40, '0')}` as const;
  const contracts = Object.fromEntries(Array.from({ length: 128 }, (_, index) => [addressOf(index), { code: full(index) }]));
  const turn =
    'JUMPDEST PUSH1 1 ADD PUSH0 PUSH0 PUSH0 PUSH0 DUP5 PUSH1 127 AND PUSH4 0x5b000000 OR GAS STATICCALL POP PUSH1 1 JUMP';
  const view = viewOf({ [SENDER]: RICH, [TARGET]: { code: assembleCode(`PUSH0 ${turn}`) }, ...contracts });
  const outcome = vm.execute(BLOCK, { ...MESSAGE, gasLimit: 1_000_000n }, view);
  assert.is((outcome as { status: string }).status, 'OutOfGas');
  const bytes = memories[0]!.buffer.byteLength;
  assert.ok(bytes < 8 << 20, `128 contracts took ${bytes} bytes`);
});

embed('a block hash is asked for once', () => {
  const asked: bigint[] = [];
  const view = {
    ...viewOf({
      [SENDER]: RICH,
      [TARGET]: { code: assembleCode('PUSH1 40 BLOCKHASH PUSH1 41 BLOCKHASH PUSH1 40 BLOCKHASH EQ PUSH0 SSTORE') },
    }),
    blockHash: (number: bigint) => wordOf(asked.push(number) ? number : 0n),
  };
  const vm = createVm({ fork: 'Osaka' });
  const block = { ...BLOCK, number: 50n };
  vm.execute(block, MESSAGE, view);
  assert.equal(asked, [40n, 41n]);
  vm.execute(block, MESSAGE, view);
  assert.equal(asked, [40n, 41n, 40n, 41n], 'in another transaction they may be others');
});

for (const code of ['0x61', '0x6101', '0x7f', '0x5b7f00', '0x60015761']) {
  embed(`a PUSH that the code's end cuts short is traced: ${code}`, () => {
    const view = viewOf({ [SENDER]: RICH, [TARGET]: { code: assembleCode(code) } });
    // What an earlier transaction has left in memory is not run.
    const before = viewOf({ [SENDER]: RICH, [TARGET]: { code: new Uint8Array(3000).fill(0x5b) } });
    const told: number[] = [];
    const vm = createVm({ fork: 'Osaka', onStep: ({ pc }) => told.push(pc) });
    vm.execute(BLOCK, MESSAGE, before);
    told.length = 0;
    assert.equal(vm.execute(BLOCK, MESSAGE, view), createVm({ fork: 'Osaka' }).execute(BLOCK, MESSAGE, view));
    if (code !== '0x60015761') assert.ok(told.at(-1)! >= assembleCode(code).length, 'the STOP beyond the end');
  });
}

embed('memory is given back between transactions', () => {
  const { memories, release } = spyOnMemories();
  const vm = createVm({ fork: 'Prague' });
  const view = viewOf({ [SENDER]: RICH, [TARGET]: { code: assembleCode('PUSH4 0x08000000 MLOAD') } });
  vm.execute(BLOCK, { ...MESSAGE, gasLimit: 10n ** 12n, maxFeePerGas: 0n }, view, { simulate: true });
  vm.execute(BLOCK, MESSAGE, world);
  release();
  const sizes = memories.map((memory) => memory.buffer.byteLength);
  assert.is(sizes.length, 2, 'a new instance takes over');
  assert.ok(sizes[0]! > 100e6 && sizes[1]! < 4e6, `${sizes}`);
});

embed('every step is told when asked for (EIP-3155)', () => {
  const steps: unknown[][] = [];
  const onStep = ({ pc, opcode, gas, depth, ...step }: Step) => {
    steps.push([pc, opcode, gas, depth, step.stack(), step.memory().length]);
  };
  const vm = createVm({ fork: 'Osaka', onStep });
  const code = assembleCode('PUSH1 3 DUP1 ADD PUSH0 MSTORE JUMPDEST');
  const outcome = vm.execute(BLOCK, { ...MESSAGE, gasLimit: 21_100n }, viewOf({ [SENDER]: RICH, [TARGET]: { code } }));
  const op = (name: string) => OPCODES.get(name);
  assert.equal(steps, [
    [0, op('PUSH1'), 100n, 1, [], 0],
    [2, op('DUP1'), 97n, 1, [3n], 0],
    [3, op('ADD'), 94n, 1, [3n, 3n], 0],
    [4, op('PUSH0'), 91n, 1, [6n], 0],
    [5, op('MSTORE'), 89n, 1, [6n, 0n], 0],
    [6, op('JUMPDEST'), 83n, 1, [], 32],
    [7, op('STOP'), 82n, 1, [], 32],
  ]);
  assert.is((outcome as { gasUsed: bigint }).gasUsed, 21_018n);
});

embed('a tracer that throws ends the transaction', () => {
  const vm = createVm({ fork: 'Osaka', onStep: failing });
  assert.throws(() => vm.execute(BLOCK, MESSAGE, world), /the disk is gone/);
});

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

embed('hashes', () => {
  const vm = vmOf('Osaka');
  assert.is(hex(vm.keccak256(new Uint8Array(0))), 'c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470');
  assert.is(hex(vm.sha256(Buffer.from('abc'))), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  assert.is(vm.keccak256(new Uint8Array(1_000_000)).length, 32);
});

embed('signatures that no key can have made have no signer', () => {
  const vm = vmOf('Osaka');
  const hash = new Uint8Array(32).fill(1);
  const rows: [number, bigint, bigint][] = [
    [0, 0n, 1n],
    [0, 1n, 0n],
    [2, 1n, 1n],
    [0, 1n << 256n, 1n],
    [0, 5n, (1n << 256n) - 1n],
  ];
  for (const [parity, r, s] of rows) assert.is(vm.recover(hash, parity, r, s), undefined);
  assert.is(vm.recover(new Uint8Array(31), 0, 1n, 1n), undefined);
  assert.match(vm.recover(hash, 0, 1n, 1n)!, /^0x[0-9a-f]{40}$/);
});

embed.run();
