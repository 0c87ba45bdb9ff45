import { readFileSync } from 'node:fs';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { hexToBytes } from '../../runtime/bytes.ts';
import { decodeTransaction } from '../../runtime/ledger/transaction.ts';
import type { Account, BlockContext, Hex, StateView, Vm, Word } from '../../runtime/ports/index.ts';
import { encodeRlp } from '../../runtime/rlp/index.ts';
import { createVm } from '../../vm/embed/index.ts';
import type { Run } from './engines.ts';

const TOKEN = '0xbe7c43a580000000000000000000000000000001';
const SENDER = '0xa94f5374fce5edbc8e2a8697c15331677e6ebf0b';
const RECIPIENT = '0x00000000000000000000000000000000000000b1';
const NO_WORD: Word = `0x${'00'.repeat(32)}`;
const EMPTY_HASH: Word = '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470';
const BLOCK: BlockContext = {
  number: 1n,
  timestamp: 1_700_000_000n,
  gasLimit: 30_000_000n,
  coinbase: '0x2adc25665018aa1fe0e6bc666dac8fc2697ff9ba',
  baseFee: 7n,
  prevRandao: NO_WORD,
  excessBlobGas: 0n,
  chainId: 1n,
};

/** `transfer` of OpenZeppelin's ERC-20: the encoded transaction is decoded, executed, and receipt and diff come back. */
export function transferRun(): Run {
  const vm = createVm({ fork: 'Osaka' });
  const state = tokenState();
  const raw = encodeTransfer();
  // Signature recovery is measured by itself.
  const cryptography: Pick<Vm, 'keccak256' | 'recover'> = { keccak256: (data) => vm.keccak256(data), recover: () => SENDER };
  return () => {
    const outcome = vm.execute(BLOCK, decodeTransaction(raw, cryptography), state);
    if (outcome.kind === 'refused' || !outcome.succeeded) throw new Error('the transfer did not succeed');
    return outcome.status;
  };
}

function tokenState(): StateView {
  const artifact = JSON.parse(readFileSync('build/bench/Token.json', 'utf8')) as { deployedBytecode: Hex };
  const code = hexToBytes(artifact.deployedBytecode);
  const codeHash = hash(code);
  const accounts: Record<string, Account> = {
    [TOKEN]: { nonce: 1n, balance: 0n, codeHash, hasStorage: true },
    [SENDER]: { nonce: 0n, balance: 10n ** 20n, codeHash: EMPTY_HASH, hasStorage: false },
  };
  const balanceSlot = hash(hexToBytes(`0x${SENDER.slice(2).padStart(64, '0')}${''.padStart(64, '0')}`));
  const balance: Word = `0x${(10n ** 18n).toString(16).padStart(64, '0')}`;
  return {
    account: (address) => accounts[address],
    slot: (_, slot) => (slot === balanceSlot ? balance : NO_WORD),
    code: () => code,
    blockHash: () => NO_WORD,
  };
}

function encodeTransfer(): Uint8Array {
  const data = hexToBytes(`0xa9059cbb${RECIPIENT.slice(2).padStart(64, '0')}${'1'.padStart(64, '0')}`);
  const number = (value: number) => hexToBytes(`0x${value.toString(16).padStart(value > 0xffff ? 6 : 2, '0')}`);
  const body = [
    number(1),
    new Uint8Array(),
    number(1),
    number(0x64),
    number(100_000),
    hexToBytes(TOKEN),
    new Uint8Array(),
    data,
    [],
  ];
  const item = encodeRlp([...body, new Uint8Array(), number(1), number(1)]);
  return Uint8Array.from([2, ...item]);
}

function hash(data: Uint8Array): Word {
  return `0x${Buffer.from(keccak_256(data)).toString('hex')}`;
}
