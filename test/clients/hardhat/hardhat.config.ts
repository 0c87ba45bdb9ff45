import { createRequire } from 'node:module';
import ignition from '@nomicfoundation/hardhat-ignition-viem';
import nodeTestRunner from '@nomicfoundation/hardhat-node-test-runner';
import viem from '@nomicfoundation/hardhat-viem';
import { configVariable, defineConfig } from 'hardhat/config';

export default defineConfig({
  plugins: [ignition, nodeTestRunner, viem],
  // The compiler of the package solc: nothing is downloaded.
  solidity: { version: '0.8.37', path: createRequire(import.meta.url).resolve('solc/soljson.js') },
  networks: {
    classpad: {
      type: 'http',
      chainType: 'l1',
      url: configVariable('CLASSPAD_RPC'),
      accounts: [configVariable('CLASSPAD_KEY')],
    },
  },
});
