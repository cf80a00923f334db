/** Slow twin of kernels/transform/bits.ts: a list of bits. */
export class BitWriter {
  readonly bits: number[] = [];

  put(value: bigint, count: number): void {
    for (let i = 0n; i < count; i++) this.bits.push(Number((value >> i) & 1n));
  }

  /** Filled up with zeros to a multiple of 64 bits. */
  bytes(): Uint8Array {
    const bytes = new Uint8Array(Math.ceil(this.bits.length / 64) * 8);
    this.bits.forEach((bit, i) => {
      bytes[i >> 3]! |= bit << (i & 7);
    });
    return bytes;
  }
}

export class BitReader {
  position: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, position: number) {
    this.#bytes = bytes;
    this.position = position;
  }

  take(count: number): bigint {
    let value = 0n;
    for (let i = 0n; i < count; i++, this.position++) {
      const byte = this.#bytes[this.position >> 3];
      if (byte === undefined) throw new Error("the stream ends too early");
      value |= BigInt((byte >> (this.position & 7)) & 1) << i;
    }
    return value;
  }
}
