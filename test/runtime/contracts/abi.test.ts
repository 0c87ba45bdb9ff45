import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeAbiParameters, parseAbiParameters } from 'viem';
import { bytesToHex, hexToBytes } from '../../../runtime/bytes.ts';
import {
  AbiError,
  address,
  bytes,
  bytes32,
  type Codec,
  flag,
  label,
  list,
  text,
  tuple,
  whole,
} from '../../../runtime/contracts/abi.ts';

const s = suite('contracts/abi');

const inner = tuple({ name: text, data: bytes, flags: list(flag) });
const plain = tuple({ account: address, id: bytes32 });
const codec = tuple({ count: whole(64), rows: list(inner), plain, plains: list(plain), app: label, note: text });
const parameters = parseAbiParameters('uint64, (string,bytes,bool[])[], (address,bytes32), (address,bytes32)[], bytes32, string');

const hex = (length: number) => fc.uint8Array({ minLength: length, maxLength: length }).map(bytesToHex);
const ordinary = { noNullPrototype: true };
const plains = fc.record({ account: hex(20), id: hex(32) }, ordinary);
const values = fc.record(
  {
    count: fc.nat(Number.MAX_SAFE_INTEGER),
    rows: fc.array(
      fc.record(
        {
          name: fc.string({ unit: 'grapheme' }),
          data: fc.uint8Array({ maxLength: 70 }),
          flags: fc.array(fc.boolean(), { maxLength: 3 }),
        },
        ordinary,
      ),
      { maxLength: 4 },
    ),
    plain: plains,
    plains: fc.array(plains, { maxLength: 3 }),
    app: fc.stringMatching(/^[a-z0-9-]{1,31}$/),
    note: fc.string({ unit: 'grapheme' }),
  },
  ordinary,
);

s('writes as viem does, and reads it back', () => {
  fc.assert(
    fc.property(values, (value) => {
      const written = codec.write(value);
      const app = `0x${Buffer.from(value.app).toString('hex').padEnd(64, '0')}` as const;
      const expected = encodeAbiParameters(parameters, [
        BigInt(value.count),
        value.rows.map(({ name, data, flags }) => [name, bytesToHex(data), flags] as const),
        [value.plain.account, value.plain.id],
        value.plains.map(({ account, id }) => [account, id] as const),
        app,
        value.note,
      ]);
      assert.is(bytesToHex(written), expected);
      const read = codec.read(hexToBytes(expected), 0);
      assert.equal({ ...read, rows: read.rows.map((row) => ({ ...row, data: row.data.slice() })) }, value);
    }),
    { numRuns: 200 },
  );
});

s('names types as signatures do', () => {
  assert.is(codec.name, '(uint64,(string,bytes,bool[])[],(address,bytes32),(address,bytes32)[],bytes32,string)');
});

const broken: [name: string, codec: Codec<unknown>, data: string][] = [
  ['too short a word', whole(64), '00'.repeat(31)],
  ['a number beyond 2^53', whole(256), 'ff'.repeat(32)],
  ['a length beyond the end', bytes, `${'00'.repeat(31)}21${'00'.repeat(32)}`],
  ['an offset beyond the end', tuple({ data: bytes }), `${'00'.repeat(30)}ffff`],
  ['a list longer than its data', list(whole(64)), `${'00'.repeat(31)}02${'00'.repeat(32)}`],
];
for (const [name, one, data] of broken) {
  s(`refuses ${name}`, () => {
    assert.throws(
      () => one.read(hexToBytes(`0x${data}`), 0),
      (error: Error) => error instanceof AbiError && error.message.length > 10,
    );
  });
}

s('random bytes are read or refused, never worse', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (data) => {
      try {
        codec.read(data, 0);
      } catch (error) {
        assert.instance(error, AbiError);
      }
    }),
  );
});

s.run();
