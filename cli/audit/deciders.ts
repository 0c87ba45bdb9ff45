import { bytesToHex, equalBytes } from '../../runtime/bytes.ts';
import type { GenesisValidator } from '../../runtime/config.ts';
import { engineChainId } from '../../runtime/consensus/cometbft.ts';
import { HEIGHT_SEAL_BYTES, Validators } from '../../runtime/consensus/validators.ts';
import { genesisMark } from '../../runtime/ledger/genesis.ts';
import { type LightBlock, readLightBlock, verifyVotes } from '../../runtime/light/index.ts';
import type { Address } from '../../runtime/ports/index.ts';
import { type Checked, cryptography } from './verify.ts';
import { WrongEntry } from './wrong-entry.ts';

const MAX_FOUNDERS = 128;

/** Who decided at first, as somebody says. The first block's hash binds them. */
export interface Founders {
  readonly validators: unknown;
  readonly trailingBlocks: unknown;
}

/**
 * Who decides, followed through a trail from its first block on: that one names the first validators by a hash, what the Fleet
 * logs changes them, and each block names by a hash who decides after it. Anybody can write such blocks: a change counts by the
 * votes of those before it. With these a trail proves by itself whose votes count for its end, with no clock and no network.
 */
export class Deciders {
  private readonly chainId: number;
  private readonly fleet: Address;
  private readonly founders: Founders;
  private validators = new Validators([]);
  /** Those who decided on the last block. */
  private before = this.validators;

  constructor(founders: Founders, chainId: number, fleet: Address) {
    this.founders = founders;
    this.chainId = chainId;
    this.fleet = fleet;
  }

  /** The next checked block, from the first one on. Whether others decide after it: then it needs votes. Throws {@link WrongEntry}. */
  follow({ number, extraData, receipts }: Checked): boolean {
    const { keccak256 } = cryptography;
    if (number === 0) {
      const first = readFounders(this.founders);
      const mark = genesisMark({ chainId: this.chainId, ...first }, keccak256);
      const bound = genesisMark({ chainId: this.chainId, fleet: this.fleet, ...first }, keccak256);
      const isOurs = equalBytes(extraData, mark) || equalBytes(extraData, bound);
      demand(isOurs, 'block 0: it names other validators, or another fleet');
      this.validators = new Validators(first.validators);
      return false;
    }
    this.before = this.validators;
    const logs = receipts.flatMap((receipt) => receipt.logs);
    this.validators = this.validators.after(logs, this.fleet.toLowerCase() as Address);
    const named = namedIn(extraData);
    const isNamed = named !== undefined && equalBytes(named, keccak256(this.validators.encode()));
    demand(isNamed, `block ${number}: it names other validators than follow from the Fleet's log`);
    return this.validators !== this.before && !equalBytes(named, keccak256(this.before.encode()));
  }

  /** Whether more than two thirds of them have signed for the last block. `votes` is what CometBFT tells. Throws {@link WrongEntry}. */
  verifyVotes(last: Checked, votes: unknown): LightBlock {
    return this.verify(
      last,
      tryTo(() => readLightBlock(votes), `block ${last.number}: the votes for it`),
    );
  }

  /** The same of votes that are read already. */
  verify({ number, hash, height = 0 }: Checked, block: LightBlock): LightBlock {
    const at = `block ${number}: the votes for it`;
    demand(block.header.height === height + 1, `${at} should be those of height ${height + 1}`);
    const agreed = bytesToHex(block.header.appHash);
    demand(agreed === hash, `block ${number}: its hash is ${hash}, and the validators agreed on ${agreed}`);
    tryTo(() => verifyVotes(block, engineChainId(this.chainId)), at);
    demand(this.before.isSame(block.validators), `${at} are of other validators than the trail names`);
    return block;
  }
}

/** By which hash a block names those who decide after it. */
export function namedIn(extraData: Uint8Array): Uint8Array | undefined {
  return extraData.length === HEIGHT_SEAL_BYTES ? extraData.subarray(8) : undefined;
}

export function readFounders({ validators, trailingBlocks }: Founders) {
  const rows = Array.isArray(validators) ? (validators as Partial<GenesisValidator>[]) : [];
  const fits =
    rows.length >= 1 &&
    rows.length <= MAX_FOUNDERS &&
    Number.isSafeInteger(trailingBlocks) &&
    rows.every(
      (row) =>
        /^0x[0-9a-f]{40}$/.test(`${row?.device}`) &&
        /^0x[0-9a-f]{64}$/.test(`${row?.publicKey}`) &&
        Number.isSafeInteger(row?.power),
    );
  demand(fits, 'block 0: who decided at first is not told');
  return { validators: rows as GenesisValidator[], trailingBlocks: trailingBlocks as number };
}

function tryTo<T>(act: () => T, at: string): T {
  try {
    return act();
  } catch (error) {
    throw new WrongEntry(`${at}: ${(error as Error).message}`);
  }
}

function demand(isRight: boolean, sentence: string): asserts isRight {
  if (!isRight) throw new WrongEntry(sentence);
}
