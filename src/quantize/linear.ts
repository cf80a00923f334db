/**
 * SZ3's linear quantiser: steps of twice the bound around a prediction, and a list of the values that do not fit.
 * Here its place in WebAssembly memory (kernels/quantize/linear.ts) and its form in a stream.
 */
import type { ByteReader, ByteWriter } from "../container/cursor.ts";
import type { KernelModule } from "../wasm/instance.ts";

/** Bytes of the kernel's struct. */
const STRUCT_BYTES = 48;
/** The only form of quantiser that SZ3's streams hold. */
const LINEAR = 2;

export interface QuantizerForm {
  /** Largest error. */
  readonly bound: number;
  /** Indices are 1 ... 2 radius - 1; 0 is the escape. */
  readonly radius: number;
  /** Values that are stored as they are, in the order in which they are met. */
  readonly escapes: Uint8Array;
}

export function writeQuantizer(to: ByteWriter, { bound, radius, escapes }: QuantizerForm, width: number): void {
  to.u8(LINEAR);
  to.f64(bound);
  to.u32(radius);
  writeU64(to, escapes.length / width);
  to.put(escapes);
}

/** @throws TempressError "corrupt" unless bound and radius are such as an encoder has. */
export function readQuantizer(from: ByteReader, width: number, most: number): QuantizerForm {
  if (from.u8() !== LINEAR) throw from.wrong("the quantiser is not SZ3's linear one");
  const bound = from.f64();
  if (!(bound > 0 && Number.isFinite(bound))) throw from.wrong(`a bound cannot be ${bound}`);
  const radius = from.u32() | 0;
  if (radius < 0) throw from.wrong(`a radius cannot be ${radius}`);
  const count = readU64(from);
  if (count > most) throw from.wrong(`${count} values are stored apart, but there are ${most}`);
  return { bound, radius, escapes: from.take(count * width) };
}

export function writeU64(to: ByteWriter, value: number): void {
  to.u32(value % 2 ** 32);
  to.u32(Math.floor(value / 2 ** 32));
}

/** A count below 2^53. */
export function readU64(from: ByteReader): number {
  const low = from.u32();
  const value = low + from.u32() * 2 ** 32;
  if (!Number.isSafeInteger(value)) throw from.wrong("a count is above 2^53");
  return value;
}

/** A quantiser in a kernel's memory. */
export class KernelQuantizer {
  readonly address: number;
  readonly radius: number;
  readonly #memory: WebAssembly.Memory;
  readonly #escapes: number;

  /** Codes to or from `indices` (i32); `escapes` holds or has room for the values stored apart. */
  constructor(
    { arena, memory }: KernelModule<unknown>,
    radius: number,
    at: { readonly indices: number; readonly escapes: number; readonly escapesEnd: number; readonly encoding: boolean },
  ) {
    this.#memory = memory;
    this.#escapes = at.escapes;
    this.radius = radius;
    this.address = arena.alloc(STRUCT_BYTES);
    const words = new Int32Array(memory.buffer, this.address, STRUCT_BYTES / 4);
    words.set([at.indices, at.escapes, at.escapesEnd, radius, at.encoding ? 1 : 0, 0], 6);
  }

  setBound(bound: number): void {
    new Float64Array(this.#memory.buffer, this.address, 3).set([bound, 1 / bound, 2 * this.radius - 1]);
  }

  get #words(): Uint32Array {
    return new Uint32Array(this.#memory.buffer, this.address, STRUCT_BYTES / 4);
  }

  /** Address behind the last index. */
  get indicesEnd(): number {
    return this.#words[6]!;
  }

  /** Whether the decoder wanted more escapes than there are. */
  get failed(): boolean {
    return this.#words[11] !== 0;
  }

  /** Whether the decoder has taken all escapes. */
  get spent(): boolean {
    return this.#words[7] === this.#words[8];
  }

  /** What was stored apart; a view. */
  escaped(): Uint8Array {
    return new Uint8Array(this.#memory.buffer, this.#escapes, this.#words[7]! - this.#escapes);
  }
}
