import { bytesToHex, equalBytes } from '../bytes.ts';
import { hashEngineHeader, type LightBlock, nameOf } from './block.ts';
import type { Provider } from './provider.ts';
import { checkLightBlock, NotVerified, type Rules, verifyLightBlock, verifyParent } from './verify.ts';

export interface LightClientOptions extends Partial<Omit<Rules, 'chainId'>> {
  readonly chainId: string;
  /** A block that is known to be right, from whoever handed out the device. */
  readonly trust: { readonly height: number; readonly hash: Uint8Array };
  /** Whom to ask. */
  readonly primary: Provider;
  /** Others whose answers must agree. */
  readonly witnesses?: readonly Provider[];
  /** `skipping` needs few blocks, `sequential` every one. */
  readonly mode?: 'skipping' | 'sequential';
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}

/** Follows a ledger by headers and votes alone. */
export interface LightClient {
  /** The block of this height or the newest, verified. Rejects with {@link NotVerified} or what a provider said. */
  verify(height: number | 'latest'): Promise<LightBlock>;
  /** Witnesses that were told apart as false. */
  readonly rejected: readonly string[];
  /** Blocks that were asked of the primary so far. */
  readonly fetched: number;
}

/** CometBFT's own light client begins with the same. */
const DEFAULTS = {
  trustingPeriodMs: 7 * 24 * 3600 * 1000,
  clockDriftMs: 10_000,
  trustLevel: { numerator: 1n, denominator: 3n },
};

export function createLightClient(options: LightClientOptions): LightClient {
  return new Client(options);
}

class Client implements LightClient {
  fetched = 0;
  readonly rejected: string[] = [];
  private readonly options: LightClientOptions;
  private readonly rules: Rules;
  private witnesses: readonly Provider[];
  /** Verified, by height. */
  private readonly trusted = new Map<number, LightBlock>();

  constructor(options: LightClientOptions) {
    const { trustLevel } = { ...DEFAULTS, ...options };
    if (trustLevel.numerator * 3n < trustLevel.denominator || trustLevel.numerator > trustLevel.denominator)
      throw new NotVerified('the trust level must lie between 1/3 and 1');
    this.options = options;
    this.rules = { ...DEFAULTS, ...options };
    this.witnesses = options.witnesses ?? [];
  }

  async verify(height: number | 'latest'): Promise<LightBlock> {
    const { primary, nowMs } = this.options;
    await this.begin();
    const target = await this.ask(height);
    const known = this.trusted.get(target.header.height);
    if (known) {
      demandSame(known, target, primary);
      return known;
    }
    const from = this.closestBefore(target.header.height);
    if (!from) return this.backwards(target);
    await this.forwards(from, target, (at) => this.ask(at), nowMs());
    await this.askWitnesses(from, target);
    this.trusted.set(target.header.height, target);
    return target;
  }

  /** The block that is trusted from the start must be the one that was named. */
  private async begin(): Promise<void> {
    const { trust, chainId } = this.options;
    if (this.trusted.has(trust.height)) return;
    const block = await this.ask(trust.height);
    const hash = hashEngineHeader(block.header);
    if (!equalBytes(hash, trust.hash))
      throw new NotVerified(`block ${trust.height} is ${bytesToHex(hash)} there, and ${bytesToHex(trust.hash)} is trusted`);
    checkLightBlock(block, chainId);
    this.trusted.set(trust.height, block);
  }

  /** By skipping: as far as the trusted validators reach, else half the way first. */
  private async forwards(
    from: LightBlock,
    target: LightBlock,
    ask: (height: number) => Promise<LightBlock>,
    nowMs: number,
  ): Promise<void> {
    let trusted = from;
    const open = [target];
    while (open.length > 0) {
      const next = open.at(-1)!;
      const gap = next.header.height - trusted.header.height;
      if (this.options.mode === 'sequential' && gap > 1) {
        open.push(await ask(trusted.header.height + 1));
        continue;
      }
      try {
        verifyLightBlock(trusted, next, this.rules, nowMs);
        trusted = next;
        open.pop();
      } catch (error) {
        if (!(error instanceof NotVerified) || error.reason !== 'tooFewTrusted' || gap < 2) throw error;
        open.push(await ask(trusted.header.height + Math.floor(gap / 2)));
      }
    }
  }

  /** Before all that is trusted: by the hashes with which each header names its parent. */
  private async backwards(target: LightBlock): Promise<LightBlock> {
    let child = this.trusted.get(Math.min(...this.trusted.keys()))!;
    while (child.header.height > target.header.height) {
      const height = child.header.height - 1;
      const parent = height === target.header.height ? target : await this.ask(height);
      verifyParent(child, parent, this.rules);
      child = parent;
    }
    this.trusted.set(target.header.height, target);
    return target;
  }

  /** One that shows another block with as many votes proves an attack; one that cannot prove it is not asked again. */
  private async askWitnesses(from: LightBlock, target: LightBlock): Promise<void> {
    const { height } = target.header;
    let answers = 0;
    for (const witness of this.witnesses) {
      const other = await ask(witness, height).catch(() => undefined);
      if (!other) continue;
      answers++;
      if (equalBytes(hashEngineHeader(other.header), hashEngineHeader(target.header))) continue;
      const isProven = await this.forwards(from, other, (at) => ask(witness, at), this.options.nowMs()).then(
        () => true,
        () => false,
      );
      if (isProven) {
        throw new NotVerified(
          `${this.options.primary.name} shows ${nameOf(target.header)}, ${witness.name} shows ${nameOf(other.header)}, and both bear enough votes: the ledger is under attack`,
        );
      }
      this.rejected.push(witness.name);
      answers--;
    }
    this.witnesses = this.witnesses.filter(({ name }) => !this.rejected.includes(name));
    if ((this.options.witnesses?.length ?? 0) > 0 && answers === 0)
      throw new NotVerified(`no witness confirms block ${height}; ask others, or do without on your own risk`);
  }

  private closestBefore(height: number): LightBlock | undefined {
    const heights = [...this.trusted.keys()].filter((each) => each < height);
    return heights.length === 0 ? undefined : this.trusted.get(Math.max(...heights));
  }

  private ask(height: number | 'latest'): Promise<LightBlock> {
    this.fetched++;
    return ask(this.options.primary, height);
  }
}

async function ask(provider: Provider, height: number | 'latest'): Promise<LightBlock> {
  const block = await provider.lightBlock(height);
  if (height === 'latest' || block.header.height === height) return block;
  throw new NotVerified(`${provider.name} answers with block ${block.header.height}, and ${height} was asked for`);
}

function demandSame(known: LightBlock, shown: LightBlock, { name }: Provider): void {
  if (equalBytes(hashEngineHeader(known.header), hashEngineHeader(shown.header))) return;
  throw new NotVerified(`${name} shows another block ${known.header.height} than before`);
}
