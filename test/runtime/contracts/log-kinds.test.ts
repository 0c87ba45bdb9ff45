import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { utf8Decode, utf8Encode } from '../../../runtime/bytes.ts';
import { decodeLog, encodeLog, type LogFields, logKindName, logKinds } from '../../../runtime/contracts/log-kinds.ts';

const s = suite('contracts/log-kinds');

const long = 'ü'.repeat(900);
const written: [name: string, fields: LogFields, text: string | RegExp][] = [
  ['sorted, without spaces', { requests: 3, errors: 0, root: '0x1' }, '{"errors":0,"requests":3,"root":"0x1"}'],
  ['nothing', {}, '{}'],
  ['too long a text is cut', { a: 1, why: long }, /^\{"a":1,"why":"ü+"\}$/],
  ['of two the longer one', { a: 'short', why: long }, /^\{"a":"short","why":"ü+"\}$/],
];
for (const [name, fields, text] of written) {
  s(`writes ${name}`, () => {
    const bytes = encodeLog(fields);
    assert.ok(bytes.length <= 1024, `${bytes.length}`);
    if (typeof text === 'string') assert.is(utf8Decode(bytes), text);
    else assert.match(utf8Decode(bytes), text);
    assert.equal(Object.keys(decodeLog(bytes)!), Object.keys(fields).sort());
  });
}

s('what cannot be cut is refused', () => {
  const fields = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`field${index}`, index]));
  assert.throws(() => encodeLog(fields), /at most 1024 bytes/);
});

const unread = ['', '{', '[1]', '1', 'null', '{"a":{"b":1}}', '{"a":[1]}', '{"a":null}', '{"a":'.repeat(5000), '"a"'];
for (const text of unread)
  s(`does not read ${text.slice(0, 20)}`, () => assert.is(decodeLog(utf8Encode(text.slice(0, 1024))), undefined));

s('kinds have numbers of their own, and unknown ones a name', () => {
  assert.is(new Set(Object.values(logKinds)).size, Object.keys(logKinds).length);
  assert.is(logKindName(1), 'traffic');
  assert.is(logKindName(99), 'kind 99');
});

s.run();
