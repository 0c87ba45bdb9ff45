import { bytesToHex, concat, EMPTY, hexToBytes, isHex, utf8Encode, ZERO_WORD } from '../bytes.ts';
import type { Genesis, GenesisAccount } from '../config.ts';
import type { AccountDiff, Address, Hex, Store, Vm, Word } from '../ports/index.ts';
import { EMPTY_CODE_HASH } from '../state/account.ts';
import { openState, type StoreEntry } from '../state/state.ts';
import { EMPTY_ROOT } from '../state/trie.ts';
import type { Header } from './header.ts';

/** Of the genesis; the Fleet contract may name as many more. */
const MAX_VALIDATORS = 64;
/** Headers of more blocks than that are on every device, also on one that began with a snapshot. */
const MAX_TRAILING_BLOCKS = 100;

/**
 * The first block and what it writes: its state. Throws {@link GenesisError} if the genesis is not one.
 * @param fleet The contract that this device follows: the one that the genesis names, if it names one.
 */
export function buildGenesis(genesis: Genesis, store: Pick<Store, 'get'>, keccak256: Vm['keccak256'], fleet = genesis.fleet) {
  checkGenesis(genesis);
  if (genesis.fleet && fleet && lowerCase(genesis.fleet) !== lowerCase(fleet))
    throw new GenesisError(`this ledger is that of the fleet ${genesis.fleet}, and this device is to follow ${fleet}`);
  const diff = Object.entries(genesis.alloc).map(([address, account]) => allocate(address, account, keccak256));
  const { state, entries } = openState(EMPTY_ROOT, store, keccak256).apply(diff);
  return { header: genesisHeader(genesis, state.root, keccak256), entries: entries as readonly StoreEntry[] };
}

/** {@link genesisMark} stands in `extraData`, so that ledgers which differ in them have different first blocks. */
function genesisHeader(genesis: Genesis, stateRoot: Word, keccak256: Vm['keccak256']): Header {
  return {
    parentHash: ZERO_WORD,
    coinbase: lowerCase(genesis.sequencer),
    stateRoot,
    transactionsRoot: EMPTY_ROOT,
    receiptsRoot: EMPTY_ROOT,
    logsBloom: new Uint8Array(256),
    number: 0,
    gasLimit: BigInt(genesis.gasLimit),
    gasUsed: 0n,
    timestamp: genesis.timestamp,
    extraData: genesisMark(genesis, keccak256),
    mixHash: ZERO_WORD,
    baseFee: BigInt(genesis.baseFee),
  };
}

/** What the first block says beside Ethereum's fields: chain id, and by a hash the validators and the fleet, as far as it names them. */
export function genesisMark(
  genesis: Pick<Genesis, 'chainId' | 'validators' | 'trailingBlocks' | 'fleet'>,
  keccak256: Vm['keccak256'],
): Uint8Array {
  return concat(utf8Encode(`classpad ${genesis.chainId}`), validatorsMark(genesis, keccak256));
}

function validatorsMark(
  { validators, trailingBlocks = 0, fleet }: Pick<Genesis, 'validators' | 'trailingBlocks' | 'fleet'>,
  keccak256: Vm['keccak256'],
): Uint8Array {
  const named = fleet ? [`fleet ${lowerCase(fleet)}`] : [];
  if (!validators) return fleet ? keccak256(utf8Encode(named.join())) : EMPTY;
  const rows = validators.map(({ device, publicKey, power }) => `${lowerCase(device)} ${lowerCase(publicKey)} ${power}`);
  return keccak256(utf8Encode([trailingBlocks, ...rows, ...named].join('\n')));
}

function allocate(address: string, account: GenesisAccount, keccak256: Vm['keccak256']): AccountDiff {
  if (!isHex(address, 20)) throw new GenesisError(`alloc: "${address}" is not an address`);
  const code = hexToBytes(account.code ?? '0x');
  const slots = Object.entries(account.storage ?? {}).map(([slot, value]) => {
    if (!isHex(slot, 32) || !isHex(value, 32)) throw new GenesisError(`alloc ${address}: slots and values have 32 bytes`);
    return [lowerCase(slot), lowerCase(value)] as const;
  });
  return {
    address: lowerCase(address),
    account: {
      nonce: BigInt(account.nonce ?? 0),
      balance: balanceOf(address, account.balance ?? '0'),
      codeHash: code.length > 0 ? bytesToHex(keccak256(code)) : EMPTY_CODE_HASH,
    },
    ...(code.length > 0 && { code }),
    cleared: false,
    slots,
  };
}

function balanceOf(address: string, text: string): bigint {
  if (!/^(\d{1,78}|0x[0-9a-fA-F]{1,64})$/.test(text)) {
    throw new GenesisError(`alloc ${address}: the balance "${text}" is neither a decimal nor a 0x-hexadecimal number of wei`);
  }
  const balance = BigInt(text);
  if (balance >= 2n ** 256n) throw new GenesisError(`alloc ${address}: the balance is more than 2^256 - 1 wei`);
  return balance;
}

function checkGenesis(genesis: Genesis): void {
  const { validators = [], trailingBlocks = 0 } = genesis;
  const whole = (name: 'chainId' | 'timestamp' | 'gasLimit' | 'baseFee', least: number) => {
    if (Number.isSafeInteger(genesis[name]) && genesis[name] >= least) return;
    throw new GenesisError(`${name} is ${genesis[name]}; it should be a whole number from ${least} on`);
  };
  whole('chainId', 1);
  whole('timestamp', 0);
  whole('gasLimit', 21_000);
  whole('baseFee', 0);
  if (!Number.isInteger(trailingBlocks) || trailingBlocks < 0 || trailingBlocks > MAX_TRAILING_BLOCKS)
    throw new GenesisError(`trailingBlocks is ${trailingBlocks}; it should be a whole number up to ${MAX_TRAILING_BLOCKS}`);
  if (!isHex(genesis.sequencer, 20)) throw new GenesisError(`sequencer is "${genesis.sequencer}"; it should be an address`);
  if (genesis.fleet && !isHex(genesis.fleet, 20)) throw new GenesisError(`fleet is "${genesis.fleet}"; it should be an address`);
  checkValidators(validators);
}

function checkValidators(validators: NonNullable<Genesis['validators']>): void {
  if (validators.length > MAX_VALIDATORS) throw new GenesisError(`it has more than ${MAX_VALIDATORS} validators`);
  const seen = new Set<string>();
  for (const { device, publicKey, power } of validators) {
    const isRight = isHex(device, 20) && isHex(publicKey, 32) && Number.isInteger(power) && power >= 1 && power <= 1_000_000;
    if (!isRight)
      throw new GenesisError(`validator ${device}: a device, a key of 32 bytes and a power from 1 to 1000000 are needed`);
    for (const each of [lowerCase(device), lowerCase(publicKey)]) {
      if (seen.has(each)) throw new GenesisError(`validator ${device}: ${each} stands there twice`);
      seen.add(each);
    }
  }
}

function lowerCase(hex: Hex): Address {
  return hex.toLowerCase() as Hex;
}

/** A genesis that cannot begin a ledger. */
export class GenesisError extends Error {
  override readonly name = 'GenesisError';
  constructor(message: string) {
    super(`genesis: ${message}`);
  }
}
