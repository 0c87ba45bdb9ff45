import { type Hex, parseAbi, zeroHash } from 'viem';
import { clientsOf } from '../ledger/client.ts';
import { compile } from '../ledger/solidity.ts';
import { bob, genesis, world } from '../ledger/world.ts';

export const emitter = compile(
  'Emitter',
  `contract Emitter {
    event Said(uint256 indexed a, address indexed who, bytes text);
    event Other(uint256 b);
    uint256[3] public values;
    function say(uint256 a, bytes calldata text) external { values[1] = a; emit Said(a, msg.sender, text); emit Other(a); }
    function fail() external pure { assert(false); }
    function deep(uint256 n) external returns (uint256) { return n == 0 ? gasleft() : this.deep(n - 1); }
    function spin() external pure { for (;;) {} }
  }`,
  parseAbi([
    'event Said(uint256 indexed a, address indexed who, bytes text)',
    'event Other(uint256 b)',
    'function say(uint256 a, bytes text)',
    'function fail()',
    'function deep(uint256) returns (uint256)',
    'function spin()',
  ]),
);

/** A ledger with a contract, events, every type of transaction in blocks, and some that wait. */
export async function played() {
  const some = world();
  const clients = clientsOf(some);
  const { wallet, mined, alice } = clients;
  const { contractAddress } = await mined(wallet.deployContract(emitter));
  const address = contractAddress!;
  const say = { address, abi: emitter.abi, functionName: 'say', gas: 200_000n } as const;
  const sent: Hex[] = [
    await wallet.writeContract({ ...say, args: [1n, '0x01'], nonce: 1 }),
    await wallet.writeContract({ ...say, args: [2n, '0x'], nonce: 2, type: 'legacy', gasPrice: 3_000_000_000n }),
    await wallet.writeContract({
      ...say,
      args: [3n, '0x'],
      nonce: 3,
      type: 'eip2930',
      gasPrice: 2_000_000_000n,
      accessList: [{ address, storageKeys: [zeroHash] }],
    } as never),
  ];
  const authorization = await alice.signAuthorization({ address, chainId: genesis.chainId, nonce: 5 });
  sent.push(await wallet.sendTransaction({ to: bob.address, authorizationList: [authorization], nonce: 4, gas: 100_000n }));
  some.run(2000);
  const waiting = await wallet.sendTransaction({ to: bob.address, value: 1n, nonce: 9, gas: 21_000n });
  return { ...clients, some, address, sent, waiting };
}
