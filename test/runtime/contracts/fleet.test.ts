import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type Abi,
  type AbiEvent,
  type AbiFunction,
  decodeFunctionData,
  encodeAbiParameters,
  encodeErrorResult,
  encodeEventTopics,
  encodeFunctionResult,
  stringToHex,
  toEventSelector,
  toEventSignature,
  toFunctionSelector,
  toFunctionSignature,
} from 'viem';
import { bytesToHex, hexToBytes } from '../../../runtime/bytes.ts';
import type { Codec } from '../../../runtime/contracts/abi.ts';
import { eventText } from '../../../runtime/contracts/event-text.ts';
import { attestData, decodeEvent, expireData, FleetUnreadable, openFleet } from '../../../runtime/contracts/fleet.ts';
import { errors, events, functions } from '../../../runtime/contracts/interface.ts';
import type { CallResult } from '../../../runtime/ledger/ledger.ts';
import { need, root } from '../../support/need.ts';

const s = suite('contracts/fleet');

const artifact = join(root, 'build/contracts/Fleet.json');
const built = need('the compiled Fleet contract', existsSync(artifact), 'build it: npx tsx build.ts contracts');
const abi = (built ? JSON.parse(readFileSync(artifact, 'utf8')).abi : []) as Abi;
const item = (type: string, name: string) => abi.find((one) => one.type === type && 'name' in one && one.name === name)!;

const FLEET = `0x${'11'.repeat(20)}` as const;
const DEVICE = `0x${'22'.repeat(20)}` as const;
const hello = stringToHex('hello', { size: 32 });

/** `(a,b)` of the codec, as it stands in a signature. */
const argumentsOf = (codec: Codec<never>) => codec.name;

if (built) {
  for (const [name, { selector, inputs }] of Object.entries(functions)) {
    s(`${name} is the compiled contract's`, () => {
      const compiled = item('function', name) as AbiFunction;
      assert.is(toFunctionSignature(compiled), `${name}${argumentsOf(inputs as unknown as Codec<never>)}`);
      assert.is(toFunctionSelector(compiled), selector);
    });
  }
  for (const [name, [selector]] of Object.entries(errors)) {
    s(`error ${name} is the compiled contract's`, () => {
      assert.is(encodeErrorSelector(name), selector);
    });
  }
  for (const [name, { topic, indexed, data }] of Object.entries(events)) {
    s(`event ${name} is the compiled contract's`, () => {
      const compiled = item('event', name) as AbiEvent;
      const parts = [indexed, data].map((codec) => argumentsOf(codec as unknown as Codec<never>).slice(1, -1)).filter(Boolean);
      const signature = `${name}(${compiled.inputs.map((input) => input.type).join(',')})`;
      assert.is(toEventSignature(compiled), signature);
      assert.is(`${name}(${order(compiled, parts).join(',')})`, signature);
      assert.is(toEventSelector(compiled), topic);
    });
  }
}

function encodeErrorSelector(name: string): string {
  const error = item('error', name) as unknown as { inputs: { type: string }[] };
  return toFunctionSelector(`${name}(${error.inputs.map((input) => input.type).join(',')})`);
}

/** Puts the types of indexed and other fields back into the order of the declaration. */
function order({ inputs }: AbiEvent, [indexed = '', data = '']: readonly string[]): string[] {
  const queues = { indexed: indexed.split(','), data: data.split(',') };
  const hasIndexed = inputs.some((input) => input.indexed);
  return inputs.map((input) => (input.indexed || !hasIndexed ? queues.indexed : queues.data).shift()!);
}

const manifest = new Uint8Array(70).map((_, index) => index);
const wantedRows = [
  { app: hello, revision: 2n, phase: 2, previous: 1n, voted: true, manifest: bytesToHex(manifest) },
  { app: stringToHex('b', { size: 32 }), revision: 7n, phase: 3, previous: 0n, voted: false, manifest: '0x' },
] as const;
const release = {
  revision: 2n,
  phase: 4,
  proposer: DEVICE,
  proposedAt: 1n,
  startedAt: 2n,
  decidedAt: 3n,
  healthWindow: 60n,
  approvals: 1,
  healthyVotes: 2,
  unhealthyVotes: 3,
  backTo: 5n,
  manifestHash: `0x${'33'.repeat(32)}`,
  releaseHash: `0x${'44'.repeat(32)}`,
} as const;

/** A fleet whose contract answers with what viem encodes. */
function answering(functionName: string, result: unknown) {
  const asked: unknown[] = [];
  const call = ({ data }: { data: Uint8Array }): CallResult => {
    asked.push(decodeFunctionData({ abi, data: bytesToHex(data) }));
    return { ok: true, output: hexToBytes(encodeFunctionResult({ abi, functionName, result } as never)), gasUsed: 0n };
  };
  return { fleet: openFleet({ call, hasCode: () => true }, FLEET), asked };
}

if (built) {
  s('reads what is wanted', () => {
    const { fleet, asked } = answering('wanted', wantedRows);
    assert.equal(fleet.wanted(DEVICE), [
      { app: 'hello', revision: 2, phase: 'rolling out', previous: 1, voted: true, manifest },
      { app: 'b', revision: 7, phase: 'active', previous: 0, voted: false, manifest: new Uint8Array(0) },
    ]);
    assert.equal(asked, [{ functionName: 'wanted', args: [DEVICE] }]);
  });

  s('reads that nothing is wanted', () => assert.equal(answering('wanted', []).fleet.wanted(DEVICE), []));

  s('reads a release', () => {
    const { fleet, asked } = answering('release', release);
    assert.equal(fleet.release('hello', 2), {
      revision: 2,
      phase: 'rolled back',
      proposer: DEVICE,
      proposedAt: 1,
      startedAt: 2,
      decidedAt: 3,
      healthWindow: 60,
      approvals: 1,
      healthyVotes: 2,
      unhealthyVotes: 3,
      backTo: 5,
      manifestHash: release.manifestHash,
      releaseHash: release.releaseHash,
    });
    assert.equal(asked, [{ functionName: 'release', args: [hello, 2n] }]);
  });

  s('reads a manifest and the latest revision', () => {
    assert.equal(answering('manifest', bytesToHex(manifest)).fleet.manifest('hello', 1), manifest);
    assert.is(answering('latest', 9n).fleet.latest('hello'), 9);
  });

  const votes: [healthy: boolean, reason: string, written: string][] = [
    [true, 'never said', ''],
    [false, 'web: its health check fails', 'web: its health check fails'],
    [false, 'é'.repeat(200), 'é'.repeat(128)],
  ];
  for (const [healthy, reason, written] of votes) {
    s(`writes a vote: ${healthy} ${reason.slice(0, 20)}`, () => {
      const { functionName, args } = decodeFunctionData({ abi, data: bytesToHex(attestData('hello', 2, healthy, reason)) });
      assert.equal([functionName, args], ['attest', [hello, 2n, healthy, written]]);
    });
  }

  s('writes an expiry', () => {
    assert.equal(decodeFunctionData({ abi, data: bytesToHex(expireData('hello')) }), { functionName: 'expire', args: [hello] });
  });

  const happened: [eventName: string, args: Record<string, unknown>, sentence: string][] = [
    ['DeviceEnrolled', { device: DEVICE, by: FLEET, name: 'tablet' }, `tablet (${DEVICE}) is enrolled`],
    [
      'Attested',
      { app: hello, revision: 2n, device: DEVICE, healthy: false, reason: 'no' },
      `${DEVICE} finds hello revision 2 unhealthy: no`,
    ],
    ['Promoted', { app: hello, revision: 2n, votes: 3, quorum: 3 }, 'hello revision 2 is active, by 3 votes'],
    ['RolledBack', { app: hello, revision: 2n, backTo: 1n, why: 'so' }, 'hello revision 2 is rolled back to revision 1: so'],
  ];
  for (const [eventName, args, sentence] of happened) {
    s(`reads the event ${eventName}`, () => {
      const { inputs } = item('event', eventName) as AbiEvent;
      const topics = encodeEventTopics({ abi, eventName, args } as never) as `0x${string}`[];
      const plain = inputs.filter((input) => !input.indexed);
      const data = hexToBytes(
        encodeAbiParameters(
          plain,
          plain.map((input) => args[input.name!]),
        ),
      );
      const event = decodeEvent({ address: FLEET, topics, data });
      assert.is(event && eventText(event), sentence);
      assert.is(decodeEvent({ address: FLEET, topics, data: data.subarray(0, 31) }), undefined);
    });
  }

  s('says which revert answered', () => {
    const output = hexToBytes(encodeErrorResult({ abi, errorName: 'NotEnrolled', args: [DEVICE] } as never));
    const fleet = openFleet({ call: () => ({ ok: false, output, status: 'Revert' }), hasCode: () => true }, FLEET);
    assert.throws(() => fleet.wanted(DEVICE), /did not answer wanted: this device is not enrolled/);
  });
}

const strange: [name: string, output: Uint8Array][] = [
  ['nothing', new Uint8Array(0)],
  ['an offset beyond the end', new Uint8Array(64).fill(0xff)],
  ['a long list', Uint8Array.from([...new Uint8Array(31), 32, ...new Uint8Array(31), 60])],
];
for (const [name, output] of strange) {
  s(`refuses an answer that is ${name}`, () => {
    const fleet = openFleet({ call: () => ({ ok: true, output, gasUsed: 0n }), hasCode: () => true }, FLEET);
    assert.throws(
      () => fleet.wanted(DEVICE),
      (error: Error) => error instanceof FleetUnreadable && /is not the Fleet contract/.test(error.message),
    );
  });
}

s('an unknown event is none', () => {
  assert.is(decodeEvent({ address: FLEET, topics: [`0x${'00'.repeat(32)}`], data: new Uint8Array(0) }), undefined);
  assert.is(decodeEvent({ address: FLEET, topics: [], data: new Uint8Array(0) }), undefined);
});

s.run();
