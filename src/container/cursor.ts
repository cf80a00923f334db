import { TempressError } from "../errors.ts";

/** Reads little-endian numbers front to back; every step is checked against the end. */
export class ByteReader {
  /** Next byte. */
  at = 0;
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  /** What is being read, for messages. */
  readonly part: string;
  /** Offset of `bytes` in the file, for messages. */
  readonly base: number;

  constructor(bytes: Uint8Array, part: string, base = 0) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.part = part;
    this.base = base;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  /** An error that names the part and the byte. */
  wrong(what: string): TempressError {
    return new TempressError("corrupt", what, {
      where: `${this.part}, byte ${this.base + this.at}`,
      hint: "the file is damaged: fetch it again, or decompress with --salvage",
    });
  }

  /** Moves past `count` bytes and returns where they start. */
  skip(count: number): number {
    if (count > this.left) throw this.wrong(`${count} bytes are wanted and ${this.left} are left`);
    const from = this.at;
    this.at += count;
    return from;
  }

  u8(): number {
    return this.#view.getUint8(this.skip(1));
  }

  u32(): number {
    return this.#view.getUint32(this.skip(4), true);
  }

  f64(): number {
    return this.#view.getFloat64(this.skip(8), true);
  }

  /** Seven bits a byte, lowest first, high bit set on all but the last; at most 2^53 - 1, no padding. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.u8();
      value += (byte & 127) * scale;
      if (!Number.isSafeInteger(value)) throw this.wrong("a number is above 2^53 - 1");
      if (byte < 128) {
        if (byte === 0 && scale > 1) throw this.wrong("a number is padded with zero bits");
        return value;
      }
      scale *= 128;
      if (scale > 2 ** 49) throw this.wrong("a number is longer than 8 bytes");
    }
  }

  /** A view, no copy. */
  take(count: number): Uint8Array {
    const from = this.skip(count);
    return this.bytes.subarray(from, from + count);
  }

  /** Nothing may follow. */
  end(): void {
    if (this.left > 0) throw this.wrong(`${this.left} bytes are left over`);
  }
}

/** Writes little-endian numbers into memory that grows. */
export class ByteWriter {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  #room(count: number): number {
    const at = this.#length;
    if (at + count > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(2 * this.#bytes.length, at + count));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.#length = at + count;
    return at;
  }

  u8(value: number): void {
    const at = this.#room(1);
    this.#view.setUint8(at, value);
  }

  u32(value: number): void {
    const at = this.#room(4);
    this.#view.setUint32(at, value, true);
  }

  f64(value: number): void {
    const at = this.#room(8);
    this.#view.setFloat64(at, value, true);
  }

  varint(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new TempressError("invalid-argument", `${value} is not a whole number from 0 to 2^53 - 1`, {
        where: "container",
      });
    }
    let rest = value;
    while (rest >= 128) {
      this.u8((rest % 128) | 128);
      rest = Math.floor(rest / 128);
    }
    this.u8(rest);
  }

  put(bytes: Uint8Array): void {
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** What was written: a view that the next write may leave behind. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}
