import { encodeFunctionData, hexToString } from 'viem';
import { type Command, Exit, Failure, type Input, type Io } from '../command.ts';
import { fleetAbi } from '../fleet/abi.ts';
import { askQuorum } from '../fleet/actions.ts';
import { type Connection, connect, connectionOptions, demandFleet } from '../fleet/connection.ts';
import { type DeviceRecord, findDevice } from '../fleet/devices.ts';
import { keyOptions, operatorKeys } from '../fleet/keys.ts';
import { tell } from '../tell.ts';
import { labelWord } from '../values.ts';

export const label: Command = {
  name: 'label',
  summary: "show or replace a device's labels, by which releases find it",
  operands: [{ name: 'DEVICE', help: 'its name or address' }],
  options: {
    label: { value: 'KEY=VALUE', many: true, help: 'carry this and no label that is not named; at most 8' },
    none: { help: 'take all labels away' },
    ...connectionOptions,
    ...keyOptions,
    json: { help: 'print the outcome as JSON' },
  },
  examples: [
    ['classpad label pad-2', 'what it carries'],
    [
      'classpad label pad-2 --label site=berlin --label arch=arm64 --key alice.key --key bob.key',
      'these two from now on, and no others',
    ],
    ['classpad label pad-2 --none --key alice.key --key bob.key', 'none'],
  ],
  notes: [
    'It takes as many approvals as a release, for labels say who judges one. The device leaves the juries of what is undecided: its ' +
      'releases may be others now.',
  ],
  async run(input, io) {
    const texts = input.list('label');
    const words = texts.map(labelWord);
    if (input.has('none') && words.length > 0)
      throw new Failure('--none and --label exclude each other; give one of them', Exit.badInput);
    const connection = await connect(input);
    await demandFleet(connection);
    const device = await findDevice(connection, input.operands[0]!);
    if (words.length === 0 && !input.has('none')) return show(connection, device, input, io);
    const keys = operatorKeys(input, io, connection);
    const call = encodeFunctionData({ abi: fleetAbi, functionName: 'relabel', args: [device.account, words] });
    const done = `${device.name} carries ${texts.join(', ') || 'no labels'}`;
    const outcome = { device: device.name, labels: texts };
    return askQuorum(connection, keys, { call, doing: `labelling ${device.name}`, done, outcome }, input, io);
  },
};

async function show({ client, fleet }: Connection, device: DeviceRecord, input: Input, io: Io): Promise<number> {
  const args = [device.account] as const;
  const words = await client.readContract({ address: fleet, abi: fleetAbi, functionName: 'labels', args });
  const labels = words.map((word) => hexToString(word, { size: 32 }));
  tell(input, io, labels.join(' ') || `${device.name} carries no labels`, { device: device.name, labels });
  return Exit.ok;
}
