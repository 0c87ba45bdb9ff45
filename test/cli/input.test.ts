/** Bad input: a sentence, exit code 2 (or 1 where the world is at fault), never a stack trace; nothing is sent anywhere. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { commands } from '../../cli/commands/index.ts';
import { overview } from '../../cli/help.ts';
import { fitting } from '../../cli/progress.ts';
import { classpad, file } from './support.ts';

const s = suite('cli: bad input');

const NOWHERE = 'http://127.0.0.1:9';
const good = file('good.yaml', 'services:\n  web:\n    image: classpad/hello:1\n');

/** A Compose file and where in it what is wrong. */
const composeRows: [name: string, content: string, sentence: RegExp][] = [
  ['malformed', 'services:\n  web: [\n', /malformed\.yaml:3:1: this is not YAML/],
  ['tabs', 'services:\n\tweb: 1\n', /tabs\.yaml:2:1: this is not YAML/],
  ['key-twice', 'services:\n  web:\n    image: a\n    image: b\n', /key-twice\.yaml:4:5: this is not YAML: .*unique/],
  ['two-documents', 'services: {}\n---\nservices: {}\n', /two-documents\.yaml:2:1: this is not YAML: .*multiple documents/i],
  ['empty', '', /empty\.yaml:/],
  ['list', '- a\n- b\n', /list\.yaml:/],
  ['no-services', 'name: hello\n', /no-services\.yaml:.*services: is missing/],
  ['no-image', 'services:\n  web:\n    command: a\n', /no-image\.yaml:2: services\.web\.image: is missing/],
  [
    'unknown-key',
    'services:\n  web:\n    image: a\n    imge: b\n',
    /unknown-key\.yaml:4: services\.web\.imge: the key "imge" is not known/,
  ],
  ['unknown-top', 'services:\n  web:\n    image: a\nfoo: 1\n', /unknown-top\.yaml:4: foo: the key "foo" is not known/],
  [
    'privileged',
    'services:\n  web:\n    image: a\n    privileged: true\n',
    /privileged\.yaml:4: services\.web\.privileged: this device never/,
  ],
  [
    'socket',
    'services:\n  web:\n    image: a\n    volumes:\n      - /var/run/docker.sock:/s\n',
    /socket\.yaml:5: .*socket is root/,
  ],
  ['host-network', 'services:\n  web:\n    image: a\n    network_mode: host\n', /host-network\.yaml:4: .*namespaces/],
  [
    'merged',
    'x-a: &a\n  privileged: true\nservices:\n  web:\n    <<: *a\n    image: a\n',
    /merged\.yaml:2: services\.web\.privileged/,
  ],
  ['aliased', 'x-a: &a\n  image: a\n  cap_add: [ALL]\nservices:\n  web: *a\n', /aliased\.yaml:3: services\.web\.cap_add/],
  ['bomb', bomb(), /bomb\.yaml: .*alias/i],
  ['large', `services:\n  web:\n    image: a\n    environment:\n${large()}`, /large\.yaml:.* bytes.*65536/],
];

/** Each line has ten times what the line before it has. */
function bomb(): string {
  const lines = Array.from(
    { length: 9 },
    (_, index) => `x-${index + 1}: &a${index + 1} [${Array(10).fill(`*a${index}`).join(', ')}]`,
  );
  return ['x-0: &a0 [a]', ...lines, 'services:', '  web:', '    image: a', ''].join('\n');
}

/** More than the ledger takes, though no value is too long by itself. */
function large(): string {
  return Array.from({ length: 9 }, (_, index) => `      A${index}: ${'x'.repeat(8000)}\n`).join('');
}

for (const [name, content, sentence] of composeRows) {
  for (const command of ['check', 'deploy']) {
    s(`${command}: ${name}`, async () => {
      const path = file(`${name}.yaml`, content);
      const said = await classpad([command, path, ...(command === 'deploy' ? ['--rpc', NOWHERE] : [])]);
      assert.is(said.exitCode, 2, said.err);
      assert.match(said.err, sentence);
      assert.not.match(said.err, / {4}at /);
      assert.is(said.out, '');
    });
  }
}

const rows: [args: string[], exitCode: number, sentence: string | RegExp, env?: Record<string, string>][] = [
  [['frobnicate'], 2, /there is no command "frobnicate"; there are check, deploy/],
  [['enroll'], 2, /--device NAME=ADDRESS is missing/],
  [['help', 'frobnicate'], 2, /there is no command "frobnicate"/],
  [['check'], 2, 'classpad: COMPOSE.yaml is missing: the Compose file of a release; see: classpad check --help'],
  [['check', 'a', 'b'], 2, 'classpad: "b" is one argument too many; see: classpad check --help'],
  [['check', '/nowhere/at/all'], 2, 'classpad: /nowhere/at/all does not exist'],
  [['check', '/'], 2, 'classpad: / is not a file; name a Compose file'],
  [
    ['check', file('huge.yaml', new Uint8Array(1_048_577))],
    2,
    /huge\.yaml has 1048577 bytes; a Compose file has at most 1048576/,
  ],
  [['status', '--frob'], 2, 'classpad: there is no option --frob; see: classpad status --help'],
  [['status', '-x'], 2, 'classpad: there is no option -x; see: classpad status --help'],
  [['status', '--rpc'], 2, 'classpad: --rpc needs a value: --rpc URL; see: classpad status --help'],
  [['status', '--json=yes'], 2, 'classpad: --json takes no value; see: classpad status --help'],
  [['status', '--rpc', 'ftp://x'], 2, 'classpad: --rpc "ftp://x" is no http address; write http://HOST:PORT'],
  [['status', '--rpc', 'localhost'], 2, 'classpad: --rpc "localhost" is no http address; write http://HOST:PORT'],
  [['status', '--fleet', '0x12'], 2, 'classpad: --fleet "0x12" is no address; write 0x and 40 hexadecimal digits'],
  [['status'], 2, 'classpad: --rpc "nonsense" is no http address; write http://HOST:PORT', { CLASSPAD_RPC: 'nonsense' }],
  [['status', '--rpc', NOWHERE], 1, /nothing answers at http:\/\/127\.0\.0\.1:9\/; start a fleet with: npm start/],
  [['audit', '--rpc', NOWHERE], 1, /nothing answers at/],
  [['deploy', good, '--rpc', NOWHERE, '--app', 'hello'], 1, /nothing answers at/],
  [['deploy', good, '--app', 'Not An App'], 2, /--app "Not An App" is no name for an app/],
  [['deploy', good, '--app', '-a'], 2, /needs a value|there is no option|--app/],
  [['deploy', good, '--app', 'hello', '--window', 'soon'], 2, '--window "soon" is no duration; write 90s, 2m or 1h30m'],
  [['deploy', good, '--app', 'hello', '--window', '0s'], 2, '--window "0s" is no duration; write 90s, 2m or 1h30m'],
  [['deploy', good, '--app', 'hello', '--window', '5'], 2, '--window "5" is no duration; write 90s, 2m or 1h30m'],
  [
    ['emulate', '/nowhere.yaml'],
    2,
    /there is no scenario file \/nowhere\.yaml; those that come along are in emulator\/scenarios/,
  ],
  [['emulate', '/'], 2, /the scenario \/ cannot be read \(EISDIR\)/],
  [
    ['emulate', file('flow.yaml', 'name: [\n')],
    2,
    /flow\.yaml:2: this is not YAML: Flow sequence in block collection must be .* a \]$/,
  ],
  [['emulate', file('step.yaml', 'name: a\ndevices: 1\nsteps:\n  - frob\n')], 2, /step\.yaml:4: there is no step "frob"/],
  [['emulate', '--devices', '0'], 2, 'classpad: --devices takes a whole number from 1 to 256'],
  [['emulate', '--devices', '257'], 2, 'classpad: --devices takes a whole number from 1 to 256'],
  [['emulate', '--devices', 'many'], 2, 'classpad: --devices takes a whole number from 1 to 256'],
  [['emulate', '--port', '65536'], 2, 'classpad: --port takes a whole number from 0 to 65535'],
  [['emulate', '--port', '8545'], 2, /--rpc-port 8545 lies among the ports 8545 to 8549/],
  [['emulate', '--seed', ''], 2, 'classpad: --seed takes 1 to 200 characters'],
  [['emulate', '--docker', 'ftp://x'], 2, /"ftp:\/\/x" is no address of a Docker Engine; write unix:/],
  [['emulate', '--docker', 'unix:///nowhere.sock', '--once'], 1, /cannot reach the Docker Engine at unix:\/\/\/nowhere\.sock/],
  [
    ['node', '--config', '/nowhere', '--swarm-init', 'home'],
    2,
    /--swarm-init: "home" is no address of this machine; write one such as/,
  ],
  [['cluster'], 2, /WHAT is missing: init, start, join or rejoin/],
  [['cluster', 'stop'], 2, /cluster stop is not known; there are init, start, join and rejoin/],
  [['cluster', 'init'], 2, /--dir DIR is missing/],
  [['cluster', 'init', '--dir', '/nowhere', '--nodes', '0'], 2, /--nodes "0" does not fit/],
  [['cluster', 'init', '--dir', '/nowhere', '--nodes', '4', '--host', 'a'], 2, /--nodes and --host exclude each other/],
  [['cluster', 'init', '--dir', '/nowhere', '--host', 'a b'], 2, /--host "a b" is no address/],
  [['cluster', 'init', '--dir', '/nowhere', '--engine', 'ftp://x'], 2, /--engine: .*no address of a Docker Engine/],
  [['cluster', 'start'], 2, /DIR is missing: the folder that "classpad cluster init" wrote/],
  [['cluster', 'start', '/nowhere'], 2, /\/nowhere\/cluster\.json is missing or damaged/],
  [['cluster', 'join', '--dir', '/nowhere'], 2, /--name is missing/],
  [['emulate', '--cluster', '0'], 2, /--cluster "0" does not fit/],
  [
    ['emulate', '--cluster', '4', '--cometbft', '/nowhere'],
    1,
    /CometBFT \(\/nowhere\) is not on this machine: install it with: go install/,
  ],
  [['verify', '--rpc', NOWHERE, '--trust', `1:${'0'.repeat(64)}`], 1, /http:\/\/127\.0\.0\.1:9 does not answer/],
  [['verify', 'Not An App'], 2, /APP "Not An App" is no name for an app/],
  [['init'], 2, /--operator ADDRESS is missing/],
  [['init', '--operator', `0x${'0'.repeat(40)}`], 2, /nobody can sign for the zero address/],
  [['enrol'], 2, /--device NAME=ADDRESS is missing/],
  [
    ['enrol', '--device', `a=0x${'11'.repeat(20)}`, '--device', `b=0x${'12'.repeat(20)}`, '--label', 'a=b'],
    2,
    /--label is for one device/,
  ],
  [['invite'], 2, /NAME is missing/],
  [['invite', 'Pad 5'], 2, /the name "Pad 5" is no name for a device/],
  [['invite', 'pad-5', '--label', 'berlin'], 2, /--label "berlin" is no label; write key=value/],
  [['invite', 'pad-5', '--expires', 'never'], 2, /--expires "never" is no duration/],
  [['keys', 'melt', 'x'], 2, /"melt" is nothing to do with keys; write new, show or rotate/],
  [['keys', 'new'], 2, /FILE is missing/],
  [['keys', 'show', '/nowhere.key'], 2, /the key file \/nowhere\.key does not exist/],
  [
    ['keys', 'show', `0x${'1'.repeat(63)}`],
    2,
    /^classpad: a key is a file, or 64 hexadecimal digits in CLASSPAD_KEY; what was given is neither$/,
  ],
  [['keys', 'show', `0x${'1'.repeat(64)}`], 2, /what was given is neither$/],
  [['secret', 'set', 'a', '--file', good, '--device', 'pad-1', '--address', 'x'], 2, /--address "x" is no address/],
  [['keys', 'show', '/'], 2, 'classpad: / is no file; the key should be in one'],
  [['keys', 'new', '/nowhere/x.key'], 1, 'classpad: /nowhere/x.key cannot be written: there is no such file or folder'],
  [['audit', 'export'], 2, /FILE is missing: audit export FILE/],
  [['audit', 'verify', '/'], 2, /there is no file \//],
  [['secret', 'set', 'a', '--file', '/nowhere', '--device', 'a'], 2, '/nowhere cannot be read: there is no such file or folder'],
  [['keys', 'rotate', '/nowhere.key'], 2, /--to FILE is missing/],
  [['policy', 'melt'], 2, /"melt" is nothing to do with policies/],
  [['policy', 'add'], 2, /what to add is missing/],
  [['policy', 'add', 'luck'], 2, /"luck" is no policy; there are change-window, freeze, minimum-canary/],
  [['policy', 'add', 'minimum-canary'], 2, /--time is missing/],
  [
    ['policy', 'add', 'change-window', '--days', 'fri-mon', '--from', '8:00', '--until', '9:00'],
    2,
    /--days "fri-mon" is not of days/,
  ],
  [['policy', 'add', 'change-window', '--days', 'mon', '--from', '8', '--until', '9:00'], 2, /--from "8" is no time of the day/],
  [['policy', 'add', 'freeze', '--from', 'soon', '--until', '2027-01-01'], 2, /--from "soon" is no moment/],
  [['policy', 'remove', 'freeze'], 2, /the policy "freeze" is no address/],
  [['logs', '--kind', 'wood'], 2, /--kind "wood" is none; there are traffic, drift/],
  [['logs', '--lines', '0'], 2, /--lines "0" does not fit/],
  [['propose', '/nowhere.yaml'], 2, /\/nowhere\.yaml does not exist/],
  [['deploy', good, '--app', 'hello', '--engine', 'ftp://x', '--rpc', NOWHERE], 1, /nothing answers at/],
  [['revoke'], 2, /DEVICE is missing/],
  [['approve', 'hello'], 2, /REVISION is missing/],
  [['approve', 'hello', 'x'], 2, /the revision "x" does not fit; it must be a whole number from 1/],
  [['approve', 'hello', '0'], 2, /the revision "0" does not fit/],
  [['approve', 'HELLO', '1'], 2, /the app "HELLO" is no name for an app/],
];

for (const [args, exitCode, sentence, env] of rows) {
  s(`classpad ${args.join(' ').replace(/\/tmp\S*\//g, '')}`, async () => {
    const said = await classpad(args, env);
    assert.is(said.exitCode, exitCode, said.err);
    if (typeof sentence === 'string') assert.ok(said.err.endsWith(sentence), said.err);
    else assert.match(said.err, sentence);
    assert.is(said.err.split('\n').length, 1);
    assert.is(said.out, '');
  });
}

s('with --json what went wrong is JSON too, besides the sentence', async () => {
  const said = await classpad(['status', '--json', '--rpc', 'localhost']);
  const error = '--rpc "localhost" is no http address; write http://HOST:PORT';
  assert.equal(JSON.parse(said.out), { error, exitCode: 2 });
  assert.is(said.err, `classpad: ${error}`);
});

const widths: [columns: number | undefined, longest: number][] = [
  [undefined, 100],
  [200, 100],
  [72, 72],
  [10, 50],
];
for (const [columns, longest] of widths)
  s(`help on a terminal of ${columns ?? 'no'} columns`, async () => {
    const lines = overview(await Promise.all(Object.values(commands).map((load) => load())), '1', columns);
    const texts = lines.filter((line) => !/^ {2}[a-z]+ \S*\|/.test(line));
    assert.ok(
      texts.every((line) => line.length <= longest),
      texts.find((line) => line.length > longest),
    );
  });

const fits: [text: string, columns: number, shown: string][] = [
  ['short', 80, 'short'],
  ['twelve signs', 12, 'twelve sig…'],
  ['grüße an alle', 12, 'grüße an a…'],
];
for (const [text, columns, shown] of fits)
  s(`progress in ${columns} columns: ${text}`, () => assert.is(fitting(text, columns), shown));

s('CLASSPAD_DEBUG=1 shows where', async () => {
  const said = await classpad(['check', '/nowhere/at/all'], { CLASSPAD_DEBUG: '1' });
  assert.match(said.err, / {4}at .*compose\.ts/);
});

const helps = [
  [],
  ['--help'],
  ['help'],
  ['check', '--help'],
  ['help', 'deploy'],
  ['deploy', '-h'],
  ['status', '--help'],
  ['audit', '--help'],
];

for (const args of helps) {
  s(`classpad ${args.join(' ')}: help on stdout, exit code 0`, async () => {
    const said = await classpad(args);
    assert.is(said.exitCode, 0);
    assert.match(said.out, /^(usage|classpad).*/);
    assert.is(said.err, '');
    assert.ok(
      said.out.split('\n').every((line) => line.length <= 100),
      'no line is longer than 100',
    );
  });
}

s('check says that a good file is good', async () => {
  const said = await classpad(['check', good]);
  assert.is(said.exitCode, 0);
  assert.match(said.out, /good\.yaml is good: web; \d+ bytes on the ledger/);
});

s('--version', async () => assert.equal(await classpad(['--version']), { exitCode: 0, out: '0.0.0', err: '' }));

s.run();
