import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createMachine, type HostCalls, type Limits, type Machine } from '../../../emulator/quickjs/machine.ts';

const test = suite('emulator/quickjs/machine');
const limits: Limits = { memoryBytes: 24 * 1024 * 1024, stackBytes: 256 * 1024, budget: 200 };
const entries = 'globalThis.count = 1; globalThis.enter = { status: (text) => String(eval(text)), code: (text) => eval(text) };';
/** What is in the room, from inside. */
const FILL = `
  const bytes = new Uint8Array(host.room), words = new Uint32Array(host.room, 65536, 1);
  const fill = (...some) => { bytes.set(some); words[0] = some.length; };
  const filled = () => String(bytes.slice(0, words[0]))`;

interface Made {
  readonly machine: Machine;
  /** What it told the host by its log. */
  readonly told: string[];
  readonly faults: string[];
}

async function make(...sources: string[]): Promise<Made> {
  const [told, faults]: string[][] = [[], []];
  const calls = {
    'vm.keccak256': (_: string, data: Uint8Array) => new Uint8Array(32).fill(data.length),
    'log.write': (text: string) => void told!.push(text),
    'store.get': () => {
      throw new RangeError('no such thing');
    },
    'store.keys': () => ['text', Uint8Array.of(1, 2)],
  } as unknown as HostCalls;
  const scripts = sources.map((source, index) => ({ source, file: `${index}.js` }));
  const machine = await createMachine(calls, limits, scripts, (sentence) => faults!.push(sentence));
  return { machine, told: told!, faults: faults! };
}

const answers: [name: string, expression: string, answer: string][] = [
  ['text beyond ASCII', '"Zürich 🦉"', 'Zürich 🦉'],
  ['text longer than the room for texts', '"ü".repeat(20000)', 'ü'.repeat(20000)],
  [
    'what the host threw',
    'try { host["store.get"]("a") } catch ({ name, message }) { name + message }',
    'RangeErrorno such thing',
  ],
  ['a text with bytes', 'const [text, bytes] = host["store.keys"](""); text + new Uint8Array(bytes)', 'text1,2'],
  ['digits', `${FILL}; fill(1, 171); host["room.hex"]()`, '01ab'],
  ['bytes', `${FILL}; host["room.bytes"]("01aB"); filled()`, '1,171'],
  ['bytes of no digits', `${FILL}; fill(7); host["room.bytes"](""); filled()`, ''],
  ['bytes as far as the text goes', `${FILL}; host["room.bytes"]("01\\0ab"); filled()`, '1'],
  ['a hash', `${FILL}; fill(9, 9, 9, 9); host["room.keccak256"](); String(bytes.slice(0, 33))`, `${'4,'.repeat(32)}0`],
  ['that digits are none', 'try { host["room.bytes"]("0g") } catch (error) { error.name }', 'SyntaxError'],
  ['that a digit is missing', 'try { host["room.bytes"]("012") } catch (error) { error.name }', 'SyntaxError'],
  ['that digits are too many', 'try { host["room.bytes"]("0".repeat(131074)) } catch (error) { error.name }', 'SyntaxError'],
  [
    'that the room is not so large',
    `${FILL}; words[0] = 65537; try { host["room.hex"]() } catch (error) { error.message }`,
    'the room has 65536 bytes, not 65537',
  ],
  ['that there is no such function', 'typeof host["store.all"]', 'undefined'],
];

for (const [name, expression, answer] of answers) {
  test(`what is inside hears ${name}`, async () => {
    const { machine, faults } = await make(entries);
    assert.is(machine.ask('status', expression), answer);
    assert.equal(faults, []);
  });
}

test('each machine begins as its scripts have it, whatever became of the one before', async () => {
  const [one, other] = [await make(entries), await make(entries)];
  assert.is(one.machine.ask('status', 'count += 1'), '2');
  assert.is(other.machine.ask('status', 'count += 1'), '2');
  assert.is((await make(entries)).machine.ask('status', 'count'), '1');
});

test('scripts that ask the host do so in each machine', async () => {
  const asking = `${entries} host['log.write']('here');`;
  assert.equal((await make(asking)).told, ['here']);
  assert.equal((await make(asking)).told, ['here']);
});

test('scripts that do not end well are stopped in each machine', async () => {
  for (const _ of [1, 2])
    assert.match((await make('throw new TypeError("no")')).faults.join(), /an error of its own, TypeError: no/);
  for (const _ of [1, 2]) assert.match((await make('for (;;);')).faults.join(), /without coming to an end/);
});

test('an answer that is no bytes where bytes are due is an error of the firmware', async () => {
  const { machine, faults } = await make(entries);
  assert.equal(machine.askForBytes('code', 'new Uint8Array([4, 5]).buffer'), Uint8Array.of(4, 5));
  assert.is(machine.askForBytes('code', '7'), undefined);
  assert.match(faults.join(), /bytes were expected/);
});

test('a flood of work in the room comes to an end', async () => {
  const { machine, faults } = await make(entries);
  assert.is(machine.ask('status', 'for (;;) host["room.hex"]()'), undefined);
  assert.match(faults.join(), /without coming to an end/);
});

test.run();
