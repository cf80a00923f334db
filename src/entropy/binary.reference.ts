/**
 * Slow twin of kernels/entropy/binary.ts, the project's binary arithmetic coder, in BigInt.
 *
 * The interval is [low, low + range) of 2^64; a 1 takes its lower part of (range >> 16) * p, a 0 the rest. Whenever
 * range is below 2^32, the upper 32 bits of low go out. A low that overflows adds one to what is already out.
 */
const MASK = (1n << 64n) - 1n;
const WORD = 1n << 32n;

export class BinaryEncoder {
  #low = 0n;
  #range = MASK;
  readonly #bytes: number[] = [];

  /** `p` is P(bit = 1) * 65536, 1 to 65535. */
  encodeBit(bit: boolean, p: number): void {
    const bound = (this.#range >> 16n) * BigInt(p);
    if (bit) this.#range = bound;
    else {
      this.#add(bound);
      this.#range -= bound;
    }
    if (this.#range < WORD) {
      this.#out();
      this.#range <<= 32n;
    }
  }

  encodeRaw(value: number, count: number): void {
    for (let i = count - 1; i >= 0; i--) this.encodeBit(((value >>> i) & 1) !== 0, 32768);
  }

  /** The shortest bytes inside the interval: trailing zeros are left out. */
  finish(): Uint8Array {
    this.#add(WORD - 1n);
    this.#out();
    while (this.#bytes.at(-1) === 0) this.#bytes.pop();
    return Uint8Array.from(this.#bytes);
  }

  #add(value: bigint): void {
    this.#low += value;
    if (this.#low <= MASK) return;
    this.#low &= MASK;
    let at = this.#bytes.length - 1;
    while (this.#bytes[at] === 255) this.#bytes[at--] = 0;
    this.#bytes[at]!++;
  }

  #out(): void {
    const word = this.#low >> 32n;
    for (let shift = 24n; shift >= 0n; shift -= 8n) this.#bytes.push(Number((word >> shift) & 255n));
    this.#low = (this.#low << 32n) & MASK;
  }
}

export class BinaryDecoder {
  #range = MASK;
  #code: bigint;
  #at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#code = this.#next() << 32n;
    this.#code |= this.#next();
  }

  decodeBit(p: number): boolean {
    const bound = (this.#range >> 16n) * BigInt(p);
    const bit = this.#code < bound;
    if (bit) this.#range = bound;
    else {
      this.#code -= bound;
      this.#range -= bound;
    }
    if (this.#range < WORD) {
      this.#code = (this.#code << 32n) | this.#next();
      this.#range <<= 32n;
    }
    return bit;
  }

  decodeRaw(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) value = value * 2 + (this.decodeBit(32768) ? 1 : 0);
    return value;
  }

  /** 32 bits, zeros past the end. */
  #next(): bigint {
    let word = 0n;
    for (let i = 0; i < 4; i++) word = (word << 8n) | BigInt(this.#bytes[this.#at++] ?? 0);
    return word;
  }
}
