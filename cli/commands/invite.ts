import { rmSync } from 'node:fs';
import { encodeFunctionData } from 'viem';
import type { Command } from '../command.ts';
import { fleetAbi } from '../fleet/abi.ts';
import { connect, connectionOptions, demandFleet } from '../fleet/connection.ts';
import { changeMembers } from '../fleet/enrolment.ts';
import { makeKeyFile } from '../fleet/key-files.ts';
import { keyOptions, operatorKeys } from '../fleet/keys.ts';
import { accountAddress, appName, durationSeconds, labelWord, timeText } from '../values.ts';

export const invite: Command = {
  name: 'invite',
  summary: 'make a one-time token by which a device enrols itself',
  operands: [{ name: 'NAME', help: "the device's name in the fleet" }],
  options: {
    out: { value: 'FILE', help: 'where the token is written; without it NAME.token' },
    label: { value: 'KEY=VALUE', many: true, help: 'what releases find the device by' },
    expires: { value: 'TIME', fallback: '7d', help: 'after this long it is void' },
    withdraw: { value: 'ADDRESS', help: 'take back a token that has not been used, instead' },
    ...connectionOptions,
    ...keyOptions,
    json: { help: 'print the outcome as JSON' },
  },
  examples: [
    ['classpad invite pad-5 --label site=berlin --key alice.key --key bob.key', 'writes pad-5.token'],
    ['classpad node --config node.yaml --join pad-5.token', 'on the device: it enrols itself, once'],
    ['classpad invite pad-5 --withdraw 0x… --key alice.key', 'take it back'],
  ],
  notes: [
    'The token is a key, in a file that only its owner reads; bring it to the device as you would a password. The ledger knows its address ' +
      'alone, and whoever sees the device use it cannot use it again.',
  ],
  async run(input, io) {
    const name = appName(input.operands[0]!, 'the name', 'a device');
    const withdrawn = input.text('withdraw');
    const labels = input.list('label').map(labelWord);
    const expiresAt = BigInt(Math.floor(Date.now() / 1000) + durationSeconds(input.text('expires')!, '--expires'));
    const old = withdrawn === undefined ? undefined : accountAddress(withdrawn, '--withdraw');
    const connection = await connect(input);
    const keys = operatorKeys(input, io, connection);
    await demandFleet(connection);
    if (old) {
      const call = encodeFunctionData({ abi: fleetAbi, functionName: 'withdraw', args: [old] });
      const change = { call, doing: `withdrawing ${old}`, done: `the token ${old} is void`, outcome: { withdrawn: old } };
      return changeMembers(connection, keys, change, input, io);
    }
    const file = input.text('out') ?? `${name}.token`;
    const token = makeKeyFile(file);
    const call = encodeFunctionData({ abi: fleetAbi, functionName: 'invite', args: [token, name, labels, expiresAt] });
    const done = `${name} is invited until ${timeText(expiresAt)}; on the device: classpad node --config FILE --join ${file}`;
    const outcome = { name, token, file, expiresAt };
    // A token that the ledger does not know is of no use to anyone.
    return changeMembers(connection, keys, { call, doing: `inviting ${name}`, done, outcome }, input, io).catch((error) => {
      rmSync(file, { force: true });
      throw error;
    });
  },
};
