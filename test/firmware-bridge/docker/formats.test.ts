import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createBody, dropped } from '../../../firmware-bridge/docker/body.ts';
import { readInspected } from '../../../firmware-bridge/docker/found.ts';
import { HELLO_SETTINGS, helloFiles, readStatic } from '../../../firmware-bridge/docker/hello.ts';
import { imageArchive } from '../../../firmware-bridge/docker/image.ts';
import { demultiplex } from '../../../firmware-bridge/docker/logs.ts';
import { tar } from '../../../firmware-bridge/docker/tar.ts';
import { helloSpec } from '../../support/containers/stage.ts';

const formats = suite('firmware-bridge/docker: formats');

function frame(stream: number, text: string, length = text.length): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(length, 4);
  return Buffer.concat([header, Buffer.from(text)]);
}

const LOGS: readonly [what: string, body: Buffer, text: string][] = [
  ['nothing', Buffer.alloc(0), ''],
  ['both streams', Buffer.concat([frame(1, 'out\n'), frame(2, 'err\n')]), 'out\nerr\n'],
  ['a frame that is cut off', Buffer.concat([frame(1, 'out\n'), frame(1, 'ab', 100)]), 'out\nab'],
  ['a header that is cut off', Buffer.concat([frame(1, 'out\n'), frame(1, '').subarray(0, 5)]), 'out\n'],
  ['the raw output of a terminal', Buffer.from('plain text\n'), 'plain text\n'],
];
for (const [what, body, text] of LOGS) formats(`logs: ${what}`, () => assert.is(demultiplex(body), text));

formats('tar: what it writes, tar reads', () => {
  const archive = tar([
    { path: 'bin/', mode: 0o755 },
    { path: 'bin/run', bytes: Buffer.from('#!/bin/sh\n'), mode: 0o755 },
    { path: 'bin/sh', link: 'run', mode: 0o777 },
    { path: 'empty', mode: 0o600 },
  ]);
  assert.is(archive.length % 512, 0);
  const listing = execFileSync('tar', ['-tvf', '-'], { input: archive, encoding: 'utf8' }).trim().split('\n');
  const rows = listing.map((line) => line.replace(/ +/g, ' ').replace(/\S+ \S+ (?=\S+( -> \S+)?$)/, ''));
  assert.equal(rows, [
    'drwxr-xr-x 0/0 0 bin/',
    '-rwxr-xr-x 0/0 10 bin/run',
    'lrwxrwxrwx 0/0 0 bin/sh -> run',
    '-rw------- 0/0 0 empty',
  ]);
  assert.throws(() => tar([{ path: 'x'.repeat(101), mode: 0 }]), /longer than 100 characters/);
});

formats('an image: equal files have equal bytes, and its list, configuration and layer belong together', () => {
  const platform = { architecture: 'arm64', os: 'linux' };
  const files = helloFiles(Buffer.from('busybox'));
  const archive = imageArchive('a/b:1', files, HELLO_SETTINGS, platform);
  assert.equal(imageArchive('a/b:1', helloFiles(Buffer.from('busybox')), HELLO_SETTINGS, platform), archive);
  const read = (name: string) => execFileSync('tar', ['-xOf', '-', name], { input: archive });
  const [{ Config, RepoTags, Layers }] = JSON.parse(read('manifest.json').toString());
  assert.equal([RepoTags, Layers], [['a/b:1'], ['layer.tar']]);
  const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
  assert.is(Config, `${hash(read(Config))}.json`);
  const config = JSON.parse(read(Config).toString());
  assert.equal(config.rootfs.diff_ids, [`sha256:${hash(read('layer.tar'))}`]);
  assert.equal([config.architecture, config.config.Cmd], ['arm64', ['/bin/hello']]);
});

formats('the body holds named fields only', () => {
  const spec = { ...helloSpec({ device: 'pad-1' }, 'web'), privileged: true, binds: ['/:/host'] };
  const body = createBody(spec, 'classpad-pad-1', '/run/classpad/pad-1/secrets/web');
  assert.equal(Object.keys(body).sort(), ['Env', 'ExposedPorts', 'HostConfig', 'Image', 'Labels', 'StopTimeout']);
  assert.equal(Object.keys(body['HostConfig'] as object).sort(), [
    'CapDrop',
    'Init',
    'LogConfig',
    'NetworkMode',
    'PidsLimit',
    'ReadonlyRootfs',
    'RestartPolicy',
    'SecurityOpt',
    'Tmpfs',
  ]);
});

for (const [named, gone] of [
  [undefined, ['NET_RAW']],
  [['CHOWN'], ['NET_RAW', 'CHOWN']],
  [['NET_RAW'], ['NET_RAW']],
  [['ALL'], ['ALL']],
] as const) {
  formats(`capabilities that are not there, with cap_drop ${named ?? 'left out'}`, () => assert.equal(dropped(named), gone));
}

const CONFIG = { Image: 'a:1', Labels: { 'io.classpad.device': 'pad-1', 'io.classpad.restarts': '4' } };
const CHECKED = { ...CONFIG, Healthcheck: { Test: ['CMD', 'true'] } };
const INSPECTED: readonly [what: string, json: object, state: string, health: string, exitCode: number | undefined][] = [
  ['running', { Config: CONFIG, State: { Status: 'running' } }, 'running', 'none', undefined],
  ['healthy', { Config: CHECKED, State: { Status: 'running', Health: { Status: 'healthy' } } }, 'running', 'healthy', undefined],
  [
    'restarting',
    { Config: CHECKED, State: { Status: 'restarting', Health: { Status: 'unhealthy' } } },
    'restarting',
    'starting',
    undefined,
  ],
  [
    'exited, last probe good',
    { Config: CHECKED, State: { Status: 'exited', ExitCode: 3, Health: { Status: 'healthy' } } },
    'exited',
    'unhealthy',
    3,
  ],
  [
    'paused',
    { Config: CHECKED, State: { Status: 'paused', Paused: true, Health: { Status: 'healthy' } } },
    'exited',
    'unhealthy',
    0,
  ],
  ['of a state nobody knows', { Config: CONFIG, State: { Status: 'molten' } }, 'dead', 'none', 0],
  ['empty', {}, 'dead', 'none', 0],
];
for (const [what, json, state, health, exitCode] of INSPECTED) {
  formats(`inspected: ${what}`, () => {
    const { found } = readInspected(json as Record<string, unknown>);
    assert.equal([found.state, found.health, found.exitCode], [state, health, exitCode]);
    assert.not.ok('io.classpad.restarts' in found.labels, 'our own label stays inside');
  });
}

formats('inspected: what was killed for its memory', () => {
  const of = (State: object) => readInspected({ Config: CONFIG, State }).found.outOfMemory;
  assert.is(of({ Status: 'exited', ExitCode: 137, OOMKilled: true }), true);
  assert.is(of({ Status: 'exited', ExitCode: 137, OOMKilled: false }), undefined);
});

formats('static programs are told from dynamic ones', () => {
  assert.is(readStatic('/nowhere'), undefined);
  assert.is(readStatic(process.execPath), undefined, 'node needs its libraries');
  assert.is(readStatic('/etc/hostname'), undefined);
});

formats.run();
