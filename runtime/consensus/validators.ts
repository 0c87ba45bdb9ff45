import { bigintToBytes, bytesToBigint, bytesToHex, concat, hexToBytes } from '../bytes.ts';
import type { GenesisValidator } from '../config.ts';
import type { Address, Hex, Log, ValidatorPower, Vm, Word } from '../ports/index.ts';
import { asAddress, asList, asNumber, asWord, decodeRlp, encodeRlp } from '../rlp/index.ts';

/** One device with a vote. */
export type Validator = GenesisValidator;

/** `ValidatorSet(address indexed device, bytes32 indexed key, uint64 power)` */
export const VALIDATOR_SET: Word = '0xfdb618edea78a4fa656910975338e123fb5d9cdf6747203ab4cb9d643aeba8f3';
/** `DeviceRevoked(address indexed device, address indexed by)` */
export const DEVICE_REVOKED: Word = '0xdd8ca0d07f8d860459d040ce2a192a34442e88535b131641d6b29cb06808c52d';

/** As in the contract; the sum stays far below what CometBFT can count. */
const MAX_POWER = 1_000_000;
/** Those of the genesis and those that the contract may name. */
const MAX_VALIDATORS = 128;

/**
 * Who decides: those of the genesis, changed by what the operators have agreed on in the Fleet contract. A value. It is not part
 * of Ethereum's state, so its hash stands in the header of each block.
 */
export class Validators {
  readonly list: readonly Validator[];

  /** In the order of the keys and in lower case, so that equal sets have equal bytes, and a genesis may be written either way. */
  constructor(list: readonly Validator[]) {
    this.list = list
      .map(({ device, publicKey, power }) => ({ device: lowerCase(device), publicKey: lowerCase(publicKey), power }))
      .sort((a, b) => (a.publicKey < b.publicKey ? -1 : 1));
  }

  static decode(bytes: Uint8Array): Validators {
    const rows = asList(decodeRlp(bytes, 1 + 4 * MAX_VALIDATORS), 'the validators').map((item) => {
      const [device, key, power] = asList(item, 'a validator', 3);
      return { device: asAddress(device, 'a device'), publicKey: asWord(key, 'a key'), power: asNumber(power, 'a power') };
    });
    return new Validators(rows);
  }

  encode(): Uint8Array {
    const rows = this.list.map(({ device, publicKey, power }) => [
      hexToBytes(device),
      hexToBytes(publicKey),
      bigintToBytes(BigInt(power)),
    ]);
    return encodeRlp(rows);
  }

  /** The set after what the Fleet contract logged. What cannot be is passed over: the ledger must go on. */
  after(logs: readonly Log[], fleet: Address): Validators {
    const changes = logs.filter(({ address }) => address === fleet).map(changeOf);
    const list = changes.reduce((rows, change) => (change ? changed(rows, change) : rows), this.list);
    return list === this.list ? this : new Validators(list);
  }

  /** What has to change to come from `before` to this set. */
  since(before: Validators): ValidatorPower[] {
    if (before === this) return [];
    const powers = new Map(before.list.map(({ publicKey, power }) => [publicKey, power]));
    const gone = before.list.filter(({ publicKey }) => !this.list.some((each) => each.publicKey === publicKey));
    return [
      ...this.list.filter(({ publicKey, power }) => powers.get(publicKey) !== power),
      ...gone.map((each) => ({ ...each, power: 0 })),
    ].map(({ publicKey, power }) => ({ publicKey: hexToBytes(publicKey), power }));
  }

  /** Whether these are the same keys, each with the same power. */
  isSame(shown: readonly { readonly publicKey: Uint8Array; readonly power: number | bigint }[]): boolean {
    const powers = new Map<string, bigint>(this.list.map(({ publicKey, power }) => [publicKey, BigInt(power)]));
    const keys = new Set(shown.map(({ publicKey }) => bytesToHex(publicKey)));
    const areAsMany = shown.length === powers.size && keys.size === powers.size;
    return areAsMany && shown.every(({ publicKey, power }) => powers.get(bytesToHex(publicKey)) === BigInt(power));
  }

  /** The device behind an address among validators: the first 20 bytes of sha256 of its key. */
  deviceOf(proposer: Address, sha256: Vm['sha256']): Address | undefined {
    return this.list.find(({ publicKey }) => validatorAddress(publicKey, sha256) === proposer)?.device;
  }
}

/** What CometBFT calls the holder of an ed25519 key. */
function validatorAddress(publicKey: Word, sha256: Vm['sha256']): Address {
  return bytesToHex(sha256(hexToBytes(publicKey)).subarray(0, 20));
}

function lowerCase(hex: Hex): Hex {
  return hex.toLowerCase() as Hex;
}

interface Change {
  readonly device: Address;
  /** Absent: every key of the device. */
  readonly publicKey?: Word;
  readonly power: number;
}

function changeOf({ topics, data }: Log): Change | undefined {
  const [topic, second, third] = topics;
  if (second === undefined) return undefined;
  const device: Address = `0x${second.slice(-40)}`;
  if (topic === DEVICE_REVOKED) return { device, power: 0 };
  if (topic !== VALIDATOR_SET || third === undefined || data.length !== 32) return undefined;
  const power = bytesToBigint(data);
  return power > BigInt(MAX_POWER) ? undefined : { device, publicKey: third, power: Number(power) };
}

function changed(rows: readonly Validator[], { device, publicKey, power }: Change): readonly Validator[] {
  if (power === 0 || publicKey === undefined) {
    const left = rows.filter((row) => row.device !== device || (publicKey !== undefined && row.publicKey !== publicKey));
    return left.length === 0 || left.length === rows.length ? rows : left;
  }
  const others = rows.filter((row) => row.device !== device);
  const isTaken = others.some((row) => row.publicKey === publicKey);
  return isTaken || others.length >= MAX_VALIDATORS ? rows : [...others, { device, publicKey, power }];
}

/** What a block's header says beside Ethereum's fields: the height at which it was decided, and who decides after it. */
export function sealOf(height: number, validators: Validators, keccak256: Vm['keccak256']): Uint8Array {
  return concat(bigintToBytes(BigInt(height), 8), keccak256(validators.encode()));
}

/** 8 bytes of height, 32 of hash. */
export const HEIGHT_SEAL_BYTES = 40;

/** The height that stands in a header; `undefined` where there is none. */
export function heightOf(extraData: Uint8Array): number | undefined {
  return extraData.length === HEIGHT_SEAL_BYTES ? Number(bytesToBigint(extraData.subarray(0, 8))) : undefined;
}
