import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type AbiEvent, type AbiFunction, toEventSignature, toFunctionSignature } from 'viem';
import { fleetAbi, phases } from '../../../cli/fleet/abi.ts';
import { artifactOf } from '../../support/contract.ts';

const s = suite('cli: the ABI of the Fleet');

/** Everything that matters on the wire: kind, name, types, what is indexed, what is answered. */
function wire(item: (typeof fleetAbi)[number] | ReturnType<typeof compiled>[number]): string {
  if (item.type === 'event') {
    const indexed = (item as AbiEvent).inputs.map((input) => (input.indexed ? 'indexed' : '-'));
    return `event ${toEventSignature(item as AbiEvent)} ${indexed}`;
  }
  if (item.type === 'error') return `error ${toFunctionSignature({ ...item, type: 'function' } as unknown as AbiFunction)}`;
  const { outputs = [], stateMutability } = item as AbiFunction;
  const answer = toFunctionSignature({ type: 'function', name: '', inputs: outputs, outputs: [], stateMutability: 'view' });
  return `function ${toFunctionSignature(item as AbiFunction)} ${stateMutability} ${answer}`;
}

function compiled() {
  return artifactOf('Fleet').abi;
}

const inContract = new Set(
  compiled()
    .filter(({ type }) => type !== 'constructor')
    .map(wire),
);

for (const item of fleetAbi)
  s(`${item.type} ${item.name} is as compiled`, () => assert.ok(inContract.has(wire(item)), wire(item)));

s('every event and error of the contract is known', () => {
  const known = new Set(fleetAbi.map(wire));
  const notForClients = /TooManyOperators|InvalidOperator|InvalidThreshold|ChunkNotCreated/;
  const missing = [...inContract].filter((text) => /^(event|error)/.test(text) && !known.has(text) && !notForClients.test(text));
  assert.equal(missing, []);
});

s('the phases are those of the contract', () => assert.is(phases.length, 6));

s.run();
