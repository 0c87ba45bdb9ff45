/** Reproducible choices: the same seed gives the same program on every machine. */
export class Random {
  #state: number;
  /** One in so many offsets, sizes and endings is dangerous: some programs are to come far, some to fail early. */
  hazard = 40;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 32 bits (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** 0 to `below` − 1. */
  int(below: number): number {
    return this.next() % below;
  }

  /** One in `n`. */
  oneIn(n: number): boolean {
    return this.int(n) === 0;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.int(list.length)]!;
  }

  /** A value by weight. */
  weighted<T>(rows: readonly (readonly [weight: number, value: T])[]): T {
    let at = this.int(rows.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, value] of rows) {
      at -= weight;
      if (at < 0) return value;
    }
    return rows[0]![1];
  }

  bytes(length: number): number[] {
    return Array.from({ length }, () => this.int(256));
  }

  /** A word as programs meet them: small, near a power of two, an address, or anything. */
  word(): bigint {
    const bit = 1n << BigInt(this.int(256));
    switch (this.int(8)) {
      case 0:
        return BigInt(this.int(4));
      case 1:
        return BigInt(this.int(300));
      case 2:
        return bit;
      case 3:
        return bit - 1n;
      case 4:
        return BigInt.asUintN(256, -BigInt(this.int(40)));
      case 6:
        return BigInt.asUintN(256, -bit) >> BigInt(this.int(64));
      case 5:
        return BigInt.asUintN(256, -bit + BigInt(this.int(3)));
      default:
        return BigInt(`0x${Buffer.from(this.bytes(1 + this.int(32))).toString('hex')}`);
    }
  }
}
