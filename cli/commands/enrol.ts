import { type Address, encodeFunctionData, type Hex } from 'viem';
import { type Command, Exit, Failure } from '../command.ts';
import { fleetAbi } from '../fleet/abi.ts';
import { connect, connectionOptions, demandFleet } from '../fleet/connection.ts';
import { type Change, changeMembers } from '../fleet/enrolment.ts';
import { keyOptions, operatorKeys } from '../fleet/keys.ts';
import { accountAddress, appName, counted, labelWord } from '../values.ts';

/** As many as fit into one call of the fleet to itself. */
const AT_ONCE = 20;

export const enrol: Command = {
  name: 'enrol',
  summary: 'make devices members of the fleet',
  operands: [],
  options: {
    device: { value: 'NAME=ADDRESS', many: true, help: 'a device and the address that it says when it starts' },
    label: { value: 'KEY=VALUE', many: true, help: 'what releases find it by; only for one device' },
    ...connectionOptions,
    ...keyOptions,
    json: { help: 'print the outcome as JSON' },
  },
  examples: [
    ['classpad enrol --device pad-1=0x… --device pad-2=0x… --key alice.key --key bob.key', 'two devices, by two operators'],
    ['classpad enrol --device pad-1=0x… --label site=berlin --key alice.key', 'one with a label'],
  ],
  notes: [
    'Where it takes several operators to start a release it takes as many to enrol a device, for devices judge releases. With fewer keys ' +
      'than that it becomes an action that others approve. A device enrols itself by a token: see classpad invite --help.',
  ],
  async run(input, io) {
    const devices = input.list('device').map(nameAndAddress);
    if (devices.length === 0) throw new Failure('--device NAME=ADDRESS is missing', Exit.badInput);
    const labels = input.list('label').map(labelWord);
    if (labels.length > 0 && devices.length > 1) throw new Failure('--label is for one device at a time', Exit.badInput);
    const connection = await connect(input);
    const keys = operatorKeys(input, io, connection);
    await demandFleet(connection);
    let exitCode: number = Exit.ok;
    for (let from = 0; from < devices.length && exitCode === Exit.ok; from += AT_ONCE)
      exitCode = await changeMembers(connection, keys, changeOf(devices.slice(from, from + AT_ONCE), labels), input, io);
    return exitCode;
  },
};

interface Named {
  readonly name: string;
  readonly address: Address;
}

function changeOf(devices: readonly Named[], labels: readonly Hex[]): Change {
  const names = devices.map(({ name }) => name);
  const call =
    labels.length > 0
      ? encodeFunctionData({ abi: fleetAbi, functionName: 'enrolLabelled', args: [devices[0]!.address, names[0]!, labels] })
      : encodeFunctionData({ abi: fleetAbi, functionName: 'enrol', args: [devices.map(({ address }) => address), names] });
  const done = `${names.join(', ')} ${devices.length === 1 ? 'is' : 'are'} in the fleet`;
  return { call, doing: `enrolling ${counted(devices.length, 'device')}`, done, outcome: { enrolled: devices } };
}

function nameAndAddress(text: string): Named {
  const [name = '', address = ''] = text.split('=');
  return { name: appName(name, '--device', 'a device'), address: accountAddress(address, '--device') };
}
