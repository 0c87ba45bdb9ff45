import { type Command, Exit, Failure } from '../command.ts';
import { connect, connectionOptions, demandFleet } from '../fleet/connection.ts';
import { keyOptions, operatorKeys } from '../fleet/keys.ts';
import { enrol as sendEnrolment } from '../fleet/transactions.ts';
import { progress } from '../progress.ts';
import { tell } from '../tell.ts';
import { accountAddress, appName, counted } from '../values.ts';

/** As many as fit well into one transaction. */
const AT_ONCE = 50;

export const enrol: Command = {
  name: 'enrol',
  summary: 'make devices members of the fleet',
  operands: [],
  options: {
    device: { value: 'NAME=ADDRESS', many: true, help: 'a device and the address that it says when it starts' },
    ...connectionOptions,
    ...keyOptions,
    json: { help: 'print the outcome as JSON' },
  },
  examples: [['classpad enrol --device pad-1=0x… --device pad-2=0x… --key alice.key', 'two devices in one transaction']],
  async run(input, io) {
    const devices = input.list('device').map(nameAndAddress);
    if (devices.length === 0) throw new Failure('--device NAME=ADDRESS is missing', Exit.badInput);
    const connection = await connect(input);
    const [account] = operatorKeys(input, io, connection);
    await demandFleet(connection);
    const line = progress(io);
    for (let from = 0; from < devices.length; from += AT_ONCE) {
      line.say(`enrolling ${counted(devices.length, 'device')} as ${account!.address}`);
      await sendEnrolment(connection, account!, devices.slice(from, from + AT_ONCE));
    }
    line.end();
    const names = devices.map(({ name }) => name).join(', ');
    tell(input, io, `${names} ${devices.length === 1 ? 'is' : 'are'} in the fleet`, { enrolled: devices });
    return Exit.ok;
  },
};

function nameAndAddress(text: string) {
  const [name = '', address = ''] = text.split('=');
  return { name: appName(name, '--device', 'a device'), address: accountAddress(address, '--device') };
}
