import { existsSync, readFileSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import type { Enrolment } from '../../firmware-bridge/appliance/enrolment.ts';
import { ConfigError, readConfig } from '../../firmware-bridge/main.ts';
import { Exit, Failure, type Input, type Option } from '../command.ts';
import { accountAddress, appName } from '../values.ts';

/** What a device is told before its first start; `flash` writes it, and `emulate --qemu` as well. */
export const enrolmentOptions: Readonly<Record<string, Option>> = {
  name: { value: 'NAME', help: 'what the device is called' },
  from: { value: 'NODE.yaml', help: "a sister's configuration: ledger, fleet and secret are taken from it" },
  sequencer: { value: 'ADDRESS', help: "who makes the blocks, where the sister's file says: self" },
  peer: { value: 'URL', many: true, help: 'a sister that it connects to, such as ws://10.0.0.2:4401' },
  token: { value: 'FILE', help: 'its one-time invitation; the device removes it once it is used' },
  address: { value: 'IP/BITS', help: 'a fixed address; without it DHCP' },
  gateway: { value: 'IP', help: 'with --address' },
  dns: { value: 'IP', many: true, help: 'with --address' },
  'ssh-key': { value: 'FILE', help: 'a public key that may log in; without it nobody may' },
};

/** Files for the boot partition, by name; none if nothing was given. Throws {@link Failure} (exit code 2). */
export function enrolmentFiles(input: Input, more: Partial<Enrolment> = {}): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const enrolment = enrolmentOf(input, more);
  if (enrolment !== undefined) {
    files.set('enrolment.json', Buffer.from(`${JSON.stringify(enrolment, undefined, 2)}\n`));
    files.set('hostname', Buffer.from(`${enrolment.name}\n`));
  }
  const network = networkOf(input);
  if (network !== undefined) files.set('wired.network', Buffer.from(network));
  const key = input.text('ssh-key');
  if (key !== undefined) files.set('authorized_keys', Buffer.from(publicKey(key)));
  return files;
}

function enrolmentOf(input: Input, more: Partial<Enrolment>): Enrolment | undefined {
  const from = input.text('from');
  if (from === undefined) {
    const given = ['name', 'sequencer', 'token'].find((option) => input.text(option) !== undefined);
    if (given !== undefined || input.list('peer').length > 0)
      throw new Failure(
        `--${given ?? 'peer'} goes with --from: the configuration of a sister says which ledger is meant`,
        Exit.badInput,
      );
    return undefined;
  }
  const name = appName(input.text('name') ?? missing('--name', 'what the device is called'), '--name', 'a device');
  const { genesis, fleet, peers } = sister(from);
  const sequencer = genesis.sequencer === 'self' ? sequencerOf(input) : genesis.sequencer;
  const token = input.text('token');
  return {
    name,
    genesis: { ...genesis, sequencer },
    fleet,
    peers: { connect: input.list('peer').map(peerUrl), ...(peers.secret !== undefined && { secret: peers.secret }) },
    ...(token !== undefined && { token: readToken(token) }),
    ...more,
  };
}

function missing(option: string, what: string): never {
  throw new Failure(`${option} is missing: ${what}`, Exit.badInput);
}

function sister(path: string) {
  try {
    return readConfig(path);
  } catch (error) {
    throw error instanceof ConfigError ? new Failure(`--from ${error.message}`, Exit.badInput) : error;
  }
}

function sequencerOf(input: Input): string {
  const given = input.text('sequencer');
  if (given !== undefined) return accountAddress(given, '--sequencer');
  return missing('--sequencer', "the sister makes the blocks itself, and its address stands in its log: '… is 0x…'");
}

function peerUrl(text: string): string {
  if (/^ws:\/\/(\[[0-9a-fA-F:]+\]|[\w.-]+):\d{1,5}\/?$/.test(text)) return text;
  throw new Failure(`--peer "${text}" is no address such as ws://10.0.0.2:4401`, Exit.badInput);
}

function readToken(path: string): string {
  if (/^(0x)?[0-9a-fA-F]{64}$/.test(path))
    throw new Failure('--token wants a file, not the token: everyone on this machine can see it', Exit.badInput);
  const text = readSmall(path, '--token').trim();
  if (/^(0x)?[0-9a-fA-F]{64}$/.test(text)) return text;
  throw new Failure(`--token ${path} holds no token: 64 hexadecimal digits`, Exit.badInput);
}

function publicKey(path: string): string {
  const text = readSmall(path, '--ssh-key');
  if (/^(ssh|ecdsa|sk)-[\w@.-]+ [A-Za-z0-9+/=]+/m.test(text) && !text.includes('PRIVATE KEY')) return text;
  throw new Failure(`--ssh-key ${path} holds no public key; it ends in .pub as a rule`, Exit.badInput);
}

const SMALL_BYTES = 64 * 1024;

function readSmall(path: string, option: string): string {
  if (!existsSync(path)) throw new Failure(`${option}: there is no file ${path}`, Exit.badInput);
  if (statSync(path).size > SMALL_BYTES) throw new Failure(`${option}: ${path} is too long for what it should be`, Exit.badInput);
  return readFileSync(path, 'utf8');
}

/** A file for systemd-networkd. */
function networkOf(input: Input): string | undefined {
  const address = input.text('address');
  const [gateway, dns] = [input.text('gateway'), input.list('dns')];
  if (address === undefined) {
    if (gateway === undefined && dns.length === 0) return undefined;
    throw new Failure('--gateway and --dns go with --address; without it the network says them (DHCP)', Exit.badInput);
  }
  const [ip = '', bits = ''] = address.split('/');
  if (isIP(ip) === 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > (isIP(ip) === 4 ? 32 : 128))
    throw new Failure(`--address "${address}" is no address such as 10.0.0.7/24`, Exit.badInput);
  const wrong = [gateway, ...dns].find((each) => each !== undefined && isIP(each) === 0);
  if (wrong !== undefined) throw new Failure(`"${wrong}" is no IP address`, Exit.badInput);
  const rows = [
    `Address=${address}`,
    ...(gateway === undefined ? [] : [`Gateway=${gateway}`]),
    ...dns.map((each) => `DNS=${each}`),
  ];
  return ['[Match]', 'Name=en* eth*', '', '[Network]', ...rows, ''].join('\n');
}
