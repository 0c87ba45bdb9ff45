import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checkOptions, type EmulateOptions } from '../../emulator/options.ts';

const test = suite('emulator/options');
const usual: EmulateOptions = {
  devices: 4,
  port: 4400,
  rpcPort: 8545,
  once: false,
  seed: 's',
  paceMs: 0,
  root: '.',
  version: '0',
};

const rows: [name: string, own: Partial<EmulateOptions>, sentence: string | undefined][] = [
  ['the usual', {}, undefined],
  ['any free ports', { port: 0, rpcPort: 0 }, undefined],
  ['the most devices', { devices: 256 }, undefined],
  ['the last ports', { port: 65_531 }, undefined],
  ['the port after the devices', { rpcPort: 4405 }, undefined],
  ['no devices', { devices: 0 }, '--devices takes a whole number from 1 to 256'],
  ['half a device', { devices: 1.5 }, '--devices takes a whole number from 1 to 256'],
  ['no number', { port: Number.NaN }, '--port takes a whole number from 0 to 65535'],
  ['a negative port', { rpcPort: -1 }, '--rpc-port takes a whole number from 0 to 65535'],
  ['too slow', { paceMs: 600_001 }, '--pace takes a whole number from 0 to 600000'],
  ['no room', { port: 65_532 }, '--port 65532 leaves no room for 4 devices after it; choose one up to 65531'],
  [
    'one port twice',
    { rpcPort: 4400 },
    '--rpc-port 4400 lies among the ports 4400 to 4404 of the page and the devices; choose another',
  ],
  [
    'a device’s port',
    { rpcPort: 4404 },
    '--rpc-port 4404 lies among the ports 4400 to 4404 of the page and the devices; choose another',
  ],
  ['no seed', { seed: '' }, '--seed takes 1 to 200 characters'],
];

for (const [name, own, sentence] of rows) {
  test(`${sentence ? 'refuses' : 'takes'} ${name}`, () => {
    let said: string | undefined;
    try {
      checkOptions({ ...usual, ...own });
    } catch (error) {
      said = (error as Error).message;
    }
    assert.is(said, sentence);
  });
}

test.run();
