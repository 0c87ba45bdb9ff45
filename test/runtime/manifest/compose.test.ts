import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseDocument } from 'yaml';
import {
  composeToManifest,
  encodeManifest,
  ManifestRefused,
  type Path,
  parseManifest,
  pinnedSomehow,
} from '../../../runtime/manifest/index.ts';

const s = suite('manifest/compose');

/** Reads a service's keys, written as YAML with two spaces of indent, as the whole of a file with one service `web`. */
function read(body: string) {
  return readFile(`services:\n  web:\n    image: app:1\n${body.replace(/^/gm, '    ')}\n`);
}

function readFile(source: string) {
  const document = parseDocument(source, { merge: true });
  const lineOf = (path: Path) => {
    const node = document.getIn(path, true) as { range?: [number] } | undefined;
    return node?.range ? source.slice(0, node.range[0]).split('\n').length : undefined;
  };
  return composeToManifest(document.toJS(), lineOf);
}

const honoured: [body: string, service: object][] = [
  ['command: serve --port 8080', { command: ['serve', '--port', '8080'] }],
  ['command: sh -c "echo \'a b\'"', { command: ['sh', '-c', "echo 'a b'"] }],
  ['command: ["a b", c]', { command: ['a b', 'c'] }],
  ['command:', {}],
  ['entrypoint: [/bin/app]', { entrypoint: ['/bin/app'] }],
  ['environment: { A: 1, B: true, C: "x" }', { environment: { A: '1', B: 'true', C: 'x' } }],
  ['environment: [A=1, "B=x=y"]', { environment: { A: '1', B: 'x=y' } }],
  ['environment: { A: "$$HOME costs 5$" }', { environment: { A: '$HOME costs 5$' } }],
  ['ports: ["8080"]', { ports: [8080] }],
  ['ports: ["80:8080", 9000, "127.0.0.1:1:2/tcp", {target: 7, published: 70}]', { ports: [8080, 9000, 2, 7] }],
  ['expose: ["9090"]', { expose: [9090] }],
  [
    'healthcheck: { test: wget -q x, interval: 1m30s, timeout: 500ms, retries: 2, start_period: 1s }',
    {
      healthcheck: { test: ['CMD-SHELL', 'wget -q x'], intervalMs: 90_000, timeoutMs: 500, retries: 2, startPeriodMs: 1000 },
    },
  ],
  ['healthcheck: { test: [CMD, check] }', { healthcheck: { test: ['CMD', 'check'] } }],
  ['healthcheck: { disable: true }', { healthcheck: { test: ['NONE'] } }],
  ['restart: unless-stopped', { restart: 'always' }],
  ['restart: "no"', { restart: 'no' }],
  ['restart: on-failure:3', { restart: 'on-failure:3' }],
  [
    'deploy: { replicas: 2, resources: { limits: { cpus: "0.5", memory: 64M } } }',
    {
      replicas: 2,
      nanoCpus: 500_000_000,
      memoryBytes: 64 * 1024 * 1024,
    },
  ],
  ['deploy: { update_config: { order: start-first } }', {}],
  ['labels: { com.example.team: edge }', { labels: { 'com.example.team': 'edge' } }],
  ['labels: [a=b, c]', { labels: { a: 'b', c: '' } }],
  ['tmpfs: /run', { tmpfs: ['/run'] }],
  ['tmpfs: [/run, /tmp/x]', { tmpfs: ['/run', '/tmp/x'] }],
  ['read_only: true', { readOnly: true }],
  ['user: 1000', { user: '1000' }],
  ['stop_grace_period: 2s', { stopGraceMs: 2000 }],
  ['init: true', { init: true }],
  ['deploy: { update_config: { order: stop-first } }', { order: 'stop-first' }],
  [
    'logging: { driver: json-file, options: { max-size: 10m, max-file: 3 } }',
    { logging: { maxSizeBytes: 10_000_000, maxFiles: 3 } },
  ],
  ['logging: { options: { max-size: "4096", max-file: "1" } }', { logging: { maxSizeBytes: 4096, maxFiles: 1 } }],
  ['working_dir: /srv/app', { workingDir: '/srv/app' }],
  ['hostname: till-1', { hostname: 'till-1' }],
  ['stop_signal: SIGINT', { stopSignal: 'SIGINT' }],
  ['stop_signal: QUIT', { stopSignal: 'SIGQUIT' }],
  ['cap_drop: [all]', { capDrop: ['ALL'] }],
  ['cap_drop: [CAP_NET_RAW, SETUID]', { capDrop: ['NET_RAW', 'SETUID'] }],
  ['networks: [default]', { networks: ['default'] }],
  ['ports: ["80"]\nx-classpad: { route: /shop }', { ports: [80], route: '/shop' }],
];

for (const [body, service] of honoured) {
  s(`honours ${body}`, () => {
    const manifest = read(body);
    assert.equal(manifest, { version: 1, services: { web: { image: 'app:1', ...service } } });
    assert.equal(parseManifest(encodeManifest(pinnedSomehow(manifest))), pinnedSomehow(manifest));
  });
}

const POWER = 'this device never gives a container power over the host';
const SHARED = "this device never lets a container into the host's or another container's namespaces";
const DEVICES = "this device never gives a container the host's devices";
const HOST = "this device never lets a container change the host's kernel or limits";
const SOCKET = "the engine's socket is root on this device; no container ever gets it";
const BIND = "bind mounts reach the host's files; no container ever gets one";

const VOLUME =
  'a named volume and an absolute path such as data:/var/lib/app or data:/var/lib/app:ro, outside /proc, /sys and /dev';

const refused: [body: string, message: string][] = [
  ['privileged: true', `line 4: services.web.privileged: ${POWER}`],
  ['cap_add: [SYS_ADMIN]', `line 4: services.web.cap_add: ${POWER}`],
  ['security_opt: [seccomp=unconfined]', `line 4: services.web.security_opt: ${POWER}`],
  ['network_mode: host', `line 4: services.web.network_mode: ${SHARED}`],
  ['pid: host', `line 4: services.web.pid: ${SHARED}`],
  ['ipc: host', `line 4: services.web.ipc: ${SHARED}`],
  ['uts: host', `line 4: services.web.uts: ${SHARED}`],
  ['userns_mode: host', `line 4: services.web.userns_mode: ${SHARED}`],
  ['cgroup: host', `line 4: services.web.cgroup: ${SHARED}`],
  ['volumes_from: [other]', `line 4: services.web.volumes_from: ${SHARED}`],
  ['devices: [/dev/mem]', `line 4: services.web.devices: ${DEVICES}`],
  ['gpus: all', `line 4: services.web.gpus: ${DEVICES}`],
  ['sysctls: { a: 1 }', `line 4: services.web.sysctls: ${HOST}`],
  ['volumes: [/var/run/docker.sock:/s]', `line 4: services.web.volumes[0]: ${SOCKET}`],
  ['volumes:\n  - data:/data\n  - /etc:/etc', `line 6: services.web.volumes[1]: ${BIND}`],
  ['volumes: [./here:/there]', `line 4: services.web.volumes[0]: ${BIND}`],
  ['volumes: [{ type: bind, source: /, target: /x }]', `line 4: services.web.volumes[0]: ${BIND}`],
  ['volumes: [{ type: tmpfs, target: /x }]', 'line 4: services.web.volumes[0]: write tmpfs instead'],
  [
    'volumes: [/data]',
    'line 4: services.web.volumes[0]: a volume without a name would be lost with its container; name it, as in data:/path',
  ],
  [
    'volumes: [{ type: npipe, source: a, target: /x }]',
    'line 4: services.web.volumes[0]: only named volumes are mounted; write name:/path',
  ],
  [
    'volumes: [{ type: volume, source: a, target: /x, volume: { nocopy: true } }]',
    'line 4: services.web.volumes[0].volume: the key "volume" is not known; see the documented subset of Compose',
  ],
  [
    'volumes: [{ type: volume, source: /etc, target: /x }]',
    "line 4: services.web.volumes[0]: bind mounts reach the host's files; no container ever gets one",
  ],
  ['volumes: [data:/proc]', `line 4: services.web.volumes[0]: "data:/proc" does not fit; it must be ${VOLUME}`],
  ['volumes: [data:/a/../b]', `line 4: services.web.volumes[0]: "data:/a/../b" does not fit; it must be ${VOLUME}`],
  ['volumes: [data:/data:z]', `line 4: services.web.volumes[0]: "data:/data:z" does not fit; it must be ${VOLUME}`],
  [
    'volumes: [data:/data]',
    'line 4: services.web.volumes[0]: "data" is not declared; write it under volumes: at the top of the file',
  ],
  ['networks: [a]', 'line 4: services.web.networks[0]: "a" is not declared; write it under networks: at the top of the file'],
  [
    'networks: { default: { aliases: [x] } }',
    'line 4: services.web.networks.default.aliases: a service is found by its name; nothing else is honoured here',
  ],
  [
    'logging: { driver: syslog }',
    'line 4: services.web.logging.driver: "syslog" does not fit; output is kept on the device: json-file',
  ],
  ['logging: { options: { tag: x } }', 'line 4: services.web.logging.options.tag: only max-size and max-file are honoured'],
  [
    'logging: { options: { max-size: 1g } }',
    'line 4: services.web.logging.maxSizeBytes: 1000000000 does not fit; it must be a whole number of bytes from 4096 to 100000000',
  ],
  [
    'working_dir: srv',
    'line 4: services.web.working_dir: "srv" does not fit; it must be an absolute path such as /srv/app, outside /proc, /sys and /dev',
  ],
  [
    'working_dir: /a/../b',
    'line 4: services.web.working_dir: "/a/../b" does not fit; it must be an absolute path such as /srv/app, outside /proc, /sys and /dev',
  ],
  [
    'working_dir: /proc/self/fd/8',
    'line 4: services.web.working_dir: "/proc/self/fd/8" does not fit; it must be an absolute path such as /srv/app, outside /proc, /sys and /dev',
  ],
  ['hostname: a.b', 'line 4: services.web.hostname: "a.b" does not fit; it must be a host name of letters, digits and -'],
  [
    'stop_signal: SIGSEGV',
    'line 4: services.web.stop_signal: "SIGSEGV" does not fit; it must be a signal such as SIGTERM, SIGINT or SIGQUIT',
  ],
  [
    'cap_drop: [SYS_ADMIN]',
    'line 4: services.web.cap_drop[0]: "SYS_ADMIN" does not fit; it must be ALL or a capability that containers have, such as NET_RAW; no others are ever given',
  ],
  ['build: .', 'line 4: services.web.build: a device builds nothing; name an image that is built already'],
  [
    'env_file: .env',
    'line 4: services.web.env_file: a release is one file; it takes nothing from files beside it; write the values under environment',
  ],
  ['colour: red', 'line 4: services.web.colour: the key "colour" is not known; see the documented subset of Compose'],
  [
    'environment: { A: "$TAG" }',
    'line 4: services.web.environment.A: "$TAG" would be filled from the operator\'s shell; write the value, or $$ for a dollar sign',
  ],
  [
    'environment: [A]',
    'line 4: services.web.environment[0]: has no value; a release takes nothing from the operator’s shell, so write the value here',
  ],
  [
    'environment: { "a b": x }',
    'line 4: services.web.environment.a b: "a b" does not fit; it must be a variable\'s name such as LOG_LEVEL',
  ],
  [
    'ports: ["1-3:1-3"]',
    'line 4: services.web.ports[0]: "1-3:1-3" is not one port; write the container\'s own port such as "8080", for the proxy owns the ports of the host',
  ],
  ['ports: ["53/udp"]', 'line 4: services.web.ports[0]: "53/udp" is not TCP; the proxy carries nothing else'],
  ['ports: [0]', 'line 4: services.web.ports[0]: 0 does not fit; it must be a whole number of a port from 1 to 65535'],
  ['ports: [80, 80]', 'line 4: services.web.ports[1]: 80 stands in the list twice'],
  ['ports: 80', 'line 4: services.web.ports: 80 is not a list'],
  [
    'healthcheck: { interval: 10s }',
    'line 4: services.web.healthcheck.test: is missing; say how to tell that the service is healthy',
  ],
  [
    'healthcheck: { test: x, interval: 10 }',
    'line 4: services.web.healthcheck.interval: 10 is not a duration; write one with its unit, such as 500ms, 10s or 1m30s',
  ],
  [
    'healthcheck: { test: [x, y] }',
    'line 4: services.web.healthcheck.test: a test is a command line, ["CMD", program, …], ["CMD-SHELL", line] or ["NONE"]',
  ],
  [
    'restart: sometimes',
    'line 4: services.web.restart: "sometimes" does not fit; it must be no, always, on-failure or on-failure:<times>',
  ],
  ['depends_on: [db]', 'line 4: services.web.depends_on.db: there is no service "db" to depend on'],
  ['depends_on: [web]', 'line 4: services.web.depends_on.web: "web" and "web" wait for each other; neither could ever start'],
  [
    'depends_on: { web: { condition: done } }',
    'line 4: services.web.depends_on.web.condition: "done" does not fit; it must be service_started or service_healthy',
  ],
  [
    'deploy: { replicas: 99 }',
    'line 4: services.web.deploy.replicas: 99 does not fit; it must be a whole number of replicas from 1 to 16',
  ],
  [
    'deploy: { resources: { limits: { memory: much } } }',
    'line 4: services.web.deploy.resources.limits.memory: "much" is not a size; write one such as 64M or 1g',
  ],
  [
    'deploy: { update_config: { order: both } }',
    'line 4: services.web.deploy.update_config.order: "both" does not fit; it must be start-first or stop-first',
  ],
  [
    'labels: { io.classpad.device: x }',
    'line 4: services.web.labels.io.classpad.device: labels under this name are not for releases to write',
  ],
  [
    'tmpfs: /run/../etc',
    'line 4: services.web.tmpfs[0]: "/run/../etc" does not fit; it must be an absolute path such as /run/app or /run/app:size=64m, outside /proc, /sys and /dev',
  ],
  [
    'x-classpad: { route: /a }',
    'line 4: services.web.x-classpad.route: a route leads to a port; write the port of "web" under ports',
  ],
  ['command: "a \'b"', 'line 4: services.web.command: "a \'b" has a quote that is never closed'],
  ['privileged: true\npid: host', `line 4: services.web.privileged: ${POWER}\nline 5: services.web.pid: ${SHARED}`],
];

for (const [body, message] of refused) {
  s(`refuses ${body}`, () => {
    try {
      read(body);
      assert.unreachable('it was accepted');
    } catch (error) {
      assert.instance(error, ManifestRefused);
      assert.is((error as Error).message, message);
    }
  });
}

const ELSEWHERE =
  'a secret never stands in a release or beside it; write external: true and give it to the devices: classpad secret';

const files: [source: string, message: string][] = [
  ['services: { web: { image: a } }\nsecrets: { db: { file: ./db } }', `line 2: secrets.db.file: ${ELSEWHERE}`],
  ['services: { web: { image: a } }\nsecrets: { db: { environment: DB } }', `line 2: secrets.db.environment: ${ELSEWHERE}`],
  ['services: { web: { image: a } }\nsecrets: { db: }', `line 2: secrets.db: ${ELSEWHERE}`],
  [
    'services: { web: { image: a } }\nsecrets: { "../x": { external: true } }',
    'line 2: secrets.../x: "../x" does not fit; it must be a name of small letters, digits, -, _ and .',
  ],
  [
    'services: { web: { image: a, secrets: [db] } }',
    'line 1: services.web.secrets[0]: "db" is not declared; write it under secrets: at the top of the file',
  ],
  [
    'services: { web: { image: a, secrets: [{ source: db, target: /etc/passwd }] } }\nsecrets: { db: { external: true } }',
    'line 1: services.web.secrets[0].target: a secret is the file /run/secrets/db; leave target out',
  ],
  [
    'services: { web: { image: a, secrets: [{ source: db, mode: 0777 }] } }\nsecrets: { db: { external: true } }',
    'line 1: services.web.secrets[0].mode: whoever runs in the container may read its secrets; leave it out',
  ],
  [
    'services: { web: { image: a } }\nconfigs: { a: { file: x } }',
    'line 2: configs: configs cannot be honoured on a device yet; leave it out',
  ],
  ['services: {}', 'line 1: services: there are 0 services; a release has 1 to 32'],
  ['version: "3"', 'services: is missing; a release has at least one service'],
  ['- a', '["…"] is not a set of keys and values'.replace('["…"]', '["a"]')],
  ['services: { web: 1 }', 'line 1: services.web: 1 is not a set of keys and values'],
  [
    'services: { web: { build: . } }',
    'line 1: services.web.image: is missing; build the image first and name it here\nline 1: services.web.build: a device builds nothing; name an image that is built already',
  ],
  [
    'services: { a-r2-b: { image: a } }',
    'line 1: services.a-r2-b: "a-r2-b" does not fit; it must be a name of small letters, digits, - and _, beginning with a letter, with nothing like "-r2-" in it',
  ],
  [
    'services: { Web: { image: a } }',
    'line 1: services.Web: "Web" does not fit; it must be a name of small letters, digits, - and _, beginning with a letter, with nothing like "-r2-" in it',
  ],
  [
    'services: { web: { image: a } }\nnetworks: { a: { external: true } }',
    "line 2: networks.a.external: networks are the release's own; those of others are never used",
  ],
  [
    'services: { web: { image: a } }\nvolumes: { a: { driver_opts: { o: bind, device: / } } }',
    "line 2: volumes.a.driver_opts: options could make a volume of the host's files; leave them out",
  ],
  [
    'services: { web: { image: a } }\nvolumes: { a: { driver: nfs } }',
    'line 2: volumes.a.driver: driver is not honoured for volumes; the device makes them plainly: leave it out',
  ],
  ...[
    ['tmpfs: /run/secrets', 'tmpfs[0]: /run/secrets is covered twice'],
    ['volumes: [a:/run/secrets/x]', 'volumes[0]: /run/secrets/x is covered twice'],
    ['volumes: ["a:/run/secrets:ro"]', 'volumes[0]: /run/secrets is covered twice'],
  ].map(([mount, said]): [string, string] => [
    `services: { web: { image: a, secrets: [s], ${mount} } }\nvolumes: { a: }\nsecrets: { s: { external: true } }`,
    `line 1: services.web.${said}`,
  ]),
  [
    'services: { web: { image: a, tmpfs: /x, volumes: [a:/x] } }\nvolumes: { a: }',
    'line 1: services.web.volumes[0]: /x is covered twice',
  ],
  [
    'services: { web: { image: a } }\nnetworks: { A: }',
    'line 2: networks.A: "A" does not fit; it must be a name of small letters, digits, -, _ and .',
  ],
  [
    'services: { web: { image: "a b" } }',
    'line 1: services.web.image: "a b" does not fit; it must be an image such as registry.example/app:1.2 or app@sha256:<64 hexadecimal digits>',
  ],
  ...['../x', './x', '-/x', 'Foo/bar', 'a..b', 'a._b', 'a___b', 'x/.a', 'a-', 'a/'].map((image): [string, string] => [
    `services: { web: { image: "${image}" } }`,
    `line 1: services.web.image: "${image}" does not fit; it must be an image such as registry.example/app:1.2 or app@sha256:<64 hexadecimal digits>`,
  ]),
  [
    'services: { a: { image: x, depends_on: [b] }, b: { image: x, depends_on: [a] } }',
    'line 1: services.a.depends_on.b: "a" and "b" wait for each other; neither could ever start\nline 1: services.b.depends_on.a: "b" and "a" wait for each other; neither could ever start',
  ],
  [
    'services: { a: { image: x, ports: [1], x-classpad: {route: /} }, b: { image: x, ports: [1], x-classpad: {route: /} } }',
    'line 1: services.b.x-classpad.route: the route / already leads to "a"',
  ],
];

for (const [source, message] of files) {
  s(`refuses the file ${source}`, () => {
    assert.throws(
      () => readFile(source),
      (error: Error) => {
        assert.is(error.message, message);
        return true;
      },
    );
  });
}

s('takes anchors, merges, a name and a version', () => {
  const manifest = readFile(
    'name: shop\nversion: "3"\nx-common: &c { image: app:1 }\nservices:\n  web: { <<: *c, init: true }\n',
  );
  assert.equal(manifest, { version: 1, services: { web: { image: 'app:1', init: true } } });
});

s('takes secrets by name, in both forms', () => {
  const source = `services:
  web:
    image: a
    secrets: [db, { source: key, target: key }]
secrets:
  db: { external: true }
  key: { external: true }
`;
  const manifest = readFile(source);
  assert.equal(manifest.services['web'], { image: 'a', secrets: ['db', 'key'] });
  assert.equal(parseManifest(encodeManifest(pinnedSomehow(manifest))), pinnedSomehow(manifest));
});

s('takes volumes and networks of its own', () => {
  const source = [
    'services:',
    '  db: { image: a, volumes: [data:/var/lib/db, "logs:/logs:rw"], networks: [back] }',
    '  web: { image: a, networks: { back: , front: {} }, volumes: [{ type: volume, source: data, target: /d, read_only: true }] }',
    'volumes: { data: { driver: local }, logs: }',
    'networks: { back: { driver: bridge, external: false }, front: }',
  ].join('\n');
  const manifest = readFile(source);
  assert.equal(manifest.services, {
    db: { image: 'a', volumes: ['data:/var/lib/db', 'logs:/logs'], networks: ['back'] },
    web: { image: 'a', networks: ['back', 'front'], volumes: ['data:/d:ro'] },
  });
  assert.equal(parseManifest(encodeManifest(pinnedSomehow(manifest))), pinnedSomehow(manifest));
});

s('equal files in another order are equal bytes', () => {
  const one = readFile('services: { b: { image: x, init: true }, a: { user: "1", image: y } }');
  const two = readFile('services: { a: { image: y, user: 1 }, b: { init: true, image: x } }');
  assert.equal(encodeManifest(pinnedSomehow(one)), encodeManifest(pinnedSomehow(two)));
});

s.run();
