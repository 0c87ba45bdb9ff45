import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { network } from 'hardhat';
import { type BaseError, ContractFunctionRevertedError } from 'viem';

const OTHER = '0x0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b';

describe('Coin', async () => {
  const { viem } = await network.create();
  const [owner] = await viem.getWalletClients();
  const reader = await viem.getPublicClient({ pollingInterval: 100 });
  const client = { client: { public: reader } };

  it('moves', async () => {
    const coin = await viem.deployContract('Coin', [owner.account.address, 1000n], client);
    const hash = await coin.write.transfer([OTHER, 400n]);
    const { status } = await reader.waitForTransactionReceipt({ hash });
    assert.equal(status, 'success');
    assert.equal(await coin.read.balanceOf([OTHER]), 400n);
    assert.equal((await coin.getEvents.Transfer({}, { fromBlock: 0n })).length, 2);
  });

  it('refuses with a custom error', async () => {
    const coin = await viem.deployContract('Coin', [owner.account.address, 1n], client);
    await assert.rejects(coin.simulate.transfer([OTHER, 2n], { account: owner.account }), (error: BaseError) => {
      const reverted = error.walk((cause) => cause instanceof ContractFunctionRevertedError) as ContractFunctionRevertedError;
      assert.equal(reverted.data?.errorName, 'ERC20InsufficientBalance');
      assert.deepEqual(reverted.data?.args?.slice(1), [1n, 2n]);
      return true;
    });
  });
});
