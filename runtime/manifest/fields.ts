import { type Check, flag, list, object, record, refuse, set, text, whole } from './check.ts';
import type { Condition, Restart, Service, ServiceHealthcheck } from './manifest.ts';
import { REPLICAS_LIMIT } from './manifest.ts';
import { unknownKey, whyRefused } from './refused.ts';

const TEXT_LIMIT = 8192;
const HOUR_MS = 3_600_000;

export const serviceName = text(/^[a-z][a-z0-9_-]*$/, 31, 'a name of small letters, digits, - and _, beginning with a letter');
const word = text(/^[^\0]*$/, TEXT_LIMIT, 'a text without zero bytes');
const labelText = text(/^[^\0]*$/, 4096, 'a text without zero bytes');
const image = text(
  /^(?:(?:[a-zA-Z0-9.-]+(?::\d{1,5})?\/)?[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*(?::\w[\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?|sha256:[0-9a-f]{64})$/,
  255,
  'an image such as registry.example/app:1.2 or app@sha256:<64 hexadecimal digits>',
);
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
  labels: record(label, labelText, 0, 64),
  tmpfs: set(tmpfs, 16),
  readOnly: flag,
  user: text(/^[a-z0-9_][a-z0-9_-]*(?::[a-z0-9_][a-z0-9_-]*)?$/, 64, 'a user such as 1000, app or 1000:1000'),
  stopGraceMs: whole(0, HOUR_MS, 'milliseconds'),
  init: flag,
  route,
};

/** A whole service, every field checked, no other let in. */
export const service: Check<Service> = object<Service>(serviceFields, ['image'], whyRefused);
