import { encodeFunctionData } from 'viem';
import type { Command } from '../command.ts';
import { fleetAbi } from '../fleet/abi.ts';
import { askQuorum } from '../fleet/actions.ts';
import { connect, connectionOptions, demandFleet } from '../fleet/connection.ts';
import { findDevice } from '../fleet/devices.ts';
import { keyOptions, operatorKeys } from '../fleet/keys.ts';

export const revoke: Command = {
  name: 'revoke',
  summary: 'take a device out of the fleet; its votes on what is undecided count no more',
  operands: [{ name: 'DEVICE', help: 'its name or address' }],
  notes: ['It takes as many approvals as a release: one operator alone could silence the devices that vote against a rollout.'],
  options: { ...connectionOptions, ...keyOptions, json: { help: 'print the outcome as JSON' } },
  examples: [['classpad revoke pad-2 --key alice.key --key bob.key', 'it runs nothing of the fleet from then on']],
  async run(input, io) {
    const connection = await connect(input);
    await demandFleet(connection);
    const device = await findDevice(connection, input.operands[0]!);
    const keys = operatorKeys(input, io, connection);
    const call = encodeFunctionData({ abi: fleetAbi, functionName: 'revoke', args: [device.account] });
    const done = `${device.name} is no longer in the fleet`;
    return askQuorum(connection, keys, { call, doing: `revoking ${device.name}`, done, outcome: { revoked: device } }, input, io);
  },
};
