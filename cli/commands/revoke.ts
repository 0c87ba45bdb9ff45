import { type Command, Exit, Failure } from '../command.ts';
import { connect, connectionOptions, demandFleet, readFleet } from '../fleet/connection.ts';
import { keyOptions, operatorKeys } from '../fleet/keys.ts';
import { revoke as sendRevocation } from '../fleet/transactions.ts';
import { progress } from '../progress.ts';
import { tell } from '../tell.ts';

export const revoke: Command = {
  name: 'revoke',
  summary: 'take a device out of the fleet; its votes on what is undecided count no more',
  operands: [{ name: 'DEVICE', help: 'its name or address' }],
  options: { ...connectionOptions, ...keyOptions, json: { help: 'print the outcome as JSON' } },
  examples: [['classpad revoke pad-2 --key alice.key', 'it runs nothing of the fleet from then on']],
  async run(input, io) {
    const wanted = input.operands[0]!;
    const connection = await connect(input);
    await demandFleet(connection);
    const devices = await readFleet(connection).devices();
    const device = devices.find(({ name, account }) => name === wanted || account.toLowerCase() === wanted.toLowerCase());
    if (!device) throw new Failure(`no device of this fleet is called "${wanted}"; see: classpad status`, Exit.badInput);
    const [account] = operatorKeys(input, io, connection);
    const line = progress(io);
    line.say(`revoking ${device.name} as ${account!.address}`);
    await sendRevocation(connection, account!, device.account);
    line.end();
    tell(input, io, `${device.name} is no longer in the fleet`, { revoked: device });
    return Exit.ok;
  },
};
