import { Exit, Failure } from '../command.ts';
import { type Connection, type FleetReader, readFleet } from './connection.ts';

export type DeviceRecord = Awaited<ReturnType<FleetReader['devices']>>[number];

/** A device of the fleet by its name or address. Throws {@link Failure} where there is none. */
export async function findDevice(connection: Connection, wanted: string): Promise<DeviceRecord> {
  const devices = await readFleet(connection).devices();
  const device = devices.find(({ name, account }) => name === wanted || account.toLowerCase() === wanted.toLowerCase());
  if (device) return device;
  throw new Failure(`no device of this fleet is called "${wanted}"; see: classpad status`, Exit.badInput);
}
