/** One of four validators lies. The others go on, agree on every block, and what was acknowledged is on all of them. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Abci } from '../../../runtime/ports/index.ts';
import { needCometbft, senders, type TestCluster, testCluster, until } from '../../support/cluster.ts';
import { type Rogue, startRogue } from '../../support/rogue.ts';
import { pause } from '../../support/wait.ts';

const test = suite<{ some: TestCluster }>('cometbft/byzantine');
const present = needCometbft('byzantine');
/** Without the engine nothing is run, and nothing counts as passed. */
const live = present ? test : test.skip;

const garbage = [Uint8Array.of(1, 2, 3), new Uint8Array(500).fill(7)];
const away = (bytes: Uint8Array) => bytes.map((byte) => byte ^ 0xff);

/** What it lies about; what its own engine then says, or the honest nodes. */
const lies: readonly (readonly [
  name: string,
  lie: (honest: Abci) => Partial<Abci>,
  seen?: RegExp | undefined,
  refused?: RegExp,
])[] = [
  [
    'proposes what is no transaction',
    (honest) => ({ prepareProposal: (...asked) => [...garbage, ...honest.prepareProposal(...asked)] }),
    undefined,
    /is refused: transaction 0: transaction type not supported|is refused: transaction 0: this is not/,
  ],
  [
    'proposes transactions in the wrong order and twice',
    (honest) => ({
      prepareProposal: (...asked) =>
        honest
          .prepareProposal(...asked)
          .flatMap((raw) => [raw, raw])
          .reverse(),
    }),
    undefined,
    /is refused: transaction 0x[0-9a-f]+ has the nonce/,
  ],
  [
    'accepts and refuses the contrary of what is right',
    (honest) => ({ processProposal: (block) => (honest.processProposal(block) ? undefined : 'no') }),
  ],
  ['lets anything into its mempool', () => ({ checkTransaction: () => ({ code: 0, gasUsed: 0n, log: '' }) })],
  [
    'lies about the app hash',
    (honest) => ({
      finalizeBlock: (block) => {
        const right = honest.finalizeBlock(block);
        return block.height > 4 ? { ...right, appHash: away(right.appHash) } : right;
      },
    }),
    /ended|panic|wrong/i,
  ],
  [
    'lies about results',
    (honest) => ({
      finalizeBlock: (block) => {
        const right = honest.finalizeBlock(block);
        return { ...right, outcomes: right.outcomes.map((each) => ({ ...each, code: 9 })) };
      },
    }),
    /ended|panic|wrong/i,
  ],
];

test.before(async (context) => {
  if (!present) return;
  context.some = testCluster({ loopback: true });
  for (const member of context.some.members.slice(0, 3)) member.start();
  await until(
    'three of four to answer',
    async () => (await Promise.all(honest(context.some).map((member) => member.head()))).length === 3,
  );
});
test.after(async ({ some }) => {
  await some?.remove();
});

const honest = (some: TestCluster) => some.members.slice(0, 3);
let nonce = 0;

for (const [index, [name, lie, seen, refused]] of lies.entries()) {
  live(`one that ${name} is contained`, async ({ some }) => {
    const rogue = await startRogue(some.members[3]!, lie, 10 + index);
    try {
      await peersOf(some, 3);
      await goesOn(some, 6);
      if (refused) await refusedBy(some, refused);
      if (seen) await until('its engine to notice', () => rogue.said.some((line) => seen.test(line)));
    } finally {
      await rogue.stop();
    }
    await agree(some);
  });
}

live('one that votes twice is caught, told of, and contained', async ({ some }) => {
  const [first] = honest(some);
  const rogues: Rogue[] = [];
  try {
    // The same key on two machines, one of which votes for nothing: two votes that exclude each other.
    rogues.push(await startRogue(some.members[3]!, () => ({}), 1));
    rogues.push(await startRogue(some.members[3]!, () => ({ processProposal: () => 'no' }), 2));
    await until('two votes of one to be seen', async () => {
      await goesOn(some, 1);
      return /signed two things that exclude each other/.test(first!.said());
    });
    await goesOn(some, 3);
  } finally {
    for (const rogue of rogues) await rogue.stop();
  }
  await agree(some);
});

/** Blocks with work, one after the other. */
async function goesOn(some: TestCluster, blocks: number): Promise<void> {
  for (let count = 0; count < blocks; count++) {
    const fees = { maxFeePerGas: 0n, maxPriorityFeePerGas: 0n, type: 'eip1559' } as const;
    const to = senders[1]!.address;
    const raw = await senders[0]!.signTransaction({ ...fees, to, value: 1n, nonce: nonce++, gas: 21_000n, chainId: 4401 });
    const members = honest(some);
    const hash = await members[count % 3]!.call('eth_sendRawTransaction', [raw]);
    await until(`transaction ${nonce} on all honest nodes`, async () => {
      const receipts = await Promise.all(members.map((member) => member.call('eth_getTransactionReceipt', [hash])));
      return receipts.every((receipt) => receipt !== null);
    });
  }
}

/** The turn of the one that lies comes, and the others say no. */
async function refusedBy(some: TestCluster, why: RegExp): Promise<void> {
  await until(`a refusal ${why}`, async () => {
    await goesOn(some, 1);
    return honest(some).every((member) => why.test(member.said()));
  });
}

async function peersOf(some: TestCluster, count: number): Promise<void> {
  await until(
    'the engine to be among its peers',
    async () => Number((await some.members[0]!.engine('net_info'))['n_peers']) >= count,
  );
  await pause(500);
}

async function agree(some: TestCluster): Promise<void> {
  const heads = await Promise.all(honest(some).map((member) => member.head()));
  for (let number = 1; number <= Math.min(...heads); number++) {
    const blocks = honest(some).map((member) => member.call('eth_getBlockByNumber', [`0x${number.toString(16)}`, false]));
    const hashes = (await Promise.all(blocks)).map((block) => (block as { hash: string }).hash);
    assert.is(new Set(hashes).size, 1, `block ${number}`);
  }
}

test.run();
