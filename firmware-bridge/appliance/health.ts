import type { Logger, Vm } from '../../runtime/ports/index.ts';
import { createVm } from '../../vm/embed/index.ts';
import type { RunningNode } from '../main.ts';

export interface HealthOptions {
  readonly node: RunningNode;
  readonly log: Logger;
  /** Called once all is well. */
  readonly confirm: () => Promise<void>;
  /** Called once the ledger counts this device among its own. */
  readonly onJoined: () => void;
}

const LOOK_MS = 2_000;
const REMARK_EVERY = 30;

/** Says "good" once: the engine answers, the VM computes what it must, the ledger is read. Until then the boot loader counts. */
export function confirmWhenServing({ node, log, confirm, onJoined }: HealthOptions): void {
  const fault = vmFault(createVm({ fork: 'Osaka' }));
  if (fault !== undefined) {
    log.write('error', `the VM fails its self-test: ${fault}`);
    return;
  }
  let looks = 0;
  let isConfirming = false;
  let isConfirmed = false;
  const timer = setInterval(look, LOOK_MS);

  function look(): void {
    void attempt().catch((error: Error) => log.write('error', `it cannot be said that this device serves: ${error.message}`));
  }

  async function attempt(): Promise<void> {
    const isMember = node.isMember();
    if (isMember) onJoined();
    const missing = node.fault();
    if (missing !== undefined) {
      if (looks++ % REMARK_EVERY === 0) log.write('info', `not serving yet: ${missing}`);
      return;
    }
    if (isConfirming) return;
    if (!isConfirmed) {
      isConfirming = true;
      await confirm().finally(() => {
        isConfirming = false;
      });
      isConfirmed = true;
    }
    if (isMember) clearInterval(timer);
  }
}

/** Why the VM cannot be trusted, or `undefined`: a hash, and a program of eight instructions. */
function vmFault(vm: Vm): string | undefined {
  const hash = Buffer.from(vm.keccak256(new Uint8Array())).toString('hex');
  if (!hash.startsWith('c5d2460186f7233c927e7db2dcc703c0')) return `Keccak-256 of nothing is ${hash}`;
  const zero = `0x${'00'.repeat(32)}` as const;
  const nobody = `0x${'00'.repeat(20)}` as const;
  // return 3 + 4
  const code = Uint8Array.from([0x60, 0x03, 0x60, 0x04, 0x01, 0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3]);
  const contract = { nonce: 1n, balance: 0n, codeHash: `0x${'11'.repeat(32)}`, hasStorage: false } as const;
  const outcome = vm.execute(
    {
      number: 1n,
      timestamp: 1n,
      gasLimit: 30_000_000n,
      coinbase: nobody,
      baseFee: 0n,
      prevRandao: zero,
      excessBlobGas: 0n,
      chainId: 1n,
    },
    {
      type: 0,
      sender: nobody,
      to: `0x${'00'.repeat(19)}c0`,
      nonce: 0n,
      gasLimit: 100_000n,
      maxFeePerGas: 0n,
      maxPriorityFeePerGas: 0n,
      value: 0n,
      data: new Uint8Array(),
    },
    {
      account: (address) => (address.endsWith('c0') ? contract : undefined),
      slot: () => zero,
      code: () => code,
      blockHash: () => zero,
    },
    { simulate: true },
  );
  const output = outcome.kind === 'executed' ? Buffer.from(outcome.output).toString('hex') : outcome.kind;
  return output === '7'.padStart(64, '0') ? undefined : `3 + 4 is ${output}`;
}
