import { IMAGE, SECRET_NAME } from '../ports/container-rules.ts';
import { routeLabelFault } from '../proxy/labels.ts';
import { type Check, flag, gather, list, object, record, refuse, set, text, whole } from './check.ts';
import type { Condition, Logging, Restart, Service, ServiceHealthcheck } from './manifest.ts';
import { REPLICAS_LIMIT } from './manifest.ts';
import { unknownKey, whyRefused, whyRefusedVolume } from './refused.ts';

const TEXT_LIMIT = 8192;
const HOUR_MS = 3_600_000;

/** Of `a-r1-b-r2-c` nobody could say whether it is the service `c` of `a-r1-b` or `b-r2-c` of `a`: what looks like a revision is none. */
export const serviceName = text(
  /^(?!.*-r\d+-)[a-z][a-z0-9_-]*$/,
  31,
  'a name of small letters, digits, - and _, beginning with a letter, with nothing like "-r2-" in it',
);
const word = text(/^[^\0]*$/, TEXT_LIMIT, 'a text without zero bytes');
const labelText = text(/^[^\0]*$/, 4096, 'a text without zero bytes');
const image = text(IMAGE, 255, 'an image such as registry.example/app:1.2 or app@sha256:<64 hexadecimal digits>');
const variable = text(/^[A-Za-z_][A-Za-z0-9_.-]*$/, 128, "a variable's name such as LOG_LEVEL");
const labelForm = text(/^[a-zA-Z0-9][a-zA-Z0-9._/-]*$/, 128, "a label's name such as com.example.team");
const port = whole(1, 65535, 'a port');
const route = text(
  /^\/(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*)?$/,
  128,
  'a path such as / or /shop',
);
/** The kernel's own paths are not covered: a tmpfs there would hide what confines the container. */
const tmpfs = text(
  /^(?!\/(?:proc|sys|dev)(?:[/:]|$))(?:\/[A-Za-z0-9._-]*[A-Za-z0-9_-][A-Za-z0-9._-]*)+(?::size=\d{1,12}[kmg]?)?$/,
  255,
  'an absolute path such as /run/app or /run/app:size=64m, outside /proc, /sys and /dev',
);
/** A name of the app's own, for a volume or a network. */
export const ownName = text(/^[a-z0-9](?:[a-z0-9_.-]*[a-z0-9])?$/, 32, 'a name of small letters, digits, -, _ and .');
const volumeForm = text(
  /^[a-z0-9](?:[a-z0-9_.-]{0,30}[a-z0-9])?:(?!\/(?:proc|sys|dev)(?:[/:]|$))(?:\/[A-Za-z0-9._-]*[A-Za-z0-9_-][A-Za-z0-9._-]*)+(?::ro)?$/,
  255,
  'a named volume and an absolute path such as data:/var/lib/app or data:/var/lib/app:ro, outside /proc, /sys and /dev',
);
const absolutePath = text(
  /^\/(?!(?:proc|sys|dev)(?:\/|$))(?:(?:[A-Za-z0-9._-]*[A-Za-z0-9_-][A-Za-z0-9._-]*\/)*[A-Za-z0-9._-]*[A-Za-z0-9_-][A-Za-z0-9._-]*)?$/,
  255,
  'an absolute path such as /srv/app, outside /proc, /sys and /dev',
);
/** What a container is given unless it is dropped (Docker Engine, "Runtime privilege and Linux capabilities"). */
const capability = text(
  /^(?:ALL|AUDIT_WRITE|CHOWN|DAC_OVERRIDE|FOWNER|FSETID|KILL|MKNOD|NET_BIND_SERVICE|NET_RAW|SETFCAP|SETGID|SETPCAP|SETUID|SYS_CHROOT)$/,
  16,
  'ALL or a capability that containers have, such as NET_RAW; no others are ever given',
);
export const secretName = text(SECRET_NAME, 64, 'a name of small letters, digits, -, _ and .');
const restartForm = text(/^(?:no|always|on-failure(?::[1-9]\d{0,2})?)$/, 14, 'no, always, on-failure or on-failure:<times>');
const conditionForm = text(/^(?:started|healthy)$/, 7, 'started or healthy');

const healthcheckFields = object<ServiceHealthcheck>(
  {
    test: list(word, 1, 64),
    intervalMs: whole(100, HOUR_MS, 'milliseconds'),
    timeoutMs: whole(100, HOUR_MS, 'milliseconds'),
    retries: whole(1, 100, 'retries'),
    startPeriodMs: whole(0, HOUR_MS, 'milliseconds'),
  },
  ['test'],
  unknownKey,
);

const loggingFields = object<Logging>(
  { maxSizeBytes: whole(4096, 100_000_000, 'bytes'), maxFiles: whole(1, 10, 'files') },
  [],
  unknownKey,
);

/** The dangerous ones are refused with the reason, wherever they come from. */
const volume: Check<string> = (value, at) => {
  const reason = whyRefusedVolume(value);
  if (reason !== undefined) refuse(at, reason);
  return volumeForm(value, at);
};

/** Labels under `io.classpad.` are how the device finds its containers again: nobody else writes them. */
const label: Check<string> = (value, at) => {
  const name = labelForm(value, at);
  if (/^(?:io\.classpad|com\.docker|org\.mobyproject)\./.test(name))
    refuse(at, 'labels under this name are not for releases to write');
  return name;
};

const healthcheck: Check<ServiceHealthcheck> = (value, at) => {
  const checked = healthcheckFields(value, at);
  const [form, ...rest] = checked.test;
  const fits = form === 'NONE' ? rest.length === 0 : form === 'CMD' ? rest.length > 0 : form === 'CMD-SHELL' && rest.length === 1;
  if (!fits) refuse([...at, 'test'], 'a test is a command line, ["CMD", program, …], ["CMD-SHELL", line] or ["NONE"]');
  return checked;
};

/** What each field of a service may hold: the one list, for the device and for the operator's command. */
export const serviceFields: { readonly [K in keyof Service]-?: Check<Exclude<Service[K], undefined>> } = {
  image,
  command: list(word, 1, 128),
  entrypoint: list(word, 1, 128),
  environment: record(variable, word, 0, 256),
  ports: set(port, 16),
  expose: set(port, 16),
  healthcheck,
  restart: restartForm as Check<Restart>,
  dependsOn: record(serviceName, conditionForm as Check<Condition>, 1, 32),
  replicas: whole(1, REPLICAS_LIMIT, 'replicas'),
  // Engines refuse less than 6 MiB.
  memoryBytes: whole(6 * 1024 ** 2, 2 ** 40, 'bytes'),
  // From a hundredth of a processor to 64 of them.
  nanoCpus: whole(10_000_000, 64_000_000_000, 'billionths of a processor'),
  labels: (value, at) => labels(value, at),
  tmpfs: set(tmpfs, 16),
  readOnly: flag,
  user: text(/^[a-z0-9_][a-z0-9_-]*(?::[a-z0-9_][a-z0-9_-]*)?$/, 64, 'a user such as 1000, app or 1000:1000'),
  stopGraceMs: whole(0, HOUR_MS, 'milliseconds'),
  init: flag,
  volumes: set(volume, 16),
  networks: set(ownName, 4),
  order: text(/^stop-first$/, 10, 'stop-first; without it the new one starts first') as Check<'stop-first'>,
  logging: loggingFields,
  workingDir: absolutePath,
  hostname: text(/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/, 63, 'a host name of letters, digits and -'),
  stopSignal: text(
    /^SIG(?:TERM|INT|QUIT|HUP|KILL|USR1|USR2|WINCH|PWR|RTMIN\+[1-9])$/,
    12,
    'a signal such as SIGTERM, SIGINT or SIGQUIT',
  ),
  capDrop: set(capability, 16),
  secrets: set(secretName, 16),
  route,
};

/** What a label says of a route is read when the release is proposed, so that it cannot go wrong on a device. */
const labels: Check<Readonly<Record<string, string>>> = (value, at) => {
  const checked = record(label, labelText, 0, 64)(value, at);
  const faults = Object.entries(checked).map(([name, text]) => () => {
    const fault = routeLabelFault(name, text);
    if (fault !== undefined) refuse([...at, name], fault);
  });
  gather(faults);
  return checked;
};

/** A whole service, every field checked, no other let in. */
export const service: Check<Service> = object<Service>(serviceFields, ['image'], whyRefused);
