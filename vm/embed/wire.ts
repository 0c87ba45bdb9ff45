/** Reading and writing linear memory: words are little-endian in the VM, big-endian as bytes of an address or a hash. */
import type { Hex } from '../../runtime/ports/index.ts';
import type { WasmMemory } from './wasm.ts';

/** The character code of a hexadecimal digit. */
const DIGIT_CODE = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
/** Decoding characters at once makes no garbage, and takes half as long as putting a text together. */
const latin1 = new TextDecoder('latin1');
/** `0x` and room for the digits of so many bytes. */
const texts = new Map([20, 32].map((length) => [length, textOf(length)]));
/** Value of a hexadecimal digit by its character code. */
const DIGIT = new Uint8Array(128);
for (let digit = 0; digit < 16; digit++) {
  DIGIT[digit.toString(16).charCodeAt(0)] = digit;
  DIGIT[digit.toString(16).toUpperCase().charCodeAt(0)] = digit;
}
/** Addresses and hashes of which the text is kept, for each length. */
const KEPT_TEXTS = 256;
const LIMB = (1n << 64n) - 1n;
const MAX_WORD = (1n << 256n) - 1n;

/** Linear memory, which may move when it grows. */
export class Wire {
  readonly #memory: WasmMemory;
  readonly #addresses = new Texts(20);
  readonly #words = new Texts(32);
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;

  constructor(memory: WasmMemory) {
    this.#memory = memory;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#view = new DataView(memory.buffer);
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.#bytes.length === 0) this.#renew();
    return this.#bytes;
  }

  get view(): DataView {
    if (this.#bytes.length === 0) this.#renew();
    return this.#view;
  }

  /** Growth leaves views of length 0 behind. */
  #renew(): void {
    this.#bytes = new Uint8Array(this.#memory.buffer);
    this.#view = new DataView(this.#memory.buffer);
  }

  u32(at: number): number {
    return this.view.getUint32(at, true);
  }

  u64(at: number): bigint {
    return this.view.getBigUint64(at, true);
  }

  word(at: number): bigint {
    const view = this.view;
    const low = view.getBigUint64(at, true);
    const high = view.getBigUint64(at + 8, true);
    const higher = view.getBigUint64(at + 16, true);
    const highest = view.getBigUint64(at + 24, true);
    if (!(high | higher | highest)) return low;
    return low | (high << 64n) | (higher << 128n) | (highest << 192n);
  }

  /** As {@link Wire.hex}, of 20 bytes. */
  address(at: number): Hex {
    return this.#addresses.at(this, at);
  }

  /** As {@link Wire.hex}, of 32 bytes. */
  hash(at: number): Hex {
    return this.#words.at(this, at);
  }

  /** `length` bytes as hexadecimal. */
  hex(at: number, length: number): Hex {
    const bytes = this.bytes;
    const text = texts.get(length) ?? textOf(length);
    let to = 2;
    for (let index = at; index < at + length; index++) {
      const byte = bytes[index]!;
      text[to++] = DIGIT_CODE[byte >> 4]!;
      text[to++] = DIGIT_CODE[byte & 15]!;
    }
    return latin1.decode(text) as Hex;
  }

  /** A copy of `length` bytes. */
  copy(at: number, length: number): Uint8Array {
    return this.bytes.slice(at, at + length);
  }

  setU32(at: number, value: number): void {
    this.view.setUint32(at, value, true);
  }

  setU64(at: number, value: bigint): void {
    this.view.setBigUint64(at, value, true);
  }

  /** Writes a number as a word; what exceeds 256 bits becomes the greatest word. */
  setWord(at: number, value: bigint): void {
    const view = this.view;
    if (value === 0n) {
      for (let to = at; to < at + 32; to += 4) view.setUint32(to, 0);
      return;
    }
    const fitting = value > MAX_WORD ? MAX_WORD : value;
    view.setBigUint64(at, fitting & LIMB, true);
    const isShort = fitting <= LIMB;
    view.setBigUint64(at + 8, isShort ? 0n : (fitting >> 64n) & LIMB, true);
    view.setBigUint64(at + 16, isShort ? 0n : (fitting >> 128n) & LIMB, true);
    view.setBigUint64(at + 24, isShort ? 0n : fitting >> 192n, true);
  }

  /** Writes hexadecimal as a word, least significant byte first. */
  setHexWord(at: number, hex: Hex): void {
    const bytes = this.bytes;
    let to = at;
    for (let from = hex.length - 1; from > 2 && to < at + 32; from -= 2) {
      bytes[to++] = (DIGIT[hex.charCodeAt(from - 1)]! << 4) | DIGIT[hex.charCodeAt(from)]!;
    }
    while (to < at + 32) bytes[to++] = 0;
  }

  /** Writes hexadecimal as `length` bytes in the order in which it is written. */
  setHex(at: number, hex: Hex, length: number): void {
    const bytes = this.bytes;
    for (let index = 0; index < length; index++) {
      const from = 2 + 2 * index;
      bytes[at + index] = (DIGIT[hex.charCodeAt(from)]! << 4) | DIGIT[hex.charCodeAt(from + 1)]!;
    }
  }
}

/** What was read of late: the same few are read again and again, and whoever looks up the same text finds it sooner. */
class Texts {
  readonly #length: number;
  readonly #bytes: DataView;
  readonly #texts: Hex[] = [];

  constructor(length: number) {
    this.#length = length;
    this.#bytes = new DataView(new ArrayBuffer(KEPT_TEXTS * length));
  }

  at(wire: Wire, at: number): Hex {
    const place = Math.imul(wire.view.getUint32(at + this.#length - 4), 0x9e3779b1) >>> 24;
    const known = this.#texts[place];
    if (known !== undefined && this.#holds(place, wire.view, at)) return known;
    const text = wire.hex(at, this.#length);
    const from = place * this.#length;
    for (let i = 0; i < this.#length; i += 4) this.#bytes.setUint32(from + i, wire.view.getUint32(at + i));
    this.#texts[place] = text;
    return text;
  }

  #holds(place: number, view: DataView, at: number): boolean {
    const from = place * this.#length;
    for (let i = 0; i < this.#length; i += 4) {
      if (this.#bytes.getUint32(from + i) !== view.getUint32(at + i)) return false;
    }
    return true;
  }
}

function textOf(length: number): Uint8Array {
  const text = new Uint8Array(2 + 2 * length);
  text.set([0x30, 0x78]);
  return text;
}
