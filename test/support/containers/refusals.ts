import * as assert from 'uvu/assert';
import { type ContainerSpec, Label } from '../../../runtime/ports/index.ts';
import { CHECK, FAST, helloSpec, list, rejects, type Stage } from './stage.ts';

/** What a spec may not say, and the word its refusal names. */
export const REFUSALS: readonly [what: string, change: Record<string, unknown>, sentence: RegExp][] = [
  ['privileged mode', { privileged: true }, /^container [^:]+: privileged: a privileged container owns the device/],
  ['added capabilities', { capAdd: ['SYS_ADMIN'] }, /capAdd: added capabilities/],
  ["the host's network", { networkMode: 'host' }, /networkMode: .*never that of the device/],
  ["the host's processes", { pidMode: 'host' }, /pidMode/],
  ["the host's memory segments", { ipcMode: 'host' }, /ipcMode/],
  ['devices', { devices: ['/dev/mem'] }, /devices/],
  ['bind mounts', { binds: ['/:/host'] }, /binds: the device's own files/],
  ['the socket of the engine', { mounts: [{ source: '/var/run/docker.sock' }] }, /mounts/],
  ['security options', { securityOpt: ['apparmor=unconfined'] }, /securityOpt/],
  ['published ports', { portBindings: {} }, /portBindings: the proxy owns/],
  ['a field nobody knows', { frobnicate: 1 }, /frobnicate: is not a field/],
  ["another device's label", { labels: { [Label.device]: 'another' } }, /labels: .*must be/],
  ["the engine's labels", { labels: { 'com.docker.swarm.node.id': 'x' } }, /com\.docker/],
  ['a name without our prefix', { name: 'nginx' }, /name: must begin with "classpad-"/],
  ['a name with a path', { name: 'classpad-../../x' }, /name/],
  ['an image with a query', { image: 'hello?fromSrc=-' }, /image: must be an image reference/],
  ['a port of 0', { ports: [0] }, /ports: must be a whole number from 1 to 65535/],
  ['endless restarts', { restarts: -1 }, /restarts/],
  ['a missing field', { readOnly: undefined }, /readOnly: is missing/],
  ["a tmpfs over the kernel's paths", { tmpfs: ['/proc/sys'] }, /tmpfs: the kernel's own paths/],
  ['a tmpfs with options', { tmpfs: ['/tmp:exec,dev'] }, /tmpfs: must be/],
  ['a tmpfs that climbs', { tmpfs: ['/tmp/../proc'] }, /tmpfs/],
  ['a volume that is a path', { volumes: ['/etc:/data'] }, /volumes: must be "classpad-name:\/path"/],
  ['a volume that climbs', { volumes: ['classpad-pad-1-a:/data/../proc'] }, /volumes: must be a path without/],
  ["a volume over the kernel's paths", { volumes: ['classpad-pad-1-a:/sys'] }, /volumes: the kernel's own paths/],
  ['a volume with options', { volumes: ['classpad-pad-1-a:/a:ro,z'] }, /volumes: must be "classpad-name/],
  ["another device's volume", { volumes: ['classpad-pad-2-a:/a'] }, /must begin with "classpad-pad-1-hello-"/],
  ["the host's network as its own", { networks: ['host'] }, /networks: must be the name of a network that begins/],
  ["another device's network", { networks: ['classpad-pad-2-a'] }, /must begin with "classpad-pad-1-hello-"/],
  ['a name that is a link of its own', { neighbours: { db: 'a:b' } }, /neighbours: must be a name|neighbours: "db" must be/],
  ['endless output', { logging: { maxSizeBytes: 1e12, maxFiles: 2 } }, /logging: maxSizeBytes must be/],
  ['another place for output', { logging: { maxSizeBytes: 4096, maxFiles: 2, driver: 'syslog' } }, /logging: driver is not/],
  ['a working directory among open files of the host', { workingDir: '/proc/self/fd/8' }, /workingDir: the kernel's own paths/],
  ["a tmpfs over the kernel's paths, by two slashes", { tmpfs: ['//dev/shm'] }, /tmpfs: the kernel's own paths/],
  ["another app's volume", { volumes: ['classpad-pad-1-other-a:/a'] }, /must begin with "classpad-pad-1-hello-"/],
  ['an image that no engine can name', { image: 'a..b:1' }, /image: must be an image reference/],
  ['an image above all others', { image: '../containers/x:1' }, /image: must be an image reference/],
  ['an image in capitals', { image: 'Foo/bar:1' }, /image: must be an image reference/],
  ['a working directory that climbs', { workingDir: '/a/../b' }, /workingDir: must be an absolute path/],
  ['a host name with a blank', { hostname: 'a b' }, /hostname: must be one name/],
  ['a signal by number', { stopSignal: '9' }, /stopSignal: must be a signal/],
  ['a capability in small letters', { capDrop: ['net_raw'] }, /capDrop: must be a capability/],
  ['a secret that climbs', { secrets: ['../shadow'] }, /secrets: must be a name/],
  ['a secret that hides', { secrets: ['.hidden'] }, /secrets: must be a name/],
  ['a secret twice', { secrets: ['a', 'a'] }, /secrets: must not name one twice/],
  ['a secret with its value', { secrets: [{ name: 'a', value: 'b' }] }, /secrets: must be a name/],
  ['a variable with a NUL', { environment: { A: 'a\0b' } }, /environment: "A" must be/],
  ['a variable with an equals sign', { environment: { 'A=B': '' } }, /environment: "A=B" is not a variable name/],
  ['a user with a space', { user: 'root root' }, /user/],
  ['less memory than the engine takes', { memoryBytes: 1024 }, /memoryBytes: must be a whole number from 6291456/],
  ['less of a processor than the engine gives', { nanoCpus: 5_000_000 }, /nanoCpus: must be a whole number from 10000000/],
  ['a health check without a kind', { healthcheck: { test: ['wget'], ...FAST } }, /healthcheck: test must begin with/],
  ['a health check without an interval', { healthcheck: { test: CHECK, ...FAST, intervalMs: 0 } }, /healthcheck: intervalMs/],
];

export async function refuses(stage: Stage, change: Record<string, unknown>, sentence: RegExp): Promise<void> {
  const spec = { ...helloSpec(stage, 'bad'), ...change } as ContainerSpec;
  const error = await rejects(stage, stage.containers.create(spec), 'refused');
  assert.match(error.message, sentence);
  assert.equal(await list(stage), []);
}
